"""Pyramid pooling (Zhao et al. 2017) and the stages of a decoder, as GFM and those after it have them."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import progress
from flyaway.engines.layers import portioned

GRIDS = (1, 3, 5)


class Context(nn.Module):
    """Adds to each pixel the averages of coarse grids around it.

    Args:
        channels: in and out.
        align_corners: how the averages are enlarged.
    """

    def __init__(self, channels: int, *, align_corners: bool) -> None:
        super().__init__()
        self.align_corners = align_corners
        self.stages = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(grid), nn.Conv2d(channels, channels, 1, bias=False))
            for grid in GRIDS
        )
        self.bottleneck = portioned.Conv2d((len(GRIDS) + 1) * channels, channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        averages = [
            F.interpolate(stage(x), x.shape[2:], mode="bilinear", align_corners=self.align_corners)
            for stage in self.stages
        ]
        return F.relu_(self.bottleneck(torch.cat((*averages, x), 1)))


class Enlarged(nn.Module):
    """So many times the size, bilinear."""

    def __init__(self, factor: int) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: Tensor) -> Tensor:
        progress.check()
        x = F.interpolate(x, scale_factor=self.factor, mode="bilinear", align_corners=False)
        progress.check()
        return x


class Stage(nn.Sequential):
    """Convolutions with normalisation and ReLU.

    Args:
        channels: before the first and after each of them.
        dilation: of them.
        enlarged: how many times the size what comes out of the last has.
        bare: whether the last one is a convolution alone.
    """

    def __init__(
        self, *channels: int, dilation: int = 1, enlarged: int = 1, bare: bool = False
    ) -> None:
        layers: list[nn.Module] = []
        for before, after in pairwise(channels):
            layers.append(portioned.Conv2d(before, after, 3, padding=dilation, dilation=dilation))
            layers += [nn.BatchNorm2d(after), nn.ReLU(inplace=True)]
        layers = layers[:-2] if bare else layers
        super().__init__(*layers, *([Enlarged(enlarged)] if enlarged > 1 else []))
