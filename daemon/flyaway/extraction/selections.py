"""What a selection is, seen from its levels alone: a box around a subject, an outline, a feathered one, a trimap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway.images.arrays import Samples

Levels = NDArray[np.uint8]
"""HxW: 255 only for a wholly selected pixel, 0 only for an unselected one."""

Mask = NDArray[np.bool_]

_ANTIALIAS_PX = 3
"""Partly selected pixels that nowhere fill a square of this side are an outline's smooth edge."""

_AREA_SHARE = 0.03
_AREA_LEVELS = slice(16, 240)
"""Painted greys have areas of one level, even where a soft brush leaves every level around them; a feather has such
areas at its ends alone, and a straight one few levels but none that fills a square."""

_FEATHER_LEAST_PX = 1.2
"""On each side of the outline, where it is measured and not seen; a smooth edge has half as much."""

_FILLED_SHARE = 0.985
"""A selection that fills this much of its box, or shares so much with an ellipse, was drawn as one."""

_SHAPE_LEAST_PX = 12
"""Sides from which a box is a box: any handful of pixels fills one."""

Form = Literal["nothing", "everything", "rectangle", "ellipse", "outline", "feathered", "painted"]


@dataclass(frozen=True, slots=True)
class Seen:
    """What a selection looks like.

    Attributes:
        form: painted is one with flat greys; all others but everything and nothing are told by their outline.
        selected: HxW, what is at least half selected.
        grey: HxW, the painted greys, without the smooth rim of what is selected; None where there are none.
        feather_px: how far a feather reaches on each side of the outline.
    """

    form: Form
    selected: Mask
    grey: Mask | None = None
    feather_px: float = 0.0


@dataclass(frozen=True, slots=True)
class Whole:
    """What is known of the selection that a small copy was made of.

    Attributes:
        partly_px: how many of its pixels are partly selected.
        scale: how many times as wide it is.
    """

    partly_px: int
    scale: float

    def feather_px(self, selected: Mask) -> float:
        """How far its feather reaches on each side, in its own pixels; `selected` is the small copy's."""
        return self.partly_px / (self.scale * _rim_px(selected))


def look(levels: Levels, whole: Whole | None = None) -> Seen:
    """Tell what a selection is.

    Args:
        levels: its, or those of a small copy.
        whole: what was measured before that was made: it no longer shows a narrow feather.
    """
    selected = levels >= 128
    partly = ((levels > 0) & (levels < 255)).view(np.uint8)
    square = np.ones((_ANTIALIAS_PX, _ANTIALIAS_PX), np.uint8)
    if cv2.erode(partly, square).any() or (
        whole is not None and whole.feather_px(selected) >= _FEATHER_LEAST_PX
    ):
        if _is_flat(levels):
            grey = cv2.morphologyEx(partly, cv2.MORPH_OPEN, square).view(np.bool_)
            return Seen("painted", selected, grey)
        if selected.any():
            feather_px = (
                int(np.count_nonzero(partly)) / _rim_px(selected)
                if whole is None
                else whole.feather_px(selected) / whole.scale
            )
            return Seen("feathered", selected, feather_px=feather_px)
    return Seen(_form(selected), selected)


def to_levels(selection: Samples) -> Levels:
    """Levels 0..255 such that only a wholly selected pixel gets 255, only an unselected one 0."""
    if selection.dtype == np.uint8:
        return selection
    full = 65535 if selection.dtype == np.uint16 else 1
    share = np.clip(np.nan_to_num(selection.astype(np.float32) / full), 0, 1)
    levels = np.clip(np.rint(share * 255), 1, 254)
    levels[share == 0] = 0
    levels[share == 1] = 255
    return levels.astype(np.uint8)


def _is_flat(levels: Levels) -> bool:
    """Whether what is partly selected was painted."""
    square = np.ones((_ANTIALIAS_PX, _ANTIALIAS_PX), np.uint8)
    is_even = cv2.dilate(levels, square) == cv2.erode(levels, square)
    areas = np.bincount(levels[is_even], minlength=256)[_AREA_LEVELS]
    partly = int(np.count_nonzero((levels > 0) & (levels < 255)))
    return bool(areas.max() >= _AREA_SHARE * partly)


def _rim_px(selected: Mask) -> int:
    """How many pixels lie along the outline, one on each side of it, so that a rim's share of them is half its width."""
    rim = cv2.morphologyEx(selected.view(np.uint8), cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    return max(int(np.count_nonzero(rim)), 1)


def _form(selected: Mask) -> Form:
    if not selected.any():
        return "nothing"
    if selected.all():
        return "everything"
    left, top, width, height = cv2.boundingRect(selected.view(np.uint8))
    if min(width, height) < _SHAPE_LEAST_PX:
        return "outline"
    inside = selected[top : top + height, left : left + width]
    if np.count_nonzero(inside) >= _FILLED_SHARE * inside.size:
        return "rectangle"
    axes = ((left + (width - 1) / 2, top + (height - 1) / 2), (width - 1, height - 1), 0.0)
    drawn = cv2.ellipse(np.zeros(selected.shape, np.uint8), axes, 1, cv2.FILLED)
    ellipse = np.asarray(drawn[top : top + height, left : left + width], np.uint8).view(np.bool_)
    shared = np.count_nonzero(ellipse & inside)
    return "ellipse" if shared >= _FILLED_SHARE * np.count_nonzero(ellipse | inside) else "outline"
