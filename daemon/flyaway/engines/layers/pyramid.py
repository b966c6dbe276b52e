"""Atrous spatial pyramid pooling (Chen et al. 2017) under torchvision's names."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flyaway.engines.layers import portioned


class Pyramid(nn.Module):
    """Looks at a pixel, at its surroundings through wider and wider grids, and at the picture's mean; 256 channels."""

    def __init__(self, channels: int, dilations: tuple[int, ...]) -> None:
        super().__init__()
        wide = [_normalised(channels, 256, 3, dilation) for dilation in dilations]
        average = nn.Sequential(nn.AdaptiveAvgPool2d(1), *_normalised(channels, 256, 1))
        self.convs = nn.ModuleList([_normalised(channels, 256, 1), *wide, average])
        self.project = _normalised(len(self.convs) * 256, 256, 1)

    def forward(self, x: Tensor) -> Tensor:
        looks = [look(x).expand(-1, -1, *x.shape[2:]) for look in self.convs]
        return self.project(torch.cat(looks, 1))


def _normalised(in_channels: int, out_channels: int, size: int, dilation: int = 1) -> nn.Sequential:
    padding = dilation * (size // 2)
    convolution = portioned.Conv2d(
        in_channels, out_channels, size, 1, padding, dilation, bias=False
    )
    return nn.Sequential(convolution, nn.BatchNorm2d(out_channels), nn.ReLU())
