"""The matting Laplacian of Levin, Lischinski and Weiss (2008), rows of the unknown band only.

Each 3x3 window says that alpha is an affine function of colour within it. What a window asks of two of
its pixels depends on their offset, so the rows are kept as a 5x5 stencil a pixel, not as triplets.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from flyaway.engines.builtin.band import Band, Pixels, grown

EPSILON = 1e-7
"""How far alpha may leave the affine function where colours hardly differ (Levin's regulariser)."""

WINDOW = [(dy, dx) for dy in (-1, 0, 1) for dx in (-1, 0, 1)]
STENCIL = [(dy, dx) for dy in range(-2, 3) for dx in range(-2, 3)]
_CHUNK = 16384
"""Windows worked on at once: their intermediate values fit a core's cache."""

Stencil = NDArray[np.float32]
"""25xN: for each unknown pixel its coefficients to the 5x5 pixels around it, in STENCIL order."""


def matting_stencil(
    image: Pixels, band: Band, tick: Callable[[float], None], epsilon: float = EPSILON
) -> Stencil:
    """Sum what all windows that touch the band ask of its pixels.

    Args:
        image: at least 3x3.
        band: the unknown pixels of `image`.
        tick: told the done fraction; may raise.
        epsilon: regulariser of the windows' covariances.
    """
    count = len(band)
    # One column more: the place where coefficients of known pixels go, thrown away at the end.
    stencil = np.zeros((len(STENCIL), count + 1), np.float32)
    centres = _window_centres(band)
    flat = image.reshape(-1, 3)
    number = band.number.reshape(-1)
    width = image.shape[1]
    steps = [dy * width + dx for dy, dx in WINDOW]
    for done, chunk in _chunks(centres):
        colours = np.stack([flat[chunk + step] for step in steps]).astype(np.float64)
        whitened = _whitened(colours, epsilon)
        places = [number[chunk + step] for step in steps]
        for a, (ay, ax) in enumerate(WINDOW):
            for b in range(a, len(WINDOW)):
                by, bx = WINDOW[b]
                asked = whitened[a, 0] * whitened[b, 0]
                asked += whitened[a, 1] * whitened[b, 1]
                asked += whitened[a, 2] * whitened[b, 2]
                asked += 1.0
                asked *= -1.0 / len(WINDOW)
                if a == b:
                    asked += 1.0
                offset = (by - ay) * 5 + (bx - ax)
                stencil[12 + offset][places[a]] += asked
                if a != b:
                    stencil[12 - offset][places[b]] += asked
        tick(done)
    return stencil[:, :count]


def _window_centres(band: Band) -> NDArray[np.intp]:
    """Flat places of the centres of all windows within the image that hold an unknown pixel."""
    touched = grown(band.number >= 0, 1)
    touched[0] = touched[-1] = False
    touched[:, 0] = touched[:, -1] = False
    return np.flatnonzero(touched)


def _chunks(centres: NDArray[np.intp]) -> Iterator[tuple[float, NDArray[np.intp]]]:
    for start in range(0, centres.size, _CHUNK):
        chunk = centres[start : start + _CHUNK]
        yield (start + chunk.size) / centres.size, chunk


def _whitened(colours: NDArray[np.float64], epsilon: float) -> NDArray[np.float64]:
    """Colours of windows, 9xMx3, as coordinates whose covariance is the unit matrix, 9x3xM.

    With C = LL' the regularised covariance, the window's affinity (Ii-m)'C^-1(Ij-m) is the product of
    whitened coordinates L^-1(I-m): a 3x3 Cholesky factor written out, cheaper than inverse matrices.
    """
    centred = np.ascontiguousarray((colours - colours.mean(axis=0)).transpose(0, 2, 1))
    red, green, blue = centred[:, 0], centred[:, 1], centred[:, 2]
    weight = 1.0 / len(WINDOW)
    ridge = epsilon * weight

    def covariance(x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        return (x * y).sum(axis=0) * weight

    l11 = np.sqrt(covariance(red, red) + ridge)
    l21 = covariance(green, red) / l11
    l31 = covariance(blue, red) / l11
    l22 = np.sqrt(np.maximum(covariance(green, green) + ridge - l21 * l21, ridge))
    l32 = (covariance(blue, green) - l31 * l21) / l22
    l33 = np.sqrt(np.maximum(covariance(blue, blue) + ridge - l31 * l31 - l32 * l32, ridge))
    whitened = centred
    whitened[:, 0] = red / l11
    whitened[:, 1] = (green - l21 * whitened[:, 0]) / l22
    whitened[:, 2] = (blue - l31 * whitened[:, 0] - l32 * whitened[:, 1]) / l33
    return whitened
