"""Bring a coarse alpha to twice its size by solving each tile."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from flyaway.engines.builtin import pyramid
from flyaway.engines.builtin.band import Band, grown, known_alpha
from flyaway.engines.builtin.level import SIDE, Level, Tile, in_order
from flyaway.engines.builtin.local import cleared, local_system
from flyaway.engines.builtin.pyramid import Box
from flyaway.engines.builtin.sampling import Pairs, inherit
from flyaway.engines.builtin.sharpening import sharpened
from flyaway.engines.builtin.solve import conjugate_gradients
from flyaway.engines.builtin.workers import Workers
from flyaway.engines.contract import Report
from flyaway.images.arrays import UNKNOWN, Alpha, Trimap

_OVERLAP = 24
"""Pixels a tile reaches beyond its side; neighbours fade into each other over twice as many."""

_PRIOR_WEIGHT = 5e-3
"""Pull of the coarse alpha, in the units of the matting Laplacian."""

_TOLERANCE = 2e-3

_WINDOWS_REACH_PX = 2
"""How far from a pixel the windows that hold it reach."""


def solved(
    level: Level, pairs: Pairs | None, ratio: int, workers: Workers, report: Report
) -> Alpha:
    """The alpha of a level; tiles are joined in one order, so the number of threads changes nothing.

    Args:
        level: with the alpha of half its size.
        pairs: what the coarsest level found, if both sides are known.
        ratio: the level's size against the coarsest one's.
        workers: that solve the tiles.
        report: told how far it is.
    """
    solver = _Solver(level, pairs, ratio * pairs.factor if pairs else ratio, workers)
    alpha = np.zeros(level.shape, np.float32)
    for tile, solution in in_order(list(level.tiles(_OVERLAP)), solver.solve, workers, report):
        _blend(alpha, tile, solution)
    np.minimum(alpha, 1.0, out=alpha)  # fading rounds
    _set_known(alpha, level.trimap, level.factor)
    return alpha


@dataclass(frozen=True, slots=True)
class _Solver:
    """Solves tiles of one level; `ratio` is its size against that of the pairs."""

    level: Level
    pairs: Pairs | None
    ratio: int
    workers: Workers

    def solve(self, tile: Tile, report: Report) -> Alpha:
        window = tile.window
        prior = pyramid.enlarged(self.level.coarse, window, cv2.INTER_CUBIC).clip(0.0, 1.0)
        known = self.level.settled(window, prior)
        alpha = known_alpha(known)
        is_unknown = known == UNKNOWN
        if not is_unknown.any():
            return alpha
        band = Band.of(known, self.workers.device)
        colours = self.level.colours(window, grown(is_unknown, _WINDOWS_REACH_PX))
        pulled_to = self.workers.tensor(prior[is_unknown])
        weight = torch.full_like(pulled_to, _PRIOR_WEIGHT)
        if self.pairs is not None:
            image, origin = self.workers.tensor(colours), (window.top, window.left)
            samples = inherit(image, band, self.pairs, origin, self.ratio)
            trust = samples.trust()
            pulled_to = (pulled_to * weight + samples.alpha * trust) / (weight + trust)
            weight += trust
        system = local_system(colours, band, alpha, self.workers, report)
        system = system.pulled(pulled_to, weight)
        found = conjugate_gradients(system, pulled_to, _TOLERANCE, report)
        alpha[is_unknown] = cleared(found)
        return sharpened(alpha, is_unknown, self.level.noise, self.level.factor)


def _blend(alpha: Alpha, tile: Tile, solution: Alpha) -> None:
    core, window = tile.core, tile.window
    weight_y = _ramp(core.top, core.bottom, window.top, window.bottom, alpha.shape[0])
    weight_x = _ramp(core.left, core.right, window.left, window.right, alpha.shape[1])
    alpha[window.slices] += solution * weight_y[:, None] * weight_x


def _ramp(start: int, end: int, first: int, last: int, size: int) -> NDArray[np.float32]:
    """Weights of the pixels first..last of a tile start..end: with its neighbours' they sum to 1."""
    place = np.arange(first, last, dtype=np.float32) + 0.5
    rising = np.ones_like(place) if start == 0 else (place - (start - _OVERLAP)) / (2 * _OVERLAP)
    falling = np.ones_like(place) if end == size else ((end + _OVERLAP) - place) / (2 * _OVERLAP)
    return np.minimum(rising, falling).clip(0.0, 1.0)


def _set_known(alpha: Alpha, trimap: Trimap, factor: int) -> None:
    """Put the exact 0 and 1 back that fading between tiles may have rounded or left out."""
    for top in range(0, alpha.shape[0], SIDE):
        box = Box(top, min(top + SIDE, alpha.shape[0]), 0, alpha.shape[1])
        known = pyramid.trimap(trimap, factor, box)
        np.copyto(alpha[box.slices], known_alpha(known), where=known != UNKNOWN)
