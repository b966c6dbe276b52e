"""Halving by maxima whose places are remembered, and putting values back there."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from flyaway.engines import progress

LATER_NEIGHBOURS = ((0, 1), (1, -1), (1, 0), (1, 1))
"""Rows down and columns right to the windows that come after one and overlap it, in their order."""

CHANNELS_AT_ONCE = 8
"""Of a large picture a tenth of a second."""


def halved(x: Tensor) -> tuple[Tensor, Tensor]:
    """The maxima of overlapping windows of three by three, and where in their plane they were."""
    maxima, places = [], []
    for some in x.split(CHANNELS_AT_ONCE, 1):
        values, here = F.max_pool2d(some, 3, 2, 1, return_indices=True)
        maxima.append(values)
        places.append(here)
        progress.check()
    return torch.cat(maxima, 1), torch.cat(places, 1)


def put_back(x: Tensor, places: Tensor) -> Tensor:
    """Twice the size, values where the maxima were and zeros elsewhere.

    Where windows overlap they may have one maximum. There the value of the last one stays, as where one
    thread writes them in order; several, and graphics cards, leave it to chance.
    """
    progress.check()
    height, width = x.shape[2:]
    agreed = x.clone()
    for down, right in LATER_NEIGHBOURS:
        here = ..., slice(0, height - down), slice(max(0, -right), width - max(0, right))
        there = ..., slice(down, height), slice(max(0, right), width - max(0, -right))
        same = places[here] == places[there]
        agreed[here] = torch.where(same, x[there], agreed[here])
        progress.check()
    back = x.new_empty(x.shape[0], x.shape[1], 2 * height, 2 * width)
    for first in range(0, x.shape[1], CHANNELS_AT_ONCE):
        some = slice(first, first + CHANNELS_AT_ONCE)
        back[:, some] = F.max_unpool2d(agreed[:, some], places[:, some], [2, 2], [2, 2])
        progress.check()
    return back
