"""What all automatic engines share: look only inside a region, keep what a trimap says, say how sure it is."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from flyaway.engines import pixels, progress
from flyaway.engines.base import Extraction
from flyaway.images.arrays import Alpha, Image, Trimap

LOOK_PX = 1024
"""Longer side, about, of what confidence is taken from."""


def within(
    image: Image,
    trimap: Trimap | None,
    region: NDArray[np.bool_] | None,
    look: Callable[[Image], Alpha],
) -> Extraction:
    """Run `look` where the subject can be: in the window of the region or of the trimap's inside.

    A network sees everything at one fixed size, so a smaller window shows it more of the subject.

    Args:
        image: HxWx3.
        trimap: HxW 0/128/255, its certain pixels come back as they are; or None.
        region: HxW, True inside a rough outline; outside is background; or None.
        look: gives the alpha of an image of any size.
    """
    inside = region if region is not None else None if trimap is None else trimap > 0
    if inside is None:
        alpha = look(image)
    else:
        window = pixels.window_around(inside)
        alpha = np.zeros(image.shape[:2], np.float32)
        alpha[window] = look(image[window])
        alpha[~inside] = 0
    progress.check()
    return Extraction(pixels.keep_known(alpha, trimap), confidence=_confidence(alpha))


def _confidence(alpha: Alpha) -> float:
    """How decided an alpha is, 0..1: the mean distance from one half where there may be a subject."""
    step = max(1, max(alpha.shape) // LOOK_PX)
    seen = alpha[::step, ::step]  # an average needs no more
    maybe = seen[seen > 0.05]
    if not maybe.size or float(maybe.max()) < 0.5:
        return 0.0
    return float(np.abs(2 * maybe - 1).mean())
