"""From a trimap to alpha: solved whole where it is small, else coarse first and then tile by tile."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway.engines.builtin import noise, pyramid
from flyaway.engines.builtin.band import grown, known_alpha
from flyaway.engines.builtin.cleaning import AROUND_PX, cleaned
from flyaway.engines.builtin.local import Solution, solve_band
from flyaway.engines.builtin.noise import Noise
from flyaway.engines.builtin.pyramid import Box
from flyaway.engines.builtin.sharpening import sharpened
from flyaway.engines.builtin.tiles import Refiner
from flyaway.engines.builtin.workers import Workers
from flyaway.engines.contract import Report, part
from flyaway.engines.progress import spaced
from flyaway.images.arrays import UNKNOWN, Alpha, Image, Trimap

WHOLE_UNKNOWN = 260_000
"""Unknown pixels up to which a band is solved in one piece."""

_WHOLE_AREA = 4_000_000
"""Pixels of the box around the band up to which it is solved in one piece."""

_MARGIN = 48
"""Known pixels kept around the band, where its colours are looked up."""

_PREVIEW_SIDE = 512
"""Pixels enlarged at once for a preview: fresh memory of the whole size costs more than the work."""


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
    image, inner = image[box.slices], trimap[box.slices]
    alpha = known_alpha(trimap)
    seen_noise = noise.estimate(image)
    if factor > 1:
        # A picture of a quarter of the pixels soon shows what will come.
        first = _solve_whole(
            image, inner, 2 * factor, seen_noise, workers, spaced(part(report, 0.0, 0.05))
        )
        report(0.05, _preview(alpha, first.alpha, 2 * factor, box, inner))
    top = _solve_whole(
        image,
        inner,
        factor,
        seen_noise,
        workers,
        spaced(part(report, *((0.0, 1.0) if factor == 1 else (0.05, 0.25)))),
    )
    coarse, top_factor = top.alpha, factor
    share = 0.25
    while factor > 1:
        # At full size a preview takes as long as some tiles: one more, of the last size but one.
        report(share, _preview(alpha, coarse, factor, box, inner) if factor == 2 else None)
        factor //= 2
        end = 1.0 if factor == 1 else share + (1.0 - share) / 4
        refiner = Refiner(
            image,
            inner,
            coarse,
            top.pairs,
            factor,
            top_factor // factor,
            seen_noise,
            workers,
        )
        coarse = refiner.run(spaced(part(report, share, end)))
        share = end
    inside = alpha[box.slices]
    np.copyto(inside, coarse, where=inner == UNKNOWN)
    return alpha


def _first_factor(unknown: int, box: Box, whole_unknown: int) -> int:
    area = box.shape[0] * box.shape[1]
    factor = 1
    while unknown > whole_unknown * factor**2 or area > _WHOLE_AREA * factor**2:
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


def _preview(
    alpha: Alpha, coarse: Alpha, factor: int, box: Box, inner: Trimap
) -> NDArray[np.float32]:
    """The alpha with what a level says of the unknown pixels of `box`."""
    preview = alpha.copy()
    inside = preview[box.slices]
    height, width = inner.shape
    for top in range(0, height, _PREVIEW_SIDE):
        for left in range(0, width, _PREVIEW_SIDE):
            window = Box(
                top, min(top + _PREVIEW_SIDE, height), left, min(left + _PREVIEW_SIDE, width)
            )
            is_unknown = inner[window.slices] == UNKNOWN
            if is_unknown.any():
                larger = pyramid.enlarged(coarse, window, cv2.INTER_LINEAR, factor)
                np.copyto(inside[window.slices], larger, where=is_unknown)
    return preview
