"""Alpha from samples: which known foreground and background colours mix to the colour of a pixel.

Candidates are found along rays (Gastal and Oliveira 2010) and passed on between pixels at random
(He et al. 2011). Instead of keeping only the best pair, all pairs vote with the likelihood of their
colour error: the mean is the sampled alpha, the variance says how far to trust it.
"""

from __future__ import annotations

from concurrent.futures import Executor
from dataclasses import dataclass
from itertools import repeat

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway.engines.base import Trimap
from flyaway.engines.builtin.band import FOREGROUND, Band, Pixels
from flyaway.engines.builtin.progress import Tick

_RAYS = 8
_RAY_STEPS = 14
"""Steps of a ray; each is as long as the way to the nearest known pixel, so few are needed."""

_COLOUR_SIGMA = 0.02
"""Colour error expected of a right pair."""

_DISTANCE_WEIGHT = 0.5
"""Cost of a sample twice as far as the nearest known pixel."""

_PULL = 5e-5
"""Pull of a sampled alpha with a variance of 1."""

_OWN_VARIANCE = 0.01
"""Variance every sampled alpha has, beside what its pairs disagree."""

_TRUSTED_ERROR = 2 * _COLOUR_SIGMA**2
"""Squared colour error at which trust in a sample has fallen to 1/e."""

_CHUNK = 2048
"""Pixels worked on at once: all their pairs fit a core's cache."""

_SAMPLE_BLUR = 0.7

Floats = NDArray[np.float32]
Places = NDArray[np.int32]


def _spread(seed: int, reach_px: NDArray[np.float64], patterns: int) -> Places:
    """Random steps, turns x (y, x) x patterns, as far as each turn reaches."""
    steps = np.random.default_rng(seed).normal(0.0, 1.0, (reach_px.size, 2, patterns))
    return np.rint(steps * reach_px[:, None, None]).astype(np.int32)


_SHARED = _spread(0, np.linspace(1.0, 12.0, 32), 64)
"""Steps to the pixels whose pairs a pixel tries."""

_INHERITED = _spread(1, np.full(12, 1.5), 16)
"""Steps, in pixels of the coarser level, to the pairs that a pixel of a finer one tries."""


@dataclass(frozen=True, slots=True)
class Samples:
    """What sampling says of the N unknown pixels.

    Attributes:
        alpha: N, mean over the pairs that explain the colour.
        variance: N, how far those pairs disagree.
        error: N, squared colour error of the best pair.
    """

    alpha: Floats
    variance: Floats
    error: Floats

    def trust(self) -> Floats:
        """How strongly to pull to the sampled alpha, in the units of the matting Laplacian."""
        certain = np.exp(-self.error / np.float32(_TRUSTED_ERROR))
        return np.asarray(_PULL * certain / (_OWN_VARIANCE + self.variance), np.float32)


@dataclass(frozen=True, slots=True)
class Pairs:
    """The best pair of each unknown pixel of one level, for the levels below to try.

    Attributes:
        band: the N unknown pixels.
        foreground: Nx3.
        background: Nx3.
        factor: pixels of the level they were asked for to one of theirs.
    """

    band: Band
    foreground: Floats
    background: Floats
    factor: int


class _Votes:
    """Running mean and variance of alpha over pairs, weighted by likelihood, and the best pair."""

    def __init__(self, count: int) -> None:
        self.cost = np.full(count, 1e9, np.float32)
        self.error = np.zeros(count, np.float32)
        self.foreground = np.zeros(count, np.int32)
        self.background = np.zeros(count, np.int32)
        self.sums = np.zeros((3, count), np.float32)

    def add(self, span: slice, alpha: Floats, error: Floats, cost: Floats) -> NDArray[np.bool_]:
        """Count one more pair for each pixel of a span; tells where it is the best so far."""
        before = self.cost[span]
        better = cost < before
        lowest = np.minimum(cost, before)
        likelihood = np.exp(lowest - cost)
        sums = self.sums[:, span]
        sums *= np.exp(lowest - before)
        sums[0] += likelihood
        likelihood *= alpha
        sums[1] += likelihood
        likelihood *= alpha
        sums[2] += likelihood
        np.copyto(self.error[span], error, where=better)
        self.cost[span] = lowest
        return better

    def samples(self) -> Samples:
        """What the votes say."""
        total, first, second = self.sums
        mean = first / total
        return Samples(mean, np.maximum(second / total - mean * mean, 0.0), self.error)


class Sampler:
    """Samples one image; holds what all its chunks of pixels read."""

    def __init__(self, image: Pixels, trimap: Trimap, band: Band) -> None:
        self._band = band
        self._width = trimap.shape[1]
        self._height = trimap.shape[0]
        self._colours = image[band.rows, band.columns]
        self._known = _colours_and_places(
            np.asarray(cv2.GaussianBlur(image, (0, 0), _SAMPLE_BLUR), np.float32)
        )
        self._place = np.stack([band.rows, band.columns], axis=1).astype(np.float32)
        self._pattern = band.rows % 8 * 8 + band.columns % 8
        self._away_foreground, self._nearest_foreground = _nearest(trimap == FOREGROUND)
        self._away_background, self._nearest_background = _nearest(trimap == 0)
        self._reach_foreground = np.maximum(self._away_foreground[band.rows, band.columns], 1.0)
        self._reach_background = np.maximum(self._away_background[band.rows, band.columns], 1.0)
        self._votes = _Votes(len(band))

    def run(self, pool: Executor, tick: Tick) -> Samples:
        """Sample all pixels; the result does not depend on how many threads `pool` has."""
        spans = [
            slice(start, min(start + _CHUNK, len(self._band)))
            for start in range(0, len(self._band), _CHUNK)
        ]
        for done, _ in enumerate(pool.map(self._gather, spans)):
            tick(0.6 * done / len(spans))
        for turn, steps in enumerate(_SHARED):
            # All read what the round before found, so that the order of chunks does not matter.
            found = self._votes.foreground.copy(), self._votes.background.copy()
            list(pool.map(self._share, spans, repeat(steps), repeat(found)))
            tick(0.6 + 0.4 * turn / len(_SHARED))
        return self._votes.samples()

    def pairs(self, factor: int) -> Pairs:
        """The best pairs found by `run`, for a level `factor` times as large."""
        votes = self._votes
        colours = self._known[:, :3]
        return Pairs(self._band, colours[votes.foreground], colours[votes.background], factor)

    def _gather(self, span: slice) -> None:
        foreground = self._along_rays(span, self._away_foreground, self._nearest_foreground)
        background = self._along_rays(span, self._away_background, self._nearest_background)
        alpha, error, cost = self._judge(span, foreground[:, None], background[None])
        count = cost.shape[2]
        alpha, error, cost = (each.reshape(-1, count) for each in (alpha, error, cost))
        best, pixel = cost.argmin(axis=0), np.arange(count)
        votes = self._votes
        votes.cost[span] = cost[best, pixel]
        votes.error[span] = error[best, pixel]
        votes.foreground[span] = foreground[best // len(background), pixel]
        votes.background[span] = background[best % len(background), pixel]
        likelihood = np.exp(votes.cost[span] - cost)
        votes.sums[0, span] = likelihood.sum(axis=0)
        likelihood *= alpha
        votes.sums[1, span] = likelihood.sum(axis=0)
        likelihood *= alpha
        votes.sums[2, span] = likelihood.sum(axis=0)

    def _share(self, span: slice, steps: Places, found: tuple[Places, Places]) -> None:
        rows, columns = self._band.rows[span], self._band.columns[span]
        step_y, step_x = steps[:, self._pattern[span]]
        others = self._band.number[
            (rows + step_y).clip(0, self._height - 1), (columns + step_x).clip(0, self._width - 1)
        ]
        # Where the other pixel is known there is nothing to learn: try the own pair again.
        others = np.where(others < 0, np.arange(span.start, span.stop), others)
        foreground, background = found[0][others], found[1][others]
        alpha, error, cost = self._judge(span, foreground, background)
        better = self._votes.add(span, alpha, error, cost)
        np.copyto(self._votes.foreground[span], foreground, where=better)
        np.copyto(self._votes.background[span], background, where=better)

    def _judge(
        self, span: slice, foreground: Places, background: Places
    ) -> tuple[Floats, Floats, Floats]:
        """Alpha, squared colour error and cost of pairs, given as flat places of known pixels."""
        known_f, known_b = self._known[foreground], self._known[background]
        alpha, error = _mix(self._colours[span], known_f[..., :3], known_b[..., :3])
        far = self._distance(span, known_f, self._reach_foreground)
        far = far + self._distance(span, known_b, self._reach_background)
        cost = error * (1.0 / _COLOUR_SIGMA**2) + _DISTANCE_WEIGHT * far
        return alpha, error, cost

    def _distance(self, span: slice, known: Floats, reach: Floats) -> Floats:
        """How far samples are, in units of the way to the nearest one there is."""
        away = known[..., 3:] - self._place[span]
        return np.asarray(np.hypot(away[..., 0], away[..., 1]) / reach[span], np.float32)

    def _along_rays(self, span: slice, away: Floats, nearest: Places) -> Places:
        """The nearest known pixel and those that rays in all directions meet: (1 + rays) x M."""
        rows, columns = self._band.rows[span], self._band.columns[span]
        found = np.empty((_RAYS + 1, rows.size), np.int32)
        found[:] = nearest[rows, columns]
        # Neighbours look in slightly different directions, so together they see more.
        turn = (rows % 3 * 3 + columns % 3) / 9.0
        angles = (np.arange(_RAYS)[:, None] + turn).ravel() * (2 * np.pi / _RAYS)
        step_y, step_x = np.sin(angles).astype(np.float32), np.cos(angles).astype(np.float32)
        y, x = np.tile(rows, _RAYS).astype(np.float32), np.tile(columns, _RAYS).astype(np.float32)
        ray = np.arange(y.size)
        length = np.maximum(np.tile(away[rows, columns], _RAYS), 1.0)
        met = found[1:].reshape(-1)
        for _ in range(_RAY_STEPS):
            y += step_y * length
            x += step_x * length
            row, column = np.rint(y).astype(np.int32), np.rint(x).astype(np.int32)
            inside = (row >= 0) & (row < self._height) & (column >= 0) & (column < self._width)
            row *= inside
            column *= inside
            length = away[row, column]
            hit = inside & (length == 0)
            met[ray[hit]] = row[hit] * self._width + column[hit]
            left = np.flatnonzero(inside & ~hit)
            if not left.size:
                break
            y, x, step_y, step_x, ray = y[left], x[left], step_y[left], step_x[left], ray[left]
            length = np.maximum(length[left], 1.0)
        return found


def inherit(
    image: Pixels, band: Band, pairs: Pairs, origin: tuple[int, int], ratio: int
) -> Samples:
    """Sample a window of a finer level with the pairs of a coarser one.

    Args:
        image: HxWx3, the window's colours.
        band: its unknown pixels.
        pairs: of the coarser level.
        origin: the window's first row and column in its level.
        ratio: pixels of this level to one of the coarser.
    """
    top, left = origin
    number, own = pairs.band.number, image[band.rows, band.columns]
    rows, columns = (band.rows + top) // ratio, (band.columns + left) // ratio
    # One pattern of 16 repeats over the level, so a pixel tries the same in all windows it is in.
    turn = (band.rows + top) % 4 * 4 + (band.columns + left) % 4
    parent = number[rows, columns]
    votes = _Votes(len(band))
    for step_y, step_x in _INHERITED:
        others = number[
            (rows + step_y[turn]).clip(0, number.shape[0] - 1),
            (columns + step_x[turn]).clip(0, number.shape[1] - 1),
        ]
        others = np.where(others < 0, parent, others)
        alpha, error = _mix(own, pairs.foreground[others], pairs.background[others])
        cost = error * (1.0 / _COLOUR_SIGMA**2)
        votes.add(slice(None), alpha, error, cost)
    return votes.samples()


def _mix(own: Floats, foreground: Floats, background: Floats) -> tuple[Floats, Floats]:
    """Alpha and squared error of mixing two colours to the `own` one, over the last axis.

    With f and b the samples' colours seen from the pixel's own, everything follows from the products
    ff, bb and fb.
    """
    f, b = foreground - own, background - own
    ff, bb, fb = _dot(f, f), _dot(b, b), _dot(f, b)
    apart = ff + bb - 2.0 * fb
    apart += 1e-5
    along = bb - fb
    alpha = (along / apart).clip(0.0, 1.0)
    return alpha, np.maximum(bb - alpha * (2.0 * along - alpha * apart), 0.0)


def _dot(one: Floats, other: Floats) -> Floats:
    """Product over the last axis, of three: written out, for numpy's own sum is slow on so few."""
    product = one[..., 0] * other[..., 0]
    product += one[..., 1] * other[..., 1]
    product += one[..., 2] * other[..., 2]
    return product


def _colours_and_places(image: Pixels) -> Floats:
    """A row for each pixel: its colour, its row and its column, so that one look-up gives all."""
    rows, columns = np.indices(image.shape[:2], np.float32)
    return np.dstack([image, rows, columns]).reshape(-1, 5)


def _nearest(mask: NDArray[np.bool_]) -> tuple[Floats, Places]:
    """For each pixel the distance to the nearest True one of a mask that has some, and its place."""
    away, labels = cv2.distanceTransformWithLabels(
        (~mask).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    places = np.flatnonzero(mask)
    by_label = np.zeros(int(labels.max()) + 1, np.int32)
    by_label[labels.reshape(-1)[places]] = places
    return np.asarray(away, np.float32), by_label[np.asarray(labels, np.int32)]
