"""Where a selection ends short of the picture's frame because hands do: it goes on to the frame."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

Mask = NDArray[np.bool_]

_REACH_SHARE = 0.0125
"""How far from the frame a selection may end and still be meant to reach it, as a share of the mean side."""

_LEAST_PX = 4


def reaching(selected: Mask) -> Mask:
    """A selection, HxW, continued to the frame wherever it ends just short of it."""
    result = selected.copy()
    height, width = selected.shape
    reach_px = max(_LEAST_PX, round(_REACH_SHARE * math.sqrt(height * width)))
    if min(height, width) <= 4 * reach_px:
        return result  # no picture of anything
    for turns in range(4):
        # A view: each side in turn is the top.
        strip = np.rot90(result, turns)[: reach_px + 1]
        first = np.where(strip.any(axis=0), strip.argmax(axis=0), 0)
        strip |= np.arange(reach_px + 1)[:, None] < first
    return result
