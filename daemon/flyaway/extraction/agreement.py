"""A finely solved edge, made to agree with what a network that gives soft edges saw from afar.

Such a network knows how much of the subject there is in a place, and not where in it each hair lies; the built-in engine
knows where, and can be wrong about how much. Measured with the true alpha made smaller (`scripts/quality --coarse`): of 14 photos
one, whose hair the built-in engine cannot follow, is better left to a network that saw at most four pixels as one.

Tried without gain: the more the two differ, beside how soft the network's edge is, the less of the fine alpha. With the
true alpha that tells this photo from all others; with one made steeper, softer or shifted, as networks may give it, it
takes most of the detail from nearly all of them.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway.images import rectangles
from flyaway.images.arrays import Alpha

NATIVE = 1.1
"""Pixels of the picture for one that the network saw, up to which it saw all there is: nothing is to be added."""


def agreed(fine: Alpha, coarse: Alpha, unknown: NDArray[np.bool_], spread: float) -> Alpha:
    """The fine alpha with the coarse one's means over what the network saw as one pixel.

    Args:
        fine: HxW float32 0..1.
        coarse: HxW, the network's own alpha, enlarged.
        unknown: HxW, where the fine alpha was solved; elsewhere it stays.
        spread: sides of what the network saw as one pixel, in pixels of the picture.
    """
    if not unknown.any():
        return fine
    margin_px = int(2 * spread) + 1
    window = rectangles.grown(rectangles.around(unknown), margin_px, fine.shape)
    part = fine[window]
    lacking = _smaller(coarse[window], spread) - _smaller(part, spread)
    height, width = part.shape
    result = fine.copy()
    corrected = np.clip(part + cv2.resize(lacking, (width, height)), 0, 1)
    np.copyto(result[window], corrected, where=unknown[window])
    return result


def _smaller(alpha: Alpha, spread: float) -> Alpha:
    height, width = alpha.shape
    size = max(round(width / spread), 1), max(round(height / spread), 1)
    return np.asarray(cv2.resize(alpha, size, interpolation=cv2.INTER_AREA), np.float32)
