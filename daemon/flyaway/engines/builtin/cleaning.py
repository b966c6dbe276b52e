"""Clean the copy of an image that the solver sees of what the camera and its files left in it.

The photo itself is never changed. Small windows mistake chroma that is noisy, or kept at half the size, for
differences between subject and background: that, not noise in the luma, is what spoils alpha.
"""

from __future__ import annotations

from collections.abc import Iterator

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway.engines.builtin import pyramid, symmetric
from flyaway.engines.builtin.band import Pixels
from flyaway.engines.builtin.noise import TO_YCC, Noise
from flyaway.engines.builtin.pyramid import Box

_SIDE_PX = 256
"""Pixels cleaned at once, so that what is needed for it fits a core's cache."""

_REACH_PX = 10
"""How far from a pixel others change what it becomes."""

AROUND_PX = 16
"""How far from the pixels that are solved colours are compared with theirs: see neighbours."""

_TO_RGB = np.linalg.inv(TO_YCC).astype(np.float32)

_SLOPE_WINDOW_PX = 5
_SLOPE_FLOOR = 5e-4
"""Variance of luma, 0..1 squared, that a window needs for chroma to follow it."""

Passes = tuple[tuple[float, float], ...]
"""How strongly each pass smooths, and the share of the noise's variance that is left before it."""

TWICE: Passes = ((2.0, 1.0), (2.0, 0.25))
ONCE: Passes = ((3.0, 1.0),)
"""Half the work, for alphas that are not far from what they shall be."""

_WINDOW = (3, 3)


def cleaned(
    colours: Pixels,
    wanted: NDArray[np.bool_],
    noise: Noise,
    factor: int = 1,
    origin: tuple[int, int] = (0, 0),
    passes: Passes = TWICE,
) -> Pixels:
    """Colours of a level with little noise and sharp chroma; the very same array if they are clean.

    Args:
        colours: HxWx3.
        wanted: HxW, where they are needed: what is far from such a pixel stays as it is.
        noise: of the image.
        factor: of the level.
        origin: row and column of the level where `colours` begins.
        passes: of the filter that takes the noise.
    """
    covariance = noise.at(factor)
    is_blurred = factor == 1 and noise.has_halved_chroma
    if not is_blurred and covariance is None:
        return colours
    done = colours.copy()
    for core in _squares(wanted):
        window = core.grown(_REACH_PX, wanted.shape)
        ycc = colours[window.slices] @ TO_YCC.T
        if is_blurred:
            _sharpen_chroma(ycc, noise, (origin[0] + window.top, origin[1] + window.left))
        if covariance is not None:
            ycc = _smoothed(ycc, covariance, passes)
        top, left = core.top - window.top, core.left - window.left
        inner = ycc[top : top + core.shape[0], left : left + core.shape[1]]
        done[core.slices] = (inner @ _TO_RGB.T).clip(0.0, 1.0)
    return done


def _squares(wanted: NDArray[np.bool_]) -> Iterator[Box]:
    """What of each square of a mask has True pixels."""
    for top in range(0, wanted.shape[0], _SIDE_PX):
        for left in range(0, wanted.shape[1], _SIDE_PX):
            square = wanted[top : top + _SIDE_PX, left : left + _SIDE_PX]
            if square.any():
                inner = pyramid.bounds(square)
                yield Box(
                    top + inner.top, top + inner.bottom, left + inner.left, left + inner.right
                )


def _sharpen_chroma(ycc: Pixels, noise: Noise, origin: tuple[int, int]) -> None:
    """Give chroma kept at half the size the edges of the luma, where the two go together.

    Within a window chroma is taken for a line over luma that is as blurred; its slope carries what the
    blur took from luma over to chroma.
    """
    luma = np.ascontiguousarray(ycc[..., 0])
    blurred = _blurred_as_chroma(luma, noise, origin)
    mean = _mean(blurred)
    variance = _mean(blurred * blurred) - mean * mean + np.float32(_SLOPE_FLOOR)
    for channel in (1, 2):
        chroma = np.ascontiguousarray(ycc[..., channel])
        together = _mean(blurred * chroma) - mean * _mean(chroma)
        ycc[..., channel] += _mean(np.asarray(together / variance, np.float32)) * (luma - blurred)


def _mean(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    window = (_SLOPE_WINDOW_PX, _SLOPE_WINDOW_PX)
    return np.asarray(cv2.blur(plane, window, borderType=cv2.BORDER_REFLECT), np.float32)


def _blurred_as_chroma(
    luma: NDArray[np.float32], noise: Noise, origin: tuple[int, int]
) -> NDArray[np.float32]:
    """Luma, HxW, as it would be had it been kept as chroma was."""
    height, width = luma.shape
    starts = (noise.chroma_rows, noise.chroma_columns)
    steps = [1 if start is None else 2 for start in starts]
    before = [
        ((start or 0) - first) % step
        for start, first, step in zip(starts, origin, steps, strict=True)
    ]
    after = [
        -(size + gone) % step for size, gone, step in zip(luma.shape, before, steps, strict=True)
    ]
    whole = cv2.copyMakeBorder(luma, before[0], after[0], before[1], after[1], cv2.BORDER_REPLICATE)
    size = (whole.shape[1], whole.shape[0])
    kept = cv2.resize(
        whole, (size[0] // steps[1], size[1] // steps[0]), interpolation=cv2.INTER_AREA
    )
    back = cv2.resize(kept, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(
        back[before[0] : before[0] + height, before[1] : before[1] + width], np.float32
    )


def _smoothed(ycc: Pixels, covariance: NDArray[np.float32], passes: Passes) -> Pixels:
    """Colours without most of their noise: a Wiener filter of the colours of each 3x3 window.

    A window's own covariance says along which line of colours something is pictured; what lies off it
    is noise. This is the guided filter (He et al. 2010) with the image as its own guide and the noise's
    covariance as its regulariser.
    """
    scale = np.linalg.cholesky(
        covariance + np.eye(3) * 1e-9 + 0.01 * np.diag(covariance.diagonal())
    )
    whitened = ycc @ np.linalg.inv(scale).astype(np.float32).T
    planes = [np.ascontiguousarray(whitened[..., channel]) for channel in range(3)]
    for strength, left in passes:
        _smooth(planes, np.float32(strength * left))
    return np.asarray(np.stack(planes, axis=-1) @ scale.astype(np.float32).T, np.float32)


def _smooth(planes: list[NDArray[np.float32]], floor: np.float32) -> None:
    """Smooth three planes in place, whose noise is white."""
    means = [_window_mean(plane) for plane in planes]
    products = [
        _window_mean(planes[a] * planes[b]) - means[a] * means[b] for a, b in symmetric.ENTRIES
    ]
    for variance in products[:3]:
        np.maximum(variance, 0.0, out=variance)
        variance += floor
    inverse = symmetric.inverse(products)
    pulls = [_window_mean(symmetric.row_times(inverse, row, means)) for row in range(3)]
    inverse = [_window_mean(each) for each in inverse]
    steps = [symmetric.row_times(inverse, row, planes) - pulls[row] for row in range(3)]
    for plane, step in zip(planes, steps, strict=True):
        plane -= floor * step


def _window_mean(plane: NDArray[np.float32]) -> NDArray[np.float32]:
    return np.asarray(cv2.blur(plane, _WINDOW, borderType=cv2.BORDER_REFLECT), np.float32)
