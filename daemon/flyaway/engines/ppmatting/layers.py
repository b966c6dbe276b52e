"""Convolutions as PaddleSeg has and names them."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines.layers import portioned


class Convolution(nn.Sequential):
    """Convolution, normalisation and, unless it is `plain`, ReLU.

    Where it halves an even side, the one row of zeros that it needs is at the far end.
    """

    def __init__(
        self,
        before: int,
        after: int,
        size: int,
        stride: int = 1,
        *,
        dilation: int = 1,
        groups: int = 1,
        bias: bool = False,
        plain: bool = False,
    ) -> None:
        super().__init__()
        padding = dilation * (size // 2) if stride == 1 else 0
        self.add_module(
            "_conv",
            portioned.Conv2d(before, after, size, stride, padding, dilation, groups, bias),
        )
        self.add_module("_batch_norm", nn.BatchNorm2d(after))
        if not plain:
            self.add_module("_relu", nn.ReLU(inplace=True))
        self.reach = size - stride if stride > 1 else 0

    def forward(self, x: Tensor) -> Tensor:
        if self.reach:
            height, width = (self.reach + side % 2 for side in x.shape[2:])
            x = F.pad(x, (width // 2, width - width // 2, height // 2, height - height // 2))
        return super().forward(x)


def sized(x: Tensor, size: tuple[int, ...]) -> Tensor:
    """Bilinear, to a height and width."""
    if x.shape[2:] == size:
        return x
    return F.interpolate(x, size, mode="bilinear", align_corners=False)
