"""Solve the unknown band of one image that fits in memory."""

from __future__ import annotations

from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from flyaway.engines.builtin import pyramid
from flyaway.engines.builtin.band import Band, Pixels, known_alpha
from flyaway.engines.builtin.laplacian import matting_stencil
from flyaway.engines.builtin.neighbours import likeness
from flyaway.engines.builtin.pyramid import Box
from flyaway.engines.builtin.sampling import Pairs, Sampler, Samples, inherit
from flyaway.engines.builtin.solve import conjugate_gradients
from flyaway.engines.builtin.system import System, assemble
from flyaway.engines.builtin.workers import Workers
from flyaway.engines.contract import Report, part
from flyaway.images.arrays import FOREGROUND, UNKNOWN, Alpha, Trimap

FAINT = 1e-6
"""Least pull, so that a pixel nothing is known about has one answer."""

_TOLERANCE = 4e-4

_HAZE = 0.03
"""Alpha this close to 0 or 1 is taken for it: a linear solve leaves a haze where nothing is."""


@dataclass(frozen=True, slots=True)
class Solution:
    """A level that is solved: its alpha, HxW, and the sample pairs, where both sides are known."""

    alpha: Alpha
    pairs: Pairs | None = None


def solve_band(
    image: Pixels,
    trimap: Trimap,
    workers: Workers,
    report: Report,
    to_background: NDArray[np.float32] | None = None,
) -> Solution:
    """Solve an image in one piece.

    Args:
        image: HxWx3.
        trimap: HxW.
        workers: that solve it.
        report: told how far it is.
        to_background: HxW, how strongly each pixel is drawn to background, in the units of the matting Laplacian.
    """
    alpha = known_alpha(trimap)
    if not (trimap == UNKNOWN).any():
        return Solution(alpha)
    band = Band.of(trimap, workers.device)
    if (trimap == FOREGROUND).any() and (trimap == 0).any():
        with ThreadPoolExecutor(1) as beside, workers.pool() as pool:
            # The search for neighbours is one long call: let it run beside the others.
            search = beside.submit(likeness, image, trimap, alpha, workers, part(report, 0.0, 0.5))
            system = local_system(image, band, alpha, workers, part(report, 0.0, 0.2))
            samples, pairs = _sampled(image, trimap, band, workers, pool, part(report, 0.2, 0.7))
            system = system.joined(search.result())
        prior, weight = samples.alpha, samples.trust() + FAINT
    else:
        pairs = None
        system = local_system(image, band, alpha, workers, part(report, 0.0, 0.7))
        prior = torch.full_like(system.rhs, float((trimap == FOREGROUND).any()))
        weight = torch.full_like(prior, FAINT)
    if to_background is not None:
        more = workers.tensor(to_background[trimap == UNKNOWN])
        prior = prior * weight / (weight + more)
        weight = weight + more
    system = system.pulled(prior, weight)
    found = conjugate_gradients(system, prior, _TOLERANCE, part(report, 0.7, 1.0))
    alpha[trimap == UNKNOWN] = cleared(found)
    return Solution(alpha, pairs)


def local_system(
    image: Pixels, band: Band, known: Alpha, workers: Workers, report: Report
) -> System:
    """What the windows of the matting Laplacian ask of a band, `known` being the alpha around it."""
    stencil = matting_stencil(workers.tensor(image), band, workers, report)
    return assemble(stencil, band, workers.tensor(known), workers)


def _sampled(
    image: Pixels, trimap: Trimap, band: Band, workers: Workers, pool: Executor, report: Report
) -> tuple[Samples, Pairs]:
    """Sample at half the size, then try the pairs found there at full size.

    The errors of the whole solution are 1 to 3 % above those of sampling at full size.
    """
    height, width = pyramid.level_shape(trimap.shape, 2)
    whole = Box(0, height, 0, width)
    half = pyramid.trimap(trimap, 2, whole)
    if (half == FOREGROUND).any() and (half == 0).any():
        sampler = Sampler(pyramid.pixels(image, 2, whole), half, workers)
        sampler.run(pool, part(report, 0.0, 0.8))
        pairs = sampler.pairs(2)
        return inherit(workers.tensor(image), band, pairs, (0, 0), 2), pairs
    # What is known is too thin to be seen at half the size.
    sampler = Sampler(image, trimap, workers)
    return sampler.run(pool, report), sampler.pairs(1)


def cleared(alpha: torch.Tensor) -> NDArray[np.float32]:
    """A solved alpha without its haze, cut to 0..1."""
    return ((alpha - _HAZE) / (1 - 2 * _HAZE)).clamp(0.0, 1.0).cpu().numpy()
