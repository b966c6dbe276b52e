"""Halving by maxima whose places are remembered, and putting values back there."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from flyaway.engines import progress

LATER_NEIGHBOURS = ((0, 1), (1, -1), (1, 0), (1, 1))
"""Rows down and columns right to the windows that come after one and overlap it, in their order."""


def halved(x: Tensor) -> tuple[Tensor, Tensor]:
    """The maxima of overlapping windows of three by three, and where in their plane they were."""
    progress.check()
    maxima: tuple[Tensor, Tensor] = F.max_pool2d(x, 3, 2, 1, return_indices=True)
    progress.check()
    return maxima


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
    return F.max_unpool2d(agreed, places, [2, 2], [2, 2])
