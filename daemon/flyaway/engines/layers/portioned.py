"""Convolutions and matrix products that look in between whether anybody still wants them.

The same parameters and, up to rounding, the same results as torch's: the output is made one portion of
rows after the other where it is much work at once. Not on CUDA, which is done with any of them in no time.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import progress

PRODUCTS_AT_ONCE = 1 << 32
"""Multiplications of a portion: a tenth of a second of one core that manages 45 billion a second."""


class Conv2d(nn.Conv2d):
    """A convolution with zeros around the picture, in bands of rows."""

    def forward(self, x: Tensor) -> Tensor:
        """NxCxHxW to NxOxhxw."""
        height, width = (self._length(x, axis) for axis in (0, 1))
        products_a_row = len(x) * width * self.weight.numel()
        bands = _portions(x, height, products_a_row)
        if len(bands) < 2:
            return super().forward(x)
        part = self.band(x, *bands[0])
        last_in_memory = part.is_contiguous(memory_format=torch.channels_last)
        order = torch.channels_last if last_in_memory else torch.contiguous_format
        whole = torch.empty(
            (len(x), self.out_channels, height, width),
            dtype=part.dtype,
            device=part.device,
            memory_format=order,
        )
        whole[:, :, slice(*bands[0])] = part
        for first, last in bands[1:]:
            progress.check()
            whole[:, :, first:last] = self.band(x, first, last)
        return whole

    def _length(self, x: Tensor, axis: int) -> int:
        """Rows (axis 0) or columns (1) of the output."""
        free = x.shape[2 + axis] + 2 * self._around(axis) - self._reach(axis)
        return free // self.stride[axis] + 1

    def _around(self, axis: int) -> int:
        """Zeros at either side."""
        padding = self.padding[axis]
        assert isinstance(padding, int)
        return padding

    def _reach(self, axis: int) -> int:
        """How many rows or columns of the input one of the output sees."""
        return self.dilation[axis] * (self.kernel_size[axis] - 1) + 1

    def band(self, x: Tensor, first: int, last: int) -> Tensor:
        """Rows `first` to `last` of the output."""
        top = first * self.stride[0] - self._around(0)
        bottom = (last - 1) * self.stride[0] - self._around(0) + self._reach(0)
        seen = x[:, :, max(0, top) : bottom]
        beyond = max(0, -top), max(0, bottom - x.shape[2])
        if any(beyond):
            seen = F.pad(seen, (0, 0, *beyond))
        padding = 0, self._around(1)
        return F.conv2d(
            seen, self.weight, self.bias, self.stride, padding, self.dilation, self.groups
        )


class Linear(nn.Linear):
    """A matrix product, in portions of tokens."""

    def forward(self, x: Tensor) -> Tensor:
        """…xC to …xO."""
        tokens = math.prod(x.shape[:-1])
        portions = _portions(x, tokens, self.weight.numel())
        if len(portions) < 2:
            return super().forward(x)
        flat = x.reshape(tokens, -1)
        whole = flat.new_empty(tokens, self.out_features)
        for first, last in portions:
            whole[first:last] = super().forward(flat[first:last])
            progress.check()
        return whole.view(*x.shape[:-1], -1)


def _portions(x: Tensor, rows: int, products_a_row: int) -> list[tuple[int, int]]:
    """First and last of each portion of so many rows, all of about one size."""
    count = -(-rows * products_a_row // PRODUCTS_AT_ONCE)
    if x.is_cuda or count < 2:
        return [(0, rows)]
    portion = min(-(-rows // count), max(1, PRODUCTS_AT_ONCE // products_a_row))
    return [(first, min(first + portion, rows)) for first in range(0, rows, portion)]
