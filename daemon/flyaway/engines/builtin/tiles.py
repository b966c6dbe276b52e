"""Bring a coarse alpha to twice its size, tile by tile, on several threads."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, TimeoutError
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from flyaway.engines.builtin import pyramid
from flyaway.engines.builtin.band import Band, grown, known_alpha
from flyaway.engines.builtin.beside import AbandonedError
from flyaway.engines.builtin.cleaning import ONCE, cleaned
from flyaway.engines.builtin.local import cleared, local_system
from flyaway.engines.builtin.noise import Noise
from flyaway.engines.builtin.pyramid import Box
from flyaway.engines.builtin.sampling import Pairs, inherit
from flyaway.engines.builtin.sharpening import sharpened
from flyaway.engines.builtin.solve import conjugate_gradients
from flyaway.engines.builtin.workers import Workers
from flyaway.engines.contract import Report
from flyaway.images.arrays import FOREGROUND, UNKNOWN, Alpha, Image, Trimap

SIDE = 256
"""Pixels from one tile to the next."""

_OVERLAP = 24
"""Pixels a tile reaches beyond its side; neighbours fade into each other over twice as many."""

_PRIOR_WEIGHT = 5e-3
"""Pull of the coarse alpha, in the units of the matting Laplacian."""

_TOLERANCE = 2e-3

_SETTLED = 1e-3
"""How near to 0 or 1 a coarse alpha counts as clear: fading tiles into each other rounds."""

_SETTLED_REACH_PX = 2
"""A pixel is settled if the coarse alpha is clear and the same so far around it."""

_WINDOWS_REACH_PX = 2
"""How far from a pixel the windows that hold it reach."""

_WAIT_S = 0.05


@dataclass(frozen=True, slots=True)
class _Tile:
    core: Box
    window: Box


class Refiner:
    """Solves one level from the alpha of the level of half its size and the pairs of the coarsest."""

    def __init__(
        self,
        image: Image,
        trimap: Trimap,
        coarse: Alpha,
        pairs: Pairs | None,
        factor: int,
        ratio: int,
        seen_noise: Noise,
        workers: Workers,
    ) -> None:
        """Get ready.

        Args:
            image: at full size.
            trimap: at full size.
            coarse: alpha of the level of half the size.
            pairs: what the coarsest level found, if both sides are known.
            factor: the level to solve.
            ratio: its size against the coarsest level's.
            seen_noise: of the image.
            workers: that solve the tiles.
        """
        self._image = image
        self._trimap = trimap
        self._coarse = coarse
        self._is_open = grown(coarse > _SETTLED, _SETTLED_REACH_PX)
        self._is_open &= grown(coarse < 1.0 - _SETTLED, _SETTLED_REACH_PX)
        if pairs is None:
            # What was known of one side was too thin for the coarse level to see: it settles nothing.
            self._is_open[:] = True
        self._pairs = pairs
        self._factor = factor
        self._ratio = ratio * pairs.factor if pairs else ratio
        self._noise = seen_noise
        self._workers = workers
        self._abandoned = threading.Event()

    def run(self, report: Report) -> Alpha:
        """Solve all tiles; they are joined in one order, so the number of threads changes nothing."""
        shape = pyramid.level_shape(self._trimap.shape, self._factor)
        alpha = np.zeros(shape, np.float32)
        todo = list(self._tiles(shape))
        ahead = 2 * self._workers.threads
        with self._workers.pool() as pool:
            waiting: deque[Future[Alpha]] = deque()
            try:
                for done, tile in enumerate(todo):
                    # Two a thread in flight: memory holds those, not all that are to come.
                    for each in todo[done + len(waiting) : done + ahead]:
                        waiting.append(pool.submit(self._solve, each))
                    _blend(alpha, tile, _result(waiting.popleft(), report, done / len(todo)))
            finally:
                self._abandoned.set()
                for future in waiting:
                    future.cancel()
        np.minimum(alpha, 1.0, out=alpha)  # fading rounds
        _set_known(alpha, self._trimap, self._factor)
        return alpha

    def _tiles(self, shape: tuple[int, int]) -> Iterator[_Tile]:
        factor = self._factor
        for top in range(0, shape[0], SIDE):
            for left in range(0, shape[1], SIDE):
                core = Box(top, min(top + SIDE, shape[0]), left, min(left + SIDE, shape[1]))
                window = core.grown(_OVERLAP, shape)
                known = self._trimap[
                    window.top * factor : window.bottom * factor,
                    window.left * factor : window.right * factor,
                ]
                if known.min() != known.max() or known.flat[0] == UNKNOWN:
                    yield _Tile(core, window)

    def _solve(self, tile: _Tile) -> Alpha:
        window = tile.window
        prior = pyramid.enlarged(self._coarse, window, cv2.INTER_CUBIC).clip(0.0, 1.0)
        known = self._settled(window, prior)
        alpha = known_alpha(known)
        is_unknown = known == UNKNOWN
        if not is_unknown.any():
            return alpha
        band = Band.of(known, self._workers.device)
        origin = (window.top, window.left)
        colours = pyramid.pixels(self._image, self._factor, window)
        near = grown(is_unknown, _WINDOWS_REACH_PX)
        colours = cleaned(colours, near, self._noise, self._factor, origin, ONCE)
        pulled_to = self._workers.tensor(prior[is_unknown])
        weight = torch.full_like(pulled_to, _PRIOR_WEIGHT)
        if self._pairs is not None:
            samples = inherit(self._workers.tensor(colours), band, self._pairs, origin, self._ratio)
            trust = samples.trust()
            pulled_to = (pulled_to * weight + samples.alpha * trust) / (weight + trust)
            weight += trust
        system = local_system(colours, band, alpha, self._workers, self._go_on)
        system = system.pulled(pulled_to, weight)
        found = conjugate_gradients(system, pulled_to, _TOLERANCE, self._go_on)
        alpha[is_unknown] = cleared(found)
        return sharpened(alpha, is_unknown, self._noise, self._factor)

    def _settled(self, window: Box, prior: Alpha) -> Trimap:
        """The trimap of a window, with what the coarse alpha leaves no doubt about as known."""
        known = pyramid.trimap(self._trimap, self._factor, window)
        rows = np.arange(window.top, window.bottom) // 2
        columns = np.arange(window.left, window.right) // 2
        is_settled = (known == UNKNOWN) & ~self._is_open[np.ix_(rows, columns)]
        return np.where(is_settled, np.where(prior > 0.5, FOREGROUND, 0), known).astype(np.uint8)

    def _go_on(self, fraction: float, preview: Alpha | None = None) -> None:
        if self._abandoned.is_set():
            raise AbandonedError


def _result(future: Future[Alpha], report: Report, done: float) -> Alpha:
    while True:
        report(done)
        try:
            return future.result(_WAIT_S)
        except TimeoutError:
            continue


def _blend(alpha: Alpha, tile: _Tile, solved: Alpha) -> None:
    weight_y = _ramp(
        tile.core.top, tile.core.bottom, tile.window.top, tile.window.bottom, alpha.shape[0]
    )
    weight_x = _ramp(
        tile.core.left, tile.core.right, tile.window.left, tile.window.right, alpha.shape[1]
    )
    alpha[tile.window.slices] += solved * weight_y[:, None] * weight_x


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
