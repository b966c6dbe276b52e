"""From a hand's outline to the unknown band along it: wide where hair leaves it, narrow where the edge is clean.

All is done on a small picture. Colours say where the subject goes on beyond the outline and where the outline
holds what is not subject; the band grows there, is solved, and shrinks to what that left open.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from flyaway.engines.builtin import pyramid
from flyaway.engines.builtin.band import Pixels
from flyaway.engines.builtin.beside import in_own_thread
from flyaway.engines.builtin.likelihood import Mask, log_ratio
from flyaway.engines.builtin.local import solve_band
from flyaway.engines.builtin.pyramid import Box
from flyaway.engines.builtin.workers import Workers
from flyaway.engines.contract import Report, part
from flyaway.engines.progress import spaced
from flyaway.images.arrays import BACKGROUND, FOREGROUND, UNKNOWN, Alpha, Image, Trimap

_SIDE = 320
"""Longest side of the small picture."""

_OUTWARD_SHARE, _INWARD_SHARE = 0.025, 0.014
"""Width of the band where nothing speaks for more, outside and inside, as a share of the mean side."""

_FEATHERED_SHARE = 0.06
"""The most that a feather widens it to."""

_FARTHEST_SHARE, _DEEPEST_SHARE = 0.2, 0.03
"""How far from the outline hair is looked for, and how deep inside background."""

_APART_SHARE = 0.03
"""Distance from the outline at which colours count as those of the surroundings, until hair is found there."""

_MARGIN_SHARE = 0.1
"""Surroundings that are looked at beyond all that, for their colours."""

_LIKELY = 1.5
"""By how much hair's colours must be likelier (logarithm) than three quarters of the surroundings."""

_LIKELY_BOUNDS = (-2.0, 2.0)
_ORDINARY = 0.75
_UNLIKELY = -3.0

_GAP_SHARE = 0.008
"""Hair may be interrupted so far."""

_ROOM_SHARE = 0.025
"""What is left unknown around hair."""

_OUTSIDE_PULL, _DOUBTFUL_SHARE = 3e-3, 0.03
"""Pull to background outside of the outline, in the units of the matting Laplacian, and how far from it that is
reached: without it whatever resembles the subject stays open, and some of it is solved wrongly."""

_CLEAR = 0.08
"""A coarse alpha this near to 0 or 1 is taken for it: a wide band leaves a haze where nothing is."""

_HAZE_RANGE = 0.25
_HAZE_PX = 2
"""A coarse alpha below one half that varies less than that around a pixel is haze too: hair has strands."""

_REACH_PX = 2
"""What stays unknown around a coarse alpha's open pixels, in pixels of the small picture."""


Distances = NDArray[np.float32]
"""HxW, pixels."""


@dataclass(frozen=True, slots=True)
class Edge:
    """The band along an outline.

    Attributes:
        trimap: HxW.
        width_px: how far the band reaches from the outline, at most.
    """

    trimap: Trimap
    width_px: int


@dataclass(frozen=True, slots=True)
class View:
    """What the coarse steps look at; lengths in pixels of the small picture.

    Attributes:
        picture: HxWx3.
        selected: HxW.
        inside_px: HxW, distance to the outside of the selection, 0 outside; the frame is no outside.
        outside_px: HxW, distance to the selection.
        unit_px: the mean side of the photo.
        limit_px: how far from the outline the band may reach.
        least_px: how far outward it reaches where nothing speaks for more.
    """

    picture: Pixels
    selected: Mask
    inside_px: Distances
    outside_px: Distances
    unit_px: float
    limit_px: float
    least_px: float

    @property
    def inward_px(self) -> float:
        """Half the band where nothing speaks for more; of a thin subject the middle stays."""
        return self._inward(_INWARD_SHARE)

    @property
    def deepest_px(self) -> float:
        """How deep in the selection background is looked for."""
        return self._inward(_DEEPEST_SHARE)

    def _inward(self, share: float) -> float:
        return min(max(1.5, share * self.unit_px), self.limit_px, float(self.inside_px.max()) / 2)

    @property
    def farthest_px(self) -> float:
        """How far from the selection hair is looked for."""
        return min(max(1.5, _FARTHEST_SHARE * self.unit_px), self.limit_px)


def find(
    image: Image,
    selected: Mask,
    limit_px: float | None,
    feather_px: float,
    report: Report,
    threads: int,
) -> Edge:
    """Find the band along an outline.

    Args:
        image: HxWx3.
        selected: HxW, with at least one pixel and not all of them.
        limit_px: how far from the outline the band may reach; None leaves it to the picture.
        feather_px: how far the selection was feathered, which hints at how wide the edge is.
        report: told how far it is.
        threads: that compute; the result does not depend on them.
    """
    workers = Workers(torch.device("cpu"), threads)
    return in_own_thread(
        lambda step: along(image, selected, limit_px, feather_px, workers, spaced(step)),
        report,
    )


def along(
    image: Image,
    selected: Mask,
    limit_px: float | None,
    feather_px: float,
    workers: Workers,
    report: Report,
) -> Edge:
    """Do what `find` does, in the calling thread."""
    box = _window(selected)
    view = _view(image, selected, box, _SIDE, limit_px, feather_px)
    report(0.1)
    wide = _wide(view, workers)
    report(0.3)
    solving = part(report, 0.3, 1.0)
    alpha = solve_band(view.picture, wide, workers, solving, _to_background(view)).alpha
    narrow = _narrowed(wide, _without_haze(alpha, view))
    trimap = np.zeros(selected.shape, np.uint8)
    size = (box.shape[1], box.shape[0])
    trimap[box.slices] = cv2.resize(narrow, size, interpolation=cv2.INTER_NEAREST)
    return Edge(trimap, _width_px(narrow, view, box))


def seen(image: Image, selected: Mask, side: int) -> View:
    """What there is to see of a selection in a small picture of `side`."""
    return _view(image, selected, _window(selected), side, None, 0.0)


def _window(selected: Mask) -> Box:
    """The part of the picture that matters to a selection."""
    height, width = selected.shape
    margin = round((_FARTHEST_SHARE + _MARGIN_SHARE) * math.sqrt(height * width))
    return pyramid.bounds(selected).grown(max(margin, 8), selected.shape)


def _view(
    image: Image,
    selected: Mask,
    box: Box,
    side: int,
    limit_px: float | None,
    feather_px: float,
) -> View:
    picture = pyramid.reduced(image, box, side)
    height, width = picture.shape[:2]
    levels = selected[box.slices].view(np.uint8) * np.uint8(255)
    share = cv2.resize(levels, (width, height), interpolation=cv2.INTER_AREA)
    # Less than half of each pixel where the selection is thinner than one.
    inside = share >= min(128, int(share.max()))
    scale = max(picture.shape) / max(box.shape)
    unit_px = scale * math.sqrt(selected.size)
    limit = math.inf if limit_px is None else max(1.5, limit_px * scale)
    hint_px = min(feather_px * scale, _FEATHERED_SHARE * unit_px)
    least_px = min(max(_OUTWARD_SHARE * unit_px, hint_px, 1.5), limit)
    return View(picture, inside, _depth(inside), _depth(~inside), unit_px, limit, least_px)


def _depth(mask: Mask) -> NDArray[np.float32]:
    """How far the pixels of a mask are from the others."""
    if mask.all():
        return np.full(mask.shape, sum(mask.shape), np.float32)
    return np.asarray(
        cv2.distanceTransform(mask.view(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE), np.float32
    )


def _wide(view: View, workers: Workers) -> Trimap:
    """A band that surely holds the edge."""
    selected = view.selected
    maybe_hair = ~selected & (view.outside_px <= view.farthest_px)
    # Of a thin part all would be rim, and none of its colours are known: nothing is taken from it.
    maybe_gone = _solid(selected, view.deepest_px) & (view.inside_px <= view.deepest_px)
    core = selected & (view.inside_px > view.deepest_px)
    around = view.outside_px > _APART_SHARE * view.unit_px
    if not around.any():
        around = ~selected
    ratio = log_ratio(view.picture, core, around, maybe_hair | maybe_gone, workers)
    likely = _likely_from(ratio[maybe_hair & around])
    gap_px = _GAP_SHARE * view.unit_px
    hair = _linked(maybe_hair & (ratio > likely), selected, gap_px)
    gone = _linked(maybe_gone & (ratio < _UNLIKELY), ~selected, gap_px)
    room_px = _ROOM_SHARE * view.unit_px
    is_open = _spread(hair, room_px) & maybe_hair | _spread(gone, room_px) & maybe_gone
    is_open |= np.where(
        selected, view.inside_px <= view.inward_px, view.outside_px <= view.least_px
    )
    trimap = np.where(selected, FOREGROUND, BACKGROUND).astype(np.uint8)
    trimap[is_open] = UNKNOWN
    return trimap


def _to_background(view: View) -> NDArray[np.float32]:
    """How strongly a hand's outline speaks for background: the more, the farther outside a pixel is."""
    away = view.outside_px / np.float32(_DOUBTFUL_SHARE * view.unit_px)
    return np.asarray(_OUTSIDE_PULL * away.clip(max=1.0), np.float32)


def _likely_from(surroundings: NDArray[np.float32]) -> float:
    """From which ratio a pixel counts as hair: where colours part subject and surroundings well, less will do."""
    lowest, highest = _LIKELY_BOUNDS
    if not surroundings.size:
        return highest
    return min(max(float(np.quantile(surroundings, _ORDINARY)) + _LIKELY, lowest), highest)


def _linked(mask: Mask, seed: Mask, gap_px: float) -> Mask:
    """Those pixels of a mask that hang together with a seed, over gaps twice as wide as given."""
    _, parts = cv2.connectedComponents((_spread(mask, gap_px) | seed).view(np.uint8))
    is_kept = np.zeros(int(parts.max()) + 1, bool)
    is_kept[parts[seed]] = True
    return mask & is_kept[parts]


def _solid(mask: Mask, radius_px: float) -> Mask:
    """Those parts of a mask that hold a disc."""
    return cv2.morphologyEx(mask.view(np.uint8), cv2.MORPH_OPEN, _disc(radius_px)).view(np.bool_)


def _spread(mask: Mask, radius_px: float) -> Mask:
    """A mask with a disc around each of its pixels."""
    return cv2.dilate(mask.view(np.uint8), _disc(radius_px)).view(np.bool_)


def _disc(radius_px: float) -> NDArray[np.uint8]:
    radius = max(1, round(radius_px))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * radius + 1, 2 * radius + 1))
    return np.asarray(disc, np.uint8)


def _without_haze(alpha: Alpha, view: View) -> Alpha:
    """A coarse alpha without the smooth grey that is left where colours do not tell."""
    around = np.ones((2 * _HAZE_PX + 1, 2 * _HAZE_PX + 1), np.uint8)
    is_smooth = cv2.dilate(alpha, around) - cv2.erode(alpha, around) < _HAZE_RANGE
    is_away = view.outside_px > view.least_px
    return np.where(is_smooth & is_away & (alpha < 0.5), 0.0, alpha).astype(np.float32)


def _narrowed(wide: Trimap, alpha: Alpha) -> Trimap:
    """The band without what its coarse solution left clear."""
    found = alpha >= 0.5
    outline = cv2.morphologyEx(found.view(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    is_open = ((alpha > _CLEAR) & (alpha < 1 - _CLEAR)) | (outline > 0)
    is_open &= wide == UNKNOWN
    trimap = np.where(found, FOREGROUND, BACKGROUND).astype(np.uint8)
    trimap[_spread(is_open, _REACH_PX)] = UNKNOWN
    return np.where(wide == UNKNOWN, trimap, wide)


def _width_px(trimap: Trimap, view: View, box: Box) -> int:
    """How far a band reaches from the outline, in pixels of the photo."""
    away = np.maximum(view.inside_px, view.outside_px)[trimap == UNKNOWN]
    return round(float(away.max(initial=0.0)) * max(box.shape) / max(trimap.shape))
