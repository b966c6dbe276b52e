"""Deformable convolution (Zhu et al. 2019, version 2) in plain torch, for any device.

Each output pixel looks at places of its own: a kernel's taps, each moved by a learned offset and weighed
by a learned modulation. Pixels lie as rows of a table with a border of zeros, so that a sample between
four pixels is a weighted sum of four rows: one `embedding_bag`, which CPUs and CUDA do at memory speed.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import progress

SAMPLES_AT_ONCE = 1 << 16
"""Pixels times taps of a portion: 16 MiB of samples with 64 channels."""

PIXELS_AT_ONCE = 1 << 13
"""Whose places are found in one go, so that a cancel does not wait."""

BEFORE, AFTER = 1, 2
"""The table's border: a place just outside has one neighbour in it, and two at the far end."""


class DeformableConvolution(nn.Module):
    """Stride 1, output of the input's size; `samples` and `kernel` are for callers that multiply."""

    def __init__(self, in_channels: int, out_channels: int, size: int) -> None:
        super().__init__()
        taps, padding = size * size, size // 2
        self.size = size
        self.offset_conv = nn.Conv2d(in_channels, 2 * taps, size, padding=padding)
        self.modulator_conv = nn.Conv2d(in_channels, taps, size, padding=padding)
        self.regular_conv = nn.Conv2d(in_channels, out_channels, size, padding=padding, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """1xCxHxW to 1xOxHxW."""
        kernel = self.kernel()
        rows = torch.cat([samples @ kernel for samples in self.samples(x)])
        return rows.t().view(1, -1, *x.shape[2:])

    def kernel(self) -> Tensor:
        """The weights as (taps·C)xO, in the order of `samples`."""
        return self.regular_conv.weight.permute(2, 3, 1, 0).flatten(0, 2)

    def samples(self, x: Tensor) -> Iterator[Tensor]:
        """What the taps of each pixel see, portions of pixelsx(taps·C), of an image 1xCxHxW."""
        table = _table(x)
        width = x.shape[3] + BEFORE + AFTER
        portion = max(1, SAMPLES_AT_ONCE // self.size**2)
        for down, across, modulation in self._places(x):
            for some in range(0, len(down), portion):
                part = slice(some, some + portion)
                index, weights = _corners(down[part], across[part], modulation[part], width)
                yield _mixed(table, index, weights).view(len(down[part]), -1)

    def _places(self, x: Tensor) -> Iterator[tuple[Tensor, Tensor, Tensor]]:
        """Row and column in the table of each pixel's taps, and their modulation, by bands of rows.

        Each is (rows·W)xtaps.
        """
        height, width = x.shape[2:]
        convolutions = self.offset_conv, self.modulator_conv
        weight = torch.cat([convolution.weight for convolution in convolutions])
        bias = torch.cat([cast(Tensor, convolution.bias) for convolution in convolutions])
        around = F.pad(x, (self.size // 2,) * 4)
        band = max(1, PIXELS_AT_ONCE // width)
        for first in range(0, height, band):
            last = min(first + band, height)
            seen = around[:, :, first : last + self.size - 1]
            learned = F.conv2d(seen, weight, bias)[0].flatten(1).t().float()
            progress.check()
            yield self._moved(learned, first, last, (height, width))

    def _moved(
        self, learned: Tensor, first: int, last: int, size: tuple[int, int]
    ) -> tuple[Tensor, Tensor, Tensor]:
        """Places and modulation of the rows `first` to `last` from what was learned of them."""
        height, width = size
        taps = self.size**2
        offsets, modulation = learned[:, : 2 * taps], 2 * learned[:, 2 * taps :].sigmoid()
        device = learned.device
        tap = torch.arange(self.size, device=device) - self.size // 2
        row = torch.arange(first, last, device=device).repeat_interleave(width)
        column = torch.arange(width, device=device).repeat(last - first)
        down = offsets[:, 0::2] + (row[:, None] + tap.repeat_interleave(self.size))
        across = offsets[:, 1::2] + (column[:, None] + tap.repeat(self.size))
        # a place farther out sees nothing but zeros, as does the border
        return down.clamp_(-1, height) + BEFORE, across.clamp_(-1, width) + BEFORE, modulation


def _table(x: Tensor) -> Tensor:
    """1xCxHxW to one row a pixel, with a border of zeros."""
    bordered = F.pad(x[0].permute(1, 2, 0), (0, 0, BEFORE, AFTER, BEFORE, AFTER))
    return bordered.flatten(0, 1).contiguous()


def _corners(down: Tensor, across: Tensor, modulation: Tensor, width: int) -> tuple[Tensor, Tensor]:
    """The four table rows around each place, and how much of each: placesx4."""
    top, left = down.floor(), across.floor()
    below, beside = down - top, across - left
    first = (top * width + left).flatten().to(torch.int32)
    lower = modulation * below
    upper = modulation - lower
    lower_right, upper_right = lower * beside, upper * beside
    weights = (upper - upper_right, upper_right, lower - lower_right, lower_right)
    index = torch.stack((first, first + 1, first + width, first + width + 1), 1)
    return index, torch.stack([weight.flatten() for weight in weights], 1)


def _mixed(table: Tensor, index: Tensor, weights: Tensor) -> Tensor:
    """Weighted sums of table rows: placesxC."""
    weights = weights.to(table.dtype)
    if table.device.type in ("cpu", "cuda"):
        return F.embedding_bag(index, table, per_sample_weights=weights, mode="sum")
    return (table[index.long()] * weights[..., None]).sum(1)
