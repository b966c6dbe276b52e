"""Bring a coarse alpha to twice its size along the photo's own edges, without solving anything.

Within a small window alpha is a line over colour. The line is fitted where alpha is known, at half the size, and
read off with the colours of the full one: the guided filter of He, Sun and Tang (2010) and its fast form (2015).
"""

from __future__ import annotations

from functools import partial

import cv2
import numpy as np

from flyaway.engines.builtin import pyramid, symmetric
from flyaway.engines.builtin.band import Pixels, grown, known_alpha
from flyaway.engines.builtin.level import Level, Tile, in_order
from flyaway.engines.builtin.pyramid import Box
from flyaway.engines.builtin.symmetric import Plane
from flyaway.engines.builtin.workers import Workers
from flyaway.engines.contract import Report
from flyaway.images.arrays import UNKNOWN, Alpha

_FLOOR = 1e-5
"""Variance of colour, 0..1 squared, from which alpha follows it."""

_WINDOW = (3, 3)

_OVERLAP = 12
"""Pixels around a tile that change what becomes of it."""

_CLEANED_PX = 6
"""How far from a pixel the windows that hold it reach, at full size."""


def upsampled(level: Level, workers: Workers, report: Report) -> Alpha:
    """The alpha of a level, from that of half its size.

    Args:
        level: with the alpha of half its size.
        workers: that compute; their number changes nothing.
        report: told how far it is.
    """
    alpha = np.zeros(level.shape, np.float32)
    tiles = list(level.tiles(_OVERLAP))
    for tile, found in in_order(tiles, partial(_solve, level), workers, report):
        core, window = tile.core, tile.window
        top, left = core.top - window.top, core.left - window.left
        alpha[core.slices] = found[top : top + core.shape[0], left : left + core.shape[1]]
    return alpha


def _solve(level: Level, tile: Tile, report: Report) -> Alpha:
    report(0.0)
    window = tile.window
    half = Box(window.top // 2, -(-window.bottom // 2), window.left // 2, -(-window.right // 2))
    coarse = level.coarse[half.slices]
    known = pyramid.trimap(level.trimap, level.factor, window)
    is_unknown = known == UNKNOWN
    if not is_unknown.any():
        return known_alpha(known)
    if level.is_open[half.slices].any():
        found = _followed(level.colours(window, grown(is_unknown, _CLEANED_PX)), coarse)
    else:
        found = pyramid.enlarged(level.coarse, window, cv2.INTER_NEAREST)
    return np.where(is_unknown, found, known_alpha(known)).astype(np.float32)


def _followed(colours: Pixels, coarse: Alpha) -> Alpha:
    """A coarse alpha at the size of colours, HxWx3, twice as many each way."""
    height, width = coarse.shape
    small = pyramid.means(colours, 2, Box(0, height, 0, width))
    slopes, offset = _lines([np.ascontiguousarray(each) for each in cv2.split(small)], coarse)
    found = _doubled(offset, colours.shape)
    for channel, slope in enumerate(slopes):
        found += _doubled(slope, colours.shape) * colours[..., channel]
    return np.clip(found, 0.0, 1.0, out=found)


def _lines(colours: list[Plane], alpha: Alpha) -> tuple[list[Plane], Plane]:
    """Slopes over three planes of colour, and offset, of the lines that alpha is on around each pixel."""
    means, mean = [_mean(plane) for plane in colours], _mean(alpha)
    covariances = [
        _mean(colours[a] * colours[b]) - means[a] * means[b] for a, b in symmetric.ENTRIES
    ]
    for variance in covariances[:3]:
        np.maximum(variance, 0.0, out=variance)  # rounding
        variance += np.float32(_FLOOR)
    together = [
        _mean(plane * alpha) - each * mean for plane, each in zip(colours, means, strict=True)
    ]
    inverse = symmetric.inverse(covariances)
    slopes = [symmetric.row_times(inverse, row, together) for row in range(3)]
    offset = mean
    for slope, each in zip(slopes, means, strict=True):
        offset = offset - slope * each
    return [_mean(slope) for slope in slopes], _mean(offset)


def _mean(plane: Plane) -> Plane:
    return np.asarray(cv2.blur(plane, _WINDOW, borderType=cv2.BORDER_REFLECT), np.float32)


def _doubled(plane: Plane, shape: tuple[int, ...]) -> Plane:
    size = (2 * plane.shape[1], 2 * plane.shape[0])
    larger = cv2.resize(plane, size, interpolation=cv2.INTER_LINEAR)
    return np.asarray(larger[: shape[0], : shape[1]], np.float32)
