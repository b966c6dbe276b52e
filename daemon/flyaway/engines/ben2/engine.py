"""BEN2 at work: what upstream shows the network of a picture, and what it makes of the result."""

from __future__ import annotations

from PIL.Image import Resampling
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import pixels, progress
from flyaway.engines.automatic import AutomaticEngine
from flyaway.engines.ben2.network import Look, Refinement
from flyaway.engines.layers import swin
from flyaway.images.arrays import Image

SIZE_PX = (1024, 1024)


class BEN2Engine(AutomaticEngine):
    """A loaded BEN2.

    Attributes:
        size: width and height that the network sees, multiples of 128.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__(network, swin.Block, Look, Refinement)
        self.size = SIZE_PX

    def look(self, image: Image) -> Tensor:
        """The network's own map of an image resized by Lanczos' kernel, the aspect not kept."""
        planes = pixels.to_planes(
            pixels.resized_antialiased(image, *self.size, Resampling.LANCZOS)
        ).clamp(0, 1)
        progress.check()
        return self.network(self.sent(pixels.normalised(planes))).float().cpu()

    def enlarged(self, alpha: Tensor, size: tuple[int, int]) -> Tensor:
        """Bilinear, then stretched to all of 0..1."""
        return pixels.stretched(F.interpolate(alpha, size, mode="bilinear"))
