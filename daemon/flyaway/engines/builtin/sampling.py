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
import torch
from numpy.typing import NDArray

from flyaway.engines.builtin.band import Band, Pixels
from flyaway.engines.builtin.workers import Workers
from flyaway.engines.contract import Report
from flyaway.images.arrays import FOREGROUND, Trimap

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

_GATHERED = 4096
_PASSED_ON = 16384
"""Pixels worked on at once, with all their pairs and with one: what they need fits a core's cache."""

_SAMPLE_BLUR = 0.7


def _spread(seed: int, reach_px: NDArray[np.float64], patterns: int) -> torch.Tensor:
    """Random steps, turns x (y, x) x patterns, as far as each turn reaches."""
    steps = np.random.default_rng(seed).normal(0.0, 1.0, (reach_px.size, 2, patterns))
    return torch.from_numpy(np.rint(steps * reach_px[:, None, None]).astype(np.int64))


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

    alpha: torch.Tensor
    variance: torch.Tensor
    error: torch.Tensor

    def trust(self) -> torch.Tensor:
        """How strongly to pull to the sampled alpha, in the units of the matting Laplacian."""
        return _PULL * (self.error / -_TRUSTED_ERROR).exp() / (_OWN_VARIANCE + self.variance)


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
    foreground: torch.Tensor
    background: torch.Tensor
    factor: int


class _Votes:
    """Running mean and variance of alpha over pairs, weighted by likelihood, and the best pair."""

    def __init__(self, count: int, device: torch.device) -> None:
        self.cost = torch.full((count,), 1e9, device=device)
        self.error = torch.zeros(count, device=device)
        self.foreground = torch.zeros(count, dtype=torch.int64, device=device)
        self.background = torch.zeros(count, dtype=torch.int64, device=device)
        self.sums = torch.zeros(3, count, device=device)

    def add(
        self, span: slice, alpha: torch.Tensor, error: torch.Tensor, cost: torch.Tensor
    ) -> torch.Tensor:
        """Count one more pair for each pixel of a span; tells where it is the best so far."""
        before = self.cost[span]
        better = cost < before
        lowest = torch.minimum(cost, before)
        likelihood = (lowest - cost).exp_()
        sums = self.sums[:, span]
        sums *= (lowest - before).exp_()
        sums[0] += likelihood
        likelihood *= alpha
        sums[1] += likelihood
        likelihood *= alpha
        sums[2] += likelihood
        self.error[span] = torch.where(better, error, self.error[span])
        self.cost[span] = lowest
        return better

    def samples(self) -> Samples:
        """What the votes say."""
        total, first, second = self.sums
        mean = first / total
        return Samples(mean, (second / total - mean * mean).clamp_(min=0.0), self.error)


class Sampler:
    """Samples one image; holds what all its chunks of pixels read."""

    def __init__(self, image: Pixels, trimap: Trimap, workers: Workers) -> None:
        device = workers.device
        self._band = band = Band.of(trimap, device)
        self._workers = workers
        self._height, self._width = trimap.shape
        self._colours = workers.tensor(image)[band.rows, band.columns]
        blurred = np.asarray(cv2.GaussianBlur(image, (0, 0), _SAMPLE_BLUR), np.float32)
        self._known = _colours_and_places(workers.tensor(blurred))
        self._place = torch.stack([band.rows, band.columns], dim=1).float()
        self._pattern = band.rows % 8 * 8 + band.columns % 8
        self._shared = _SHARED.to(device)
        self._away_foreground, self._nearest_foreground = _nearest(trimap == FOREGROUND, workers)
        self._away_background, self._nearest_background = _nearest(trimap == 0, workers)
        self._reach_foreground = self._away_foreground[band.rows, band.columns].clamp(min=1.0)
        self._reach_background = self._away_background[band.rows, band.columns].clamp(min=1.0)
        self._votes = _Votes(len(band), device)

    def run(self, pool: Executor, report: Report) -> Samples:
        """Sample all pixels; the result does not depend on how many threads `pool` has."""
        spans = self._workers.spans(len(self._band), _GATHERED)
        for done, _ in enumerate(pool.map(self._gather, spans)):
            report(0.6 * done / len(spans))
        spans = self._workers.spans(len(self._band), _PASSED_ON)
        for turn, steps in enumerate(self._shared):
            # All read what the round before found, so that the order of chunks does not matter.
            found = self._votes.foreground.clone(), self._votes.background.clone()
            list(pool.map(self._share, spans, repeat(steps), repeat(found)))
            report(0.6 + 0.4 * turn / len(self._shared))
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
        alpha, error, cost = (each.flatten(0, 1) for each in (alpha, error, cost))
        lowest, best = cost.min(dim=0, keepdim=True)
        votes = self._votes
        votes.cost[span] = lowest[0]
        votes.error[span] = error.gather(0, best)[0]
        votes.foreground[span] = foreground.gather(0, best // len(background))[0]
        votes.background[span] = background.gather(0, best % len(background))[0]
        likelihood = (lowest - cost).exp_()
        for moment in range(3):
            votes.sums[moment, span] = likelihood.sum(dim=0)
            likelihood *= alpha

    def _share(
        self, span: slice, steps: torch.Tensor, found: tuple[torch.Tensor, torch.Tensor]
    ) -> None:
        rows, columns = self._band.rows[span], self._band.columns[span]
        step_y, step_x = steps[:, self._pattern[span]]
        others = self._band.number[
            (rows + step_y).clamp_(0, self._height - 1),
            (columns + step_x).clamp_(0, self._width - 1),
        ]
        # Where the other pixel is known there is nothing to learn: try the own pair again.
        own = torch.arange(span.start, span.stop, device=others.device)
        others = others.where(others >= 0, own)
        foreground, background = found[0][others], found[1][others]
        better = self._votes.add(span, *self._judge(span, foreground, background))
        for kept, tried in (
            (self._votes.foreground, foreground),
            (self._votes.background, background),
        ):
            kept[span] = tried.where(better, kept[span])

    def _judge(
        self, span: slice, foreground: torch.Tensor, background: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
        """Alpha, squared colour error and cost of pairs, given as flat places of known pixels."""
        known_f, known_b = self._known[foreground], self._known[background]
        alpha, error = _mix(self._colours[span], known_f[..., :3], known_b[..., :3])
        far = self._distance(span, known_f, self._reach_foreground)
        far = far + self._distance(span, known_b, self._reach_background)
        cost = error * (1.0 / _COLOUR_SIGMA**2) + _DISTANCE_WEIGHT * far
        return alpha, error, cost

    def _distance(self, span: slice, known: torch.Tensor, reach: torch.Tensor) -> torch.Tensor:
        """How far samples are, in units of the way to the nearest one there is."""
        away = known[..., 3:] - self._place[span]
        y, x = away.unbind(dim=-1)
        return (y * y).addcmul_(x, x).sqrt_() / reach[span]

    def _along_rays(self, span: slice, away: torch.Tensor, nearest: torch.Tensor) -> torch.Tensor:
        """The nearest known pixel and those that rays in all directions meet: (1 + rays) x M."""
        rows, columns = self._band.rows[span], self._band.columns[span]
        found = nearest[rows, columns].repeat(_RAYS + 1, 1)
        # Neighbours look in slightly different directions, so together they see more.
        turn = (rows % 3 * 3 + columns % 3) / 9.0
        rays = torch.arange(_RAYS, device=rows.device)[:, None]
        angles = (rays + turn).flatten() * (2 * np.pi / _RAYS)
        step_y, step_x = angles.sin(), angles.cos()
        y, x = rows.repeat(_RAYS).float(), columns.repeat(_RAYS).float()
        ray = torch.arange(len(y), device=rows.device)
        length = away[rows, columns].repeat(_RAYS).clamp_(min=1.0)
        met, flat = found[1:].view(-1), away.view(-1)
        for _ in range(_RAY_STEPS):
            y += step_y * length
            x += step_x * length
            row, column = y.round(), x.round()
            inner_row = row.clamp(0, self._height - 1)
            inner_column = column.clamp(0, self._width - 1)
            inside = (row == inner_row) & (column == inner_column)
            place = inner_row.long() * self._width + inner_column.long()
            length = flat[place]
            hit = inside & (length == 0)
            met[ray[hit]] = place[hit]
            left = (inside & ~hit).nonzero()[:, 0]
            if not len(left):
                break
            y, x, step_y, step_x, ray = y[left], x[left], step_y[left], step_x[left], ray[left]
            length = length[left].clamp_(min=1.0)
        return found


def inherit(
    colours: torch.Tensor, band: Band, pairs: Pairs, origin: tuple[int, int], ratio: int
) -> Samples:
    """Sample a window of a finer level with the pairs of a coarser one.

    Args:
        colours: HxWx3, the window's.
        band: its unknown pixels.
        pairs: of the coarser level.
        origin: the window's first row and column in its level.
        ratio: pixels of this level to one of the coarser.
    """
    top, left = origin
    number, own = pairs.band.number, colours[band.rows, band.columns]
    rows, columns = (band.rows + top) // ratio, (band.columns + left) // ratio
    # One pattern of 16 repeats over the level, so a pixel tries the same in all windows it is in.
    turn = (band.rows + top) % 4 * 4 + (band.columns + left) % 4
    parent = number[rows, columns]
    votes = _Votes(len(band), colours.device)
    for step_y, step_x in _INHERITED.to(colours.device):
        others = number[
            (rows + step_y[turn]).clamp_(0, number.shape[0] - 1),
            (columns + step_x[turn]).clamp_(0, number.shape[1] - 1),
        ]
        others = others.where(others >= 0, parent)
        alpha, error = _mix(own, pairs.foreground[others], pairs.background[others])
        votes.add(slice(None), alpha, error, error * (1.0 / _COLOUR_SIGMA**2))
    return votes.samples()


def _mix(
    own: torch.Tensor, foreground: torch.Tensor, background: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor]:
    """Alpha and squared error of mixing two colours to the `own` one, over the last axis.

    With f and b the samples' colours seen from the pixel's own, everything follows from the products
    ff, bb and fb.
    """
    f, b = foreground - own, background - own
    ff, bb, fb = _dot(f, f), _dot(b, b), _dot(f, b)
    apart = ff + bb - 2.0 * fb + 1e-5
    along = bb - fb
    alpha = (along / apart).clamp_(0.0, 1.0)
    return alpha, (bb - alpha * (2.0 * along - alpha * apart)).clamp_(min=0.0)


def _dot(one: torch.Tensor, other: torch.Tensor) -> torch.Tensor:
    """Product over the last axis, of three: written out, for a sum over so few is slow."""
    product = one[..., 0] * other[..., 0]
    product.addcmul_(one[..., 1], other[..., 1])
    return product.addcmul_(one[..., 2], other[..., 2])


def _colours_and_places(image: torch.Tensor) -> torch.Tensor:
    """A row for each pixel: its colour, its row and its column, so that one look-up gives all."""
    height, width = image.shape[:2]
    rows = torch.arange(height, device=image.device, dtype=image.dtype)
    columns = torch.arange(width, device=image.device, dtype=image.dtype)
    places = torch.stack(torch.meshgrid(rows, columns, indexing="ij"), dim=2)
    return torch.cat([image, places], dim=2).view(-1, 5)


def _nearest(mask: NDArray[np.bool_], workers: Workers) -> tuple[torch.Tensor, torch.Tensor]:
    """For each pixel the distance to the nearest True one of a mask that has some, and its place."""
    away, labels = cv2.distanceTransformWithLabels(
        (~mask).view(np.uint8), cv2.DIST_L2, 5, labelType=cv2.DIST_LABEL_PIXEL
    )
    places = np.flatnonzero(mask)
    by_label = np.zeros(int(labels.max()) + 1, np.int64)
    by_label[labels.reshape(-1)[places]] = places
    return workers.tensor(np.asarray(away, np.float32)), workers.tensor(by_label[labels])
