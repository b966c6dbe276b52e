"""Normalisation over the channels of each place of a picture, as Segment Anything and its kin have it."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines.layers import portioned


class ChannelNorm(nn.Module):
    """Every place to mean 0 and deviation 1 over its channels, then a scale and a shift for each channel."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels))
        self.bias = nn.Parameter(torch.empty(channels))

    def forward(self, x: Tensor) -> Tensor:
        """NxCxHxW in and out."""
        return self.last(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

    def last(self, x: Tensor) -> Tensor:
        """...xC in and out."""
        return F.layer_norm(x, self.weight.shape, self.weight, self.bias, 1e-6)


def neck(channels: int, width: int) -> nn.Sequential:
    """What brings an encoder's last map to the width of a mask decoder."""
    return nn.Sequential(
        portioned.Conv2d(channels, width, 1, bias=False),
        ChannelNorm(width),
        portioned.Conv2d(width, width, 3, padding=1, bias=False),
        ChannelNorm(width),
    )
