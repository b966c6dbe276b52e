"""Take out of a solved alpha what noise and halved chroma left in it: haze, and edges as soft as the chroma.

Nothing here looks at colours: what the solver sees is cleaned before, see `cleaning`.
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway.engines.builtin.noise import Noise
from flyaway.images.arrays import Alpha

_NOISY_HAZE = 0.025
"""Alpha this close to 0 or 1 is taken for it where there is noise, beyond the haze of every solve."""

_CHROMA_REACH_PX = 3
"""How far halved chroma smears an edge: a sample is 2 pixels, and is enlarged from 2 of them."""

_SOFT, _SHARP = 0.03, 0.05
"""Fine shares of luma up to which a photo's own edges are as wide as its chroma's, and from which they are not.

The photos measured on have .05 to .18 as JPEG 92, .02 to .04 when enlarged to twice the size, .01 at three times.
"""

_ALIKE = 1e-4
"""Difference of alpha around a pixel that is none."""


def sharpened(alpha: Alpha, is_unknown: NDArray[np.bool_], noise: Noise, factor: int) -> Alpha:
    """An alpha without haze and with edges as they were before; the very same array if the image is clean.

    Args:
        alpha: HxW, solved and known.
        is_unknown: HxW, the pixels that were solved; only they change.
        noise: of the image.
        factor: of the level.
    """
    done = alpha
    if noise.at(factor) is not None:
        done = ((done - _NOISY_HAZE) / (1 - 2 * _NOISY_HAZE)).clip(0.0, 1.0)
    strength = (noise.fine_share - _SOFT) / (_SHARP - _SOFT)
    if factor == 1 and noise.has_halved_chroma and strength > 0.0:
        done = _steepened(done, min(strength, 1.0))
    return alpha if done is alpha else np.where(is_unknown, done, alpha)


def _steepened(alpha: Alpha, strength: float) -> Alpha:
    """Draw each alpha to the nearer of the least and the most around it, by a strength of up to 1.

    Where chroma alone tells subject from background, alpha comes out as smeared as the chroma. Thin hair,
    which is the most around it, keeps its alpha, and a wide ramp, in the middle between the two, its slope.
    """
    around = np.ones((2 * _CHROMA_REACH_PX + 1, 2 * _CHROMA_REACH_PX + 1), np.uint8)
    least, most = cv2.erode(alpha, around), cv2.dilate(alpha, around)
    span = most - least
    share = (alpha - least) / np.maximum(span, _ALIKE)
    share += np.float32(strength) * (share * share * (3.0 - 2.0 * share) - share)
    return np.asarray(np.where(span > _ALIKE, least + share * span, alpha), np.float32)
