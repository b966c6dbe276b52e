"""PP-Matting at work: what upstream shows the network of a picture, and what it makes of the result."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import pixels, progress
from flyaway.engines.automatic import AutomaticEngine
from flyaway.engines.ppmatting.layers import Convolution
from flyaway.engines.ppmatting.second import PPMattingV2
from flyaway.images.arrays import Image

MULTIPLE_PX = 32

LEAST_SECOND_PX = 64
"""The second version makes features of a 64th of the size."""

LONGEST = 8
"""So many times the limit of the shorter side is that of the longer: a strip is no photo of a hundred megapixels."""


class PPMattingEngine(AutomaticEngine):
    """A loaded PP-Matting of either version.

    Attributes:
        short_px: what the shorter side of larger photos is shrunk to.
    """

    def __init__(self, network: nn.Module, short_px: int) -> None:
        super().__init__(network, Convolution)
        self.short_px = short_px
        self.least_px = LEAST_SECOND_PX if isinstance(network, PPMattingV2) else MULTIPLE_PX

    def look(self, image: Image) -> Tensor:
        """The network's alpha of an image shrunk twice, to the limit and then to whole multiples, as upstream does."""
        height, width = self.limited_size(*image.shape[:2])
        seen = pixels.resized_plainly(image, height, width)
        progress.check()
        seen = pixels.resized_plainly(seen, self.fitting(height), self.fitting(width))
        progress.check()
        planes = pixels.normalised(pixels.to_planes(seen), (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
        return self.network(self.sent(planes)).float().cpu()

    def enlarged(self, alpha: Tensor, size: tuple[int, int]) -> Tensor:
        """Bilinear, by the same two steps."""
        for wanted in (self.limited_size(*size), size):
            alpha = F.interpolate(alpha, wanted, mode="bilinear", align_corners=False)
            progress.check()
        return alpha

    def limited_size(self, height: int, width: int) -> tuple[int, int]:
        """Height and width with the shorter side at its limit; small pictures stay as they are."""
        short = min(height, width)
        scale = min(short, self.short_px) / short
        longest = LONGEST * self.short_px
        return min(longest, round(height * scale)), min(longest, round(width * scale))

    def fitting(self, side: int) -> int:
        """The length that the network sees of a side."""
        return max(self.least_px, side - side % MULTIPLE_PX)
