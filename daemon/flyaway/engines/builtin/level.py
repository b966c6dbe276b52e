"""One level of an image whose alpha stands at half its size, cut into tiles that are worked on side by side."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, TimeoutError
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from flyaway.engines.builtin import pyramid
from flyaway.engines.builtin.band import Pixels, grown
from flyaway.engines.builtin.beside import AbandonedError
from flyaway.engines.builtin.cleaning import ONCE, cleaned
from flyaway.engines.builtin.noise import Noise
from flyaway.engines.builtin.pyramid import Box
from flyaway.engines.builtin.workers import Workers
from flyaway.engines.contract import Report
from flyaway.images.arrays import FOREGROUND, UNKNOWN, Alpha, Image, Trimap

SIDE = 256
"""Pixels from one tile to the next."""

_SETTLED = 1e-3
"""How near to 0 or 1 a coarse alpha counts as clear: fading tiles into each other rounds."""

_SETTLED_REACH_PX = 2
"""A pixel is settled if the coarse alpha is clear and the same so far around it."""

_WAIT_S = 0.05


@dataclass(frozen=True, slots=True)
class Tile:
    """A tile and what is read around it."""

    core: Box
    window: Box


Solve = Callable[[Tile, Report], Alpha]
"""What becomes of a tile's window; its report raises once the work was given up."""


@dataclass(frozen=True)
class Level:
    """What there is to go by.

    Attributes:
        image: at full size.
        trimap: at full size.
        coarse: alpha of the level of half the size.
        factor: the level's.
        noise: of the image.
        settles: whether a clear coarse alpha settles pixels.
    """

    image: Image
    trimap: Trimap
    coarse: Alpha
    factor: int
    noise: Noise
    settles: bool = True

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return pyramid.level_shape(self.trimap.shape, self.factor)

    @cached_property
    def is_open(self) -> NDArray[np.bool_]:
        """Where the coarse alpha leaves a doubt, at its size."""
        if not self.settles:
            return np.ones(self.coarse.shape, bool)
        is_open = grown(self.coarse > _SETTLED, _SETTLED_REACH_PX)
        is_open &= grown(self.coarse < 1.0 - _SETTLED, _SETTLED_REACH_PX)
        return is_open

    @property
    def open_px(self) -> int:
        """About how many pixels are to be solved."""
        return 4 * int(np.count_nonzero(self.is_open))

    def tiles(self, overlap_px: int) -> Iterator[Tile]:
        """Those that hold something unknown, each with so much around it."""
        factor, shape = self.factor, self.shape
        for top in range(0, shape[0], SIDE):
            for left in range(0, shape[1], SIDE):
                core = Box(top, min(top + SIDE, shape[0]), left, min(left + SIDE, shape[1]))
                window = core.grown(overlap_px, shape)
                known = self.trimap[
                    window.top * factor : window.bottom * factor,
                    window.left * factor : window.right * factor,
                ]
                if known.min() != known.max() or known.flat[0] == UNKNOWN:
                    yield Tile(core, window)

    def settled(self, window: Box, prior: Alpha) -> Trimap:
        """The trimap of a window, with what the coarse alpha leaves no doubt about as known.

        Args:
            window: of the level.
            prior: HxW, the coarse alpha there.
        """
        known = pyramid.trimap(self.trimap, self.factor, window)
        rows = np.arange(window.top, window.bottom) // 2
        columns = np.arange(window.left, window.right) // 2
        is_settled = (known == UNKNOWN) & ~self.is_open[np.ix_(rows, columns)]
        return np.where(is_settled, np.where(prior > 0.5, FOREGROUND, 0), known).astype(np.uint8)

    def colours(self, window: Box, near: NDArray[np.bool_]) -> Pixels:
        """The colours of a window, cleaned around those pixels, HxW, that need them."""
        colours = pyramid.pixels(self.image, self.factor, window)
        origin = (window.top, window.left)
        return cleaned(colours, near, self.noise, self.factor, origin, ONCE)


def in_order(
    tiles: list[Tile], solve: Solve, workers: Workers, report: Report
) -> Iterator[tuple[Tile, Alpha]]:
    """Solve tiles on several threads, and hand them over in one order, whatever the number of threads."""
    abandoned = threading.Event()

    def go_on(fraction: float, preview: Alpha | None = None) -> None:
        if abandoned.is_set():
            raise AbandonedError

    ahead = 2 * workers.threads
    with workers.pool() as pool:
        waiting: deque[Future[Alpha]] = deque()
        try:
            for done, tile in enumerate(tiles):
                # Two a thread in flight: memory holds those, not all that are to come.
                for each in tiles[done + len(waiting) : done + ahead]:
                    waiting.append(pool.submit(solve, each, go_on))
                yield tile, _result(waiting.popleft(), report, done / len(tiles))
        finally:
            abandoned.set()
            for future in waiting:
                future.cancel()


def _result(future: Future[Alpha], report: Report, done: float) -> Alpha:
    while True:
        report(done)
        try:
            return future.result(_WAIT_S)
        except TimeoutError:
            continue
