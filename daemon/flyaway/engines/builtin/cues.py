"""What speaks for each pixel of a rectangle or ellipse being the subject that was drawn around.

The first cues need no idea of the subject: how unlike its surroundings a pixel is, how well enclosed, how sharp,
where. The second ones need one, and ask whose colours a pixel has.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway.engines.builtin import pyramid, saliency
from flyaway.engines.builtin.band import Pixels
from flyaway.engines.builtin.barrier import barriers
from flyaway.engines.builtin.likelihood import PLACE_WIDTH, Mask, chosen, density, features
from flyaway.engines.builtin.workers import Workers

_SAMPLES = 800
"""Pixels that stand for the surroundings, the core, or either side."""

_LEAST_DENSITY = 1e-4
_MOST_RATIO = 7.0

_STRIP_SHARE = 0.008
"""What is this near to the region's line still counts as outside, as a share of the picture's mean side."""

_CORE_SHARE = 0.6
"""Depth from which a region holds colours of the subject."""

_BLUR_PX = 0.7
_DETAIL_PX = 1.5
_DETAIL_SHARE = 0.02
"""Over how much detail is averaged, as a share of the picture's width."""

_LEAST_DETAIL = 0.2

Values = NDArray[np.float32]
"""HxW."""


@dataclass(frozen=True, slots=True)
class Around:
    """A region in a small picture, and what is around it.

    Attributes:
        picture: HxWx3.
        region: HxW, with at least one pixel.
        outside: HxW, what surely is not subject: beyond the region, or right inside its line.
        ring: HxW, what probably is not: also along the frame, but for the lower part.
        depth: HxW, how far inside the region, 1 at its deepest; the frame ends it.
    """

    picture: Pixels
    region: Mask
    outside: Mask
    ring: Mask
    depth: Values

    @classmethod
    def of(cls, picture: Pixels, region: Mask) -> Around:
        """Look around a region."""
        ring = ~region | ~saliency.inner(pyramid.bounds(region), region.shape)
        near_px = _STRIP_SHARE * math.sqrt(region.size)
        outside = ~region | (depth(region, cv2.BORDER_REPLICATE) < near_px)
        inside = depth(region, cv2.BORDER_CONSTANT)
        return cls(
            picture,
            region,
            outside if outside.any() else ring,
            ring,
            inside / max(float(inside.max()), 1.0),
        )


def depth(region: Mask, border: int) -> Values:
    """How far the pixels of a region are from its outside, with such a border beyond the picture."""
    padded = cv2.copyMakeBorder(region.view(np.uint8), 1, 1, 1, 1, border, value=0)
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1], np.float32)


def first(around: Around, workers: Workers) -> dict[str, Values]:
    """The cues that need no idea of the subject, by name."""
    lab = cv2.cvtColor(around.picture, cv2.COLOR_RGB2LAB)
    core = around.depth > _CORE_SHARE
    cues = {}
    for kind, width in (("near", PLACE_WIDTH), ("anywhere", math.inf)):
        points = features(around.picture, width)
        for name, mask, sign in (
            ("unlike_outside", around.outside, -1),
            ("unlike_ring", around.ring, -1),
            ("like_core", core, 1),
        ):
            found = _log_density(points, around.region, chosen(mask, _SAMPLES), workers)
            cues[f"{name}_{kind}"] = sign * found
    smooth = np.asarray(cv2.GaussianBlur(lab, (0, 0), _BLUR_PX), np.float32)
    cues["enclosed"] = np.log1p(barriers(smooth, around.outside))
    detail = _detail(np.ascontiguousarray(lab[..., 0]))
    cues["sharp"] = np.log(detail + _LEAST_DETAIL)
    cues["sharper"] = cues["sharp"] - np.float32(
        math.log(float(np.median(detail[around.outside])) + _LEAST_DETAIL)
    )
    cues["deep"] = np.sqrt(around.depth)
    cues["aside"], cues["low"] = _place(around.region)
    return cues


def _detail(light: Values) -> Values:
    """How much a picture's lightness, 0..100, varies around each pixel."""
    detail = np.abs(light - cv2.GaussianBlur(light, (0, 0), _DETAIL_PX))
    return np.asarray(
        cv2.GaussianBlur(detail, (0, 0), _DETAIL_SHARE * light.shape[1] + 0.1), np.float32
    )


def _place(region: Mask) -> tuple[Values, Values]:
    """How far from the middle of its box, squared, and how far down it a pixel is."""
    box = pyramid.bounds(region)
    y, x = np.mgrid[: region.shape[0], : region.shape[1]].astype(np.float32)
    aside = ((x - box.left) / box.shape[1] - 0.5) ** 2
    return np.asarray(aside, np.float32), np.asarray((y - box.top) / box.shape[0], np.float32)


def second(around: Around, share: Values, workers: Workers) -> dict[str, Values]:
    """Whose colours pixels have, by name: logarithms of the subject's density over the surroundings'.

    Args:
        around: the region.
        share: HxW, how probably a pixel is subject, 0..1, both some of them more than one half and less.
        workers: that compute.
    """
    probable = np.where(around.region, share, 0.0).ravel().astype(np.float64) - 0.5
    sides = [_drawn(side) for side in (probable.clip(0.0), (-probable).clip(0.0))]
    cues = {}
    for kind, width in (("near", PLACE_WIDTH), ("anywhere", math.inf)):
        points = features(around.picture, width)
        inside, outside = (_log_density(points, around.region, side, workers) for side in sides)
        cues[f"colours_{kind}"] = (inside - outside).clip(-_MOST_RATIO, _MOST_RATIO)
    return cues


def _drawn(weights: NDArray[np.float64]) -> NDArray[np.intp]:
    """Flat places drawn by weight, always the same."""
    return np.random.default_rng(0).choice(weights.size, _SAMPLES, p=weights / weights.sum())


def _log_density(
    points: NDArray[np.float32], asked: Mask, samples: NDArray[np.intp], workers: Workers
) -> Values:
    """The logarithm of the samples' density at each pixel asked for, 0 elsewhere: HxW."""
    queries = workers.tensor(points[np.flatnonzero(asked)])
    found = density(queries, workers.tensor(points[samples]), workers)
    result = np.zeros(asked.shape, np.float32)
    result[asked] = (found + _LEAST_DENSITY).log_().cpu().numpy()
    return result
