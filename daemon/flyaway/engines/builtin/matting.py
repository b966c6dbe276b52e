"""From a trimap to alpha: solved whole where it is small, else coarse first and then tile by tile."""

from __future__ import annotations

import numpy as np

from flyaway.engines.builtin import guided, noise, pyramid, tiles
from flyaway.engines.builtin.band import grown, known_alpha
from flyaway.engines.builtin.cleaning import AROUND_PX, cleaned
from flyaway.engines.builtin.level import Level
from flyaway.engines.builtin.local import Solution, solve_band
from flyaway.engines.builtin.noise import Noise
from flyaway.engines.builtin.pyramid import Box
from flyaway.engines.builtin.sharpening import sharpened
from flyaway.engines.builtin.workers import Workers
from flyaway.engines.contract import Report, part
from flyaway.engines.progress import spaced
from flyaway.images.arrays import UNKNOWN, Alpha, Image, Trimap

WHOLE_UNKNOWN = 260_000
"""Unknown pixels up to which a band is solved in one piece."""

_WHOLE_AREA = 4_000_000
"""Pixels of the box around the band up to which it is solved in one piece."""

_FIRST_UNKNOWN = 65_000
"""Unknown pixels of the first level where there are several: it is the first that people see."""

_SOLVED_OPEN = 260_000
"""Open pixels up to which a level is solved, not only followed: where there are more, edges are many pixels wide."""

_MARGIN = 48
"""Known pixels kept around the band, where its colours are looked up."""


def extract(
    image: Image,
    trimap: Trimap,
    report: Report,
    workers: Workers,
    whole_unknown: int = WHOLE_UNKNOWN,
) -> Alpha:
    """Find the alpha of the unknown pixels of `trimap`; known pixels come back exactly 0 and 1.

    Args:
        image: HxWx3.
        trimap: HxW, with at least one unknown pixel.
        report: told how far it is, with a preview once the coarse solution stands.
        workers: that solve it.
        whole_unknown: see WHOLE_UNKNOWN.
    """
    unknown = trimap == UNKNOWN
    box = pyramid.bounds(unknown).grown(_MARGIN, trimap.shape)
    factor = _first_factor(int(np.count_nonzero(unknown)), box, whole_unknown)
    box = box.aligned(factor)  # so that levels of it are those of the whole image
    image, inner = image[box.slices], trimap[box.slices]
    alpha = known_alpha(trimap)
    seen_noise = noise.estimate(image)
    end = 1.0 if factor == 1 else 0.25
    top = _solve_whole(image, inner, factor, seen_noise, workers, spaced(part(report, 0.0, end)))
    coarse, top_factor = top.alpha, factor
    while factor > 1:
        report(end, _preview(trimap, coarse, factor, box))
        factor //= 2
        start, end = end, 1.0 if factor == 1 else end + (1.0 - end) / 4
        level = Level(image, inner, coarse, factor, seen_noise, settles=top.pairs is not None)
        coarse = _doubled(level, top, top_factor, workers, spaced(part(report, start, end)))
    inside = alpha[box.slices]
    np.copyto(inside, coarse, where=inner == UNKNOWN)
    return alpha


def _first_factor(unknown: int, box: Box, whole_unknown: int) -> int:
    area = box.shape[0] * box.shape[1]
    if unknown <= whole_unknown and area <= _WHOLE_AREA:
        return 1
    most, factor = min(_FIRST_UNKNOWN, whole_unknown), 2
    while unknown > most * factor**2 or area > _WHOLE_AREA * factor**2:
        factor *= 2
    return factor


def _solve_whole(
    image: Image, trimap: Trimap, factor: int, seen_noise: Noise, workers: Workers, report: Report
) -> Solution:
    colours, level = pyramid.whole(image, trimap, factor)
    is_unknown = level == UNKNOWN
    colours = cleaned(colours, grown(is_unknown, AROUND_PX), seen_noise, factor)
    solution = solve_band(colours, level, workers, report)
    return Solution(sharpened(solution.alpha, is_unknown, seen_noise, factor), solution.pairs)


def _doubled(
    level: Level, top: Solution, top_factor: int, workers: Workers, report: Report
) -> Alpha:
    """The alpha of a level: solved, or followed along the photo's edges where that would take long."""
    if level.open_px > _SOLVED_OPEN:
        return guided.upsampled(level, workers, report)
    return tiles.solved(level, top.pairs, top_factor // level.factor, workers, report)


def _preview(trimap: Trimap, coarse: Alpha, factor: int, box: Box) -> Alpha:
    """A small copy of the alpha, with what a level says of the unknown pixels of `box`."""
    small = trimap[::factor, ::factor]
    preview = known_alpha(small)
    height, width = coarse.shape
    place = np.s_[box.top // factor :, box.left // factor :]
    inside = preview[place][:height, :width]
    is_unknown = small[place][:height, :width] == UNKNOWN
    np.copyto(inside, coarse[: inside.shape[0], : inside.shape[1]], where=is_unknown)
    return preview
