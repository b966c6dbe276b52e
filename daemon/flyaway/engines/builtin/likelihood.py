"""How much likelier a colour is in the subject than around it, by kernel densities of samples of both."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from flyaway.engines.builtin.band import Pixels
from flyaway.engines.builtin.workers import Workers

_SAMPLES = 1500
"""Known pixels of each side that stand for all of it."""

_COLOUR_WIDTH = 6.0
"""Width of the kernel, in units of CIE Lab."""

PLACE_WIDTH = 0.25
"""Width of the kernel, as a part of the picture's longer side: near samples count more."""

_LEAST_DENSITY = 1e-4
"""Of colours that neither side has: they say nothing."""

_AT_ONCE = 512
"""Pixels held against all samples at once: their distances fit a core's cache."""

_FARTHEST = -160.0
"""Negative squared distance beyond which all count alike: the exponentials of more are denormal, and slow to make."""

Mask = NDArray[np.bool_]


def log_ratio(
    picture: Pixels, foreground: Mask, background: Mask, asked: Mask, workers: Workers
) -> NDArray[np.float32]:
    """The logarithm of the density of each pixel's colour in the subject over that around it.

    Args:
        picture: HxWx3, some hundred pixels a side.
        foreground: HxW, True on what is subject, somewhere.
        background: HxW, True on what is not, somewhere.
        asked: HxW, the pixels to judge.
        workers: that compute.

    Returns:
        HxW, 0 where nothing was asked.
    """
    points = features(picture)
    queries = workers.tensor(points[np.flatnonzero(asked)])
    inside, outside = (
        density(queries, workers.tensor(points[chosen(mask, _SAMPLES)]), workers)
        for mask in (foreground, background)
    )
    ratio = ((inside + _LEAST_DENSITY) / (outside + _LEAST_DENSITY)).log_()
    result = np.zeros(asked.shape, np.float32)
    result[asked] = ratio.cpu().numpy()
    return result


def features(picture: Pixels, place_width: float = PLACE_WIDTH) -> NDArray[np.float32]:
    """Colour and place of every pixel, in widths of the kernel: Nx5.

    Args:
        picture: HxWx3.
        place_width: of the kernel, as a part of the picture's longer side; infinite if places do not count.
    """
    height, width = picture.shape[:2]
    lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB) / _COLOUR_WIDTH
    places = np.moveaxis(np.mgrid[:height, :width], 0, 2) / (place_width * max(height, width))
    return np.concatenate([lab, places], axis=2, dtype=np.float32).reshape(-1, 5)


def chosen(mask: Mask, most: int) -> NDArray[np.intp]:
    """Flat places of some True pixels of a mask, always the same."""
    places = np.flatnonzero(mask)
    if places.size <= most:
        return places
    return np.random.default_rng(0).choice(places, most, replace=False)


def density(queries: torch.Tensor, samples: torch.Tensor, workers: Workers) -> torch.Tensor:
    """Mean of a Gaussian kernel from each of N queries to all samples, both Nx5."""
    found = torch.empty(len(queries), device=queries.device)
    squares = (samples * samples).sum(dim=1)

    def look(span: slice) -> None:
        some = queries[span]
        closeness = (some @ samples.T).mul_(2.0).sub_(squares)
        closeness.sub_((some * some).sum(dim=1, keepdim=True)).clamp_(min=_FARTHEST, max=0.0)
        found[span] = closeness.mul_(0.5).exp_().mean(dim=1)

    with workers.pool() as pool:
        list(pool.map(look, workers.spans(len(queries), _AT_ONCE)))
    return found
