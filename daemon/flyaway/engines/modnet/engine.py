"""MODNet at work: what upstream shows the network of a picture, and what it makes of the result."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import pixels, progress
from flyaway.engines.automatic import AutomaticEngine
from flyaway.engines.layers import mobilenetv2
from flyaway.engines.modnet.network import Convolution
from flyaway.images.arrays import Image

SHORT_SIDE_PX = 512
"""What upstream brings the short side of larger and of small photos to."""

LONG_SIDE_PX = 8192
"""Where that would make the long side longer, a small strip becomes no photo of a hundred megapixels."""

MULTIPLE_PX = 32

LONGEST_LINE_PX = 131_072
"""Of a picture of less than `MULTIPLE_PX`, which upstream cannot take: those times this are a large photo."""


class MODNetEngine(AutomaticEngine):
    """A loaded MODNet."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__(network, Convolution, mobilenetv2.InvertedResidual)

    def look(self, image: Image) -> Tensor:
        """The network's alpha of an image averaged to its size; see `input_size`."""
        planes = pixels.to_planes(image)
        progress.check()
        planes = F.interpolate(planes, input_size(*image.shape[:2]), mode="area")
        progress.check()
        planes = pixels.normalised(planes, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
        return self.network(self.sent(planes)).float().cpu()

    def enlarged(self, alpha: Tensor, size: tuple[int, int]) -> Tensor:
        """By averages, as upstream does."""
        return F.interpolate(alpha, size, mode="area")


def input_size(height: int, width: int) -> tuple[int, int]:
    """Height and width that upstream shows the network; the aspect changes a little."""
    short, long = sorted((height, width))
    if long < SHORT_SIDE_PX or short > SHORT_SIDE_PX:
        wanted = min(SHORT_SIDE_PX, LONG_SIDE_PX * short / long)
        height, width = (int(side / short * wanted) for side in (height, width))
    elif short < MULTIPLE_PX:
        height, width = (min(side, LONGEST_LINE_PX) for side in (height, width))
    return tuple(max(MULTIPLE_PX, side - side % MULTIPLE_PX) for side in (height, width))  # type: ignore[return-value]
