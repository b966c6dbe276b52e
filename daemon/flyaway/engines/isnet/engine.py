"""IS-Net at work: what upstream shows the network of a picture, and what it makes of the result."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import pixels, progress
from flyaway.engines.automatic import AutomaticEngine
from flyaway.engines.layers.nested_u import Convolution
from flyaway.images.arrays import Image

SIDE_PX = 1024


class ISNetEngine(AutomaticEngine):
    """A loaded IS-Net.

    Attributes:
        side_px: of the square that the network sees.
    """

    def __init__(self, network: nn.Module) -> None:
        super().__init__(network, Convolution)
        self.side_px = SIDE_PX

    def look(self, image: Image) -> Tensor:
        """The network's own map of an image brought to its size in whole levels, as upstream does."""
        levels = pixels.to_planes(image) * 255
        progress.check()
        levels = torch.floor(F.interpolate(levels, (self.side_px, self.side_px), mode="bilinear"))
        progress.check()
        return self.network(self.sent(levels / 255 - 0.5)).float().cpu()

    def enlarged(self, alpha: Tensor, size: tuple[int, int]) -> Tensor:
        """Bilinear, then stretched to all of 0..1."""
        return pixels.stretched(F.interpolate(alpha, size, mode="bilinear"))
