"""Convolutions with the batch normalisation behind each, under the names that TinyViT and RepViT give them."""

from __future__ import annotations

from torch import nn

from flyaway.engines.layers import portioned


class Normed(nn.Sequential):
    """A convolution, then its normalisation, which `folding` works into it."""

    def __init__(self, convolution: nn.Conv2d) -> None:
        super().__init__()
        self.c = convolution
        self.bn = nn.BatchNorm2d(convolution.out_channels)


def normed(channels: int, out: int, side: int = 1, stride: int = 1, groups: int = 1) -> Normed:
    """A convolution of that side, normalised; zeros around keep a picture's size."""
    around = side // 2
    return Normed(portioned.Conv2d(channels, out, side, stride, around, groups=groups, bias=False))
