"""BiRefNet at work: colours resized as upstream's hub pages do, alpha as its `inference.py` does."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import pixels, progress
from flyaway.engines.automatic import AutomaticEngine
from flyaway.engines.birefnet.network import DecoderBlock
from flyaway.engines.layers import swin
from flyaway.images.arrays import Image

MULTIPLE_PX = 32

LARGEST_PX = 2304
"""Longer side of the largest pictures that the dynamic ones were trained on."""


class BiRefNetEngine(AutomaticEngine):
    """A loaded BiRefNet; `size` is the width and height it sees, None for the picture's own."""

    def __init__(self, network: nn.Module, size: tuple[int, int] | None) -> None:
        super().__init__(network, swin.Block, DecoderBlock)
        # the backbone runs twice, over the picture and over half of it
        self.steps += sum(isinstance(module, swin.Block) for module in network.modules())
        self.size = size

    def look(self, image: Image) -> Tensor:
        """The network's alpha of an image resized bilinearly, antialiased, the aspect not kept."""
        width, height = self.size or own_size(*image.shape[:2])
        planes = pixels.to_planes(pixels.resized_antialiased(image, width, height))
        progress.check()
        return self.network(self.sent(pixels.normalised(planes))).float().sigmoid().cpu()

    def enlarged(self, alpha: Tensor, size: tuple[int, int]) -> Tensor:
        """Bilinear, corners aligned."""
        return F.interpolate(alpha, size, mode="bilinear", align_corners=True)


def own_size(height: int, width: int) -> tuple[int, int]:
    """Width and height that the dynamic networks see of a picture: its own, made to fit."""
    shrink = min(1.0, LARGEST_PX / max(height, width))
    fitting = [max(1, int(side * shrink) // MULTIPLE_PX) for side in (width, height)]
    return fitting[0] * MULTIPLE_PX, fitting[1] * MULTIPLE_PX
