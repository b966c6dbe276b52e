"""Trimaps from what people and automatic engines give: files, partly selected pixels, an alpha."""

from __future__ import annotations

import math

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway.engines.contract import Inputs, Report, silent
from flyaway.errors import NoSubjectError
from flyaway.images.arrays import BACKGROUND, FOREGROUND, UNKNOWN, Alpha, Image, Trimap
from flyaway_client.wording import _

_SURE = 0.02
"""An automatic engine's alpha this near to 0 or 1 is taken as that."""

_REACH_SHARE = 0.006
_LEAST_REACH_PX = 3
"""How far around an automatic engine's uncertain pixels the fine one looks, as a share of the mean side."""

_MASK_DOUBT_SHARE, _MASK_REACH_SHARE = 0.008, 0.012
"""For masks of what was pointed at, as shares of the mean side: what is unknown around their doubts, and how far from their
edge the picture is looked at for more. Farther away hair is found that is none (`scripts/quality --pointed`)."""

_KNOWN_TOLERANCE = 5
"""Trimap files went through JPEG and resizing: this near to black or white is black or white."""


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
    return _kept(_doubted(alpha, _REACH_SHARE), known)


def _doubted(alpha: Alpha, reach_share: float) -> Trimap:
    """Unknown where an alpha is in doubt, and that share of the mean side around it."""
    height, width = alpha.shape
    is_found = (alpha >= 0.5).astype(np.uint8)
    outline = cv2.morphologyEx(is_found, cv2.MORPH_GRADIENT, np.ones((3, 3), np.uint8))
    is_sure = ((alpha <= _SURE) | (alpha >= 1 - _SURE)) & (outline == 0)
    reach_px = max(_LEAST_REACH_PX, round(reach_share * math.sqrt(width * height)))
    distance_px = cv2.distanceTransform(is_sure.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5)
    result = np.asarray(is_found * FOREGROUND, np.uint8)
    result[distance_px <= reach_px] = UNKNOWN
    return result


def from_mask(image: Image, alpha: Alpha, known: Inputs, report: Report = silent) -> Trimap:
    """The trimap for a fine engine from the rough mask of what was pointed at.

    Such masks are made at 256 pixels. Where one is unsure there may be hair, so that stays unknown; where it is sure of
    too much, the picture shows how far the edge reaches.

    Args:
        image: HxWx3.
        alpha: HxW, of the engine that was pointed with.
        known: what a trimap or a region says for certain stays so.
        report: told how far the look at the edge is; may raise CancelledError.
    """
    from flyaway.engines.builtin import outline  # deferred: brings torch

    result = _doubted(alpha, _MASK_DOUBT_SHARE)
    is_found = alpha >= 0.5
    if is_found.any() and not is_found.all():
        limit_px = _MASK_REACH_SHARE * math.sqrt(alpha.size)
        seen = outline.find(image, is_found, limit_px, 0.0, report, 1).trimap
        result[seen == UNKNOWN] = UNKNOWN
    return _kept(result, known)


def _kept(trimap: Trimap, known: Inputs) -> Trimap:
    """A trimap with what is certain put over it, in place."""
    if known.trimap is not None:
        np.copyto(trimap, known.trimap, where=known.trimap != UNKNOWN)
    if known.region is not None:
        trimap[~known.region] = BACKGROUND
    return trimap


def soft_trimap(levels: NDArray[np.uint8]) -> Trimap:
    """Selected is foreground, unselected background, anything between unknown: GIMP's own convention."""
    if not levels.any():
        raise nothing_selected()
    table = np.full(256, UNKNOWN, np.uint8)
    table[0], table[255] = BACKGROUND, FOREGROUND
    return _look_up(levels, table)


def nothing_selected() -> NoSubjectError:
    """The error for a selection without a pixel."""
    return NoSubjectError(
        _(
            "Nothing of this layer is selected. Select the subject, or select nothing at all to "
            "let it be found."
        )
    )


def _look_up(levels: NDArray[np.uint8], table: NDArray[np.uint8]) -> Trimap:
    return np.asarray(cv2.LUT(levels, table), np.uint8)
