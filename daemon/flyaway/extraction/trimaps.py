"""From an editor's selection to what an engine needs: a trimap, a region, or nothing. The one place for it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway.engines.contract import Inputs
from flyaway.errors import NoSubjectError
from flyaway.images.arrays import BACKGROUND, FOREGROUND, UNKNOWN, Alpha, Samples, Trimap

EDGE_WIDTH_SHARE = 0.02
"""Default width of the unknown band on each side of an outline, as a share of the image's mean side."""

MIN_EDGE_WIDTH_PX = 3

_SURE = 0.02
"""An automatic engine's alpha this near to 0 or 1 is taken as that."""

_REACH_SHARE = 0.006
"""How far around an automatic engine's uncertain pixels the fine one looks, as a share of the mean side."""

_BAND_ROWS = 128

_KNOWN_TOLERANCE = 5
"""Trimap files went through JPEG and resizing: this near to black or white is black or white."""

_ANTIALIAS_PX = 3
"""Partly selected pixels that nowhere fill a square of this side are an outline's smooth edge."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What to hand to an engine; both None means that it must find the subject by itself.

    Attributes:
        trimap: HxW 0/128/255.
        region: HxW, True where the subject may be.
        kind: the meaning the selection was taken for: automatic, soft, outline, region or trimap.
    """

    trimap: Trimap | None
    region: NDArray[np.bool_] | None
    kind: str

    @property
    def is_known(self) -> bool:
        """Whether the trimap leaves nothing to find."""
        if self.trimap is None:
            return False
        bands = range(0, len(self.trimap), _BAND_ROWS)  # small enough for the cache
        return not any((self.trimap[top : top + _BAND_ROWS] == UNKNOWN).any() for top in bands)


def plan(
    selection: Samples | None,
    kind: str,
    edge_width_px: int | None,
    is_clear: NDArray[np.bool_] | None,
) -> Plan:
    """Turn a selection into a plan.

    Args:
        selection: HxW, uint8, uint16 or float32 0..1; None where the host has none.
        kind: one of flyaway_client.messages.SELECTION_KINDS.
        edge_width_px: width of the unknown band on each side of an outline; None scales it.
        is_clear: HxW, True where the layer is wholly transparent, which is known background.

    Raises:
        NoSubjectError: the selection leaves nothing to cut out, or nothing to cut it out of.
    """
    if is_clear is not None and is_clear.all():
        raise NoSubjectError("The layer is wholly transparent: there is nothing to cut out.")
    if selection is None or kind == "automatic":
        return Plan(None, None if is_clear is None else ~is_clear, "automatic")
    levels = _to_u8(selection)
    if kind == "guess":
        kind = "soft" if is_soft(levels) else "outline"
    if kind == "region":
        return Plan(None, _region(levels, is_clear), kind)
    if kind == "trimap":
        trimap = read_trimap(levels)
    elif kind == "soft":
        trimap = _soft_trimap(levels)
    else:
        trimap = _outline_trimap(levels, edge_width_px)
    if is_clear is not None:
        trimap[is_clear] = BACKGROUND
    return Plan(trimap, None, kind)


def is_soft(levels: NDArray[np.uint8]) -> bool:
    """Whether a selection's partly selected pixels mean something.

    Every lasso and ellipse of the editors has a rim of partly selected pixels, one or two wide, that
    only smooths its edge. Partly selected pixels are a trimap's unknown where they cover an area.
    """
    partly = ((levels > 0) & (levels < 255)).astype(np.uint8)
    return bool(cv2.erode(partly, np.ones((_ANTIALIAS_PX, _ANTIALIAS_PX), np.uint8)).any())


def read_trimap(levels: NDArray[np.uint8]) -> Trimap:
    """A trimap as met in the wild, its unknown of any grey: HxW 0/128/255."""
    table = np.full(256, UNKNOWN, np.uint8)
    table[: _KNOWN_TOLERANCE + 1] = BACKGROUND
    table[255 - _KNOWN_TOLERANCE :] = FOREGROUND
    return _look_up(levels, table)


def from_alpha(alpha: Alpha, known: Inputs) -> Trimap:
    """The trimap for a fine engine from what an automatic one found.

    Unknown is where the alpha is neither clearly 0 nor clearly 1, and a little around it: automatic
    engines look at a small copy of the photo, where a single hair does not show.

    Args:
        alpha: HxW, of the automatic engine.
        known: what a trimap or a region says for certain stays so.
    """
    height, width = alpha.shape
    is_found = (alpha >= 0.5).astype(np.uint8)
    outline = cv2.morphologyEx(is_found, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    is_sure = ((alpha <= _SURE) | (alpha >= 1 - _SURE)) & (outline == 0)
    reach_px = max(MIN_EDGE_WIDTH_PX, round(_REACH_SHARE * math.sqrt(width * height)))
    distance_px = cv2.distanceTransform(is_sure.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    result = np.asarray(is_found * FOREGROUND, np.uint8)
    result[distance_px <= reach_px] = UNKNOWN
    if known.trimap is not None:
        np.copyto(result, known.trimap, where=known.trimap != UNKNOWN)
    if known.region is not None:
        result[~known.region] = BACKGROUND
    return result


def default_edge_width_px(width: int, height: int) -> int:
    """The band's width on each side of an outline for an image of this size."""
    return max(MIN_EDGE_WIDTH_PX, round(EDGE_WIDTH_SHARE * math.sqrt(width * height)))


def _soft_trimap(levels: NDArray[np.uint8]) -> Trimap:
    """Selected is foreground, unselected background, anything between unknown: GIMP's own convention."""
    if not levels.any():
        raise _nothing_selected()
    table = np.full(256, UNKNOWN, np.uint8)
    table[0], table[255] = BACKGROUND, FOREGROUND
    return _look_up(levels, table)


def _outline_trimap(levels: NDArray[np.uint8], edge_width_px: int | None) -> Trimap:
    """A hard selection: unknown within the edge width of its outline, on both sides.

    Where the subject is thinner than that, the innermost half of it stays foreground, so that there
    is something to go by. The image's border is no outline.
    """
    is_selected = (levels >= 128).astype(np.uint8)
    if not is_selected.any():
        raise _nothing_selected()
    if is_selected.all():
        raise NoSubjectError(
            "The selection covers the whole layer. Select only the subject, or select nothing to let "
            "the subject be found."
        )
    height, width = levels.shape
    edge_px = min(edge_width_px or default_edge_width_px(width, height), width + height)
    left, top, box_width, box_height = cv2.boundingRect(is_selected)
    rows = slice(max(0, top - edge_px - 1), top + box_height + edge_px + 1)
    columns = slice(max(0, left - edge_px - 1), left + box_width + edge_px + 1)
    window = is_selected[rows, columns]
    inside_px = cv2.distanceTransform(window, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    outside_px = cv2.distanceTransform(1 - window, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    inner_px = min(float(edge_px), float(inside_px.max()) / 2)
    trimap = np.zeros(levels.shape, np.uint8)
    band = trimap[rows, columns]
    band[outside_px <= edge_px] = UNKNOWN
    band[inside_px > inner_px] = FOREGROUND
    return trimap


def _region(levels: NDArray[np.uint8], is_clear: NDArray[np.bool_] | None) -> NDArray[np.bool_]:
    region = levels >= 128
    if is_clear is not None:
        region &= ~is_clear
    if not region.any():
        raise _nothing_selected()
    return region


def _nothing_selected() -> NoSubjectError:
    return NoSubjectError(
        "Nothing of this layer is selected. Select the subject, or select nothing at all to let it be "
        "found."
    )


def _to_u8(selection: Samples) -> NDArray[np.uint8]:
    """Levels 0..255 such that only a wholly selected pixel gets 255, only an unselected one 0."""
    if selection.dtype == np.uint8:
        return selection
    full = 65535 if selection.dtype == np.uint16 else 1
    share = np.clip(np.nan_to_num(selection.astype(np.float32) / full), 0, 1)
    levels = np.clip(np.rint(share * 255), 1, 254)
    levels[share == 0] = 0
    levels[share == 1] = 255
    return levels.astype(np.uint8)


def _look_up(levels: NDArray[np.uint8], table: NDArray[np.uint8]) -> Trimap:
    return np.asarray(cv2.LUT(levels, table), np.uint8)
