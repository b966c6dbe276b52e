"""A mask solved again in one place: what is solved there, and how it goes back into the mask."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway.engines.contract import Report
from flyaway.errors import NoSubjectError
from flyaway.images import encoding, rectangles
from flyaway.images.arrays import (
    BACKGROUND,
    FOREGROUND,
    UNKNOWN,
    Alpha,
    Image,
    Region,
    Samples,
    Trimap,
)
from flyaway.images.rectangles import Window
from flyaway_client.wording import _

_MARGIN_PX = 96
"""Around the place that is solved: an edge is told from what is beside it."""

_BAND_PX = 4
"""From a mask's edge, so far it may be wrong where strokes say what is hair."""

_LEAST_KNOWN = 0.1
"""Strokes that leave a smaller share of the subject are meant for its edge."""

_BLEND_PX = 24
"""Within so many pixels from the border of the place, the new values take over from the old."""


@dataclass(frozen=True, slots=True)
class Strokes:
    """What a person has said of single pixels, each HxW.

    Attributes:
        keep: surely subject.
        remove: surely background.
        unknown: to be found out.
    """

    keep: Region
    remove: Region
    unknown: Region

    @property
    def any(self) -> Region:
        """HxW, where there is one."""
        return self.keep | self.remove | self.unknown

    def within(self, window: Window) -> Strokes:
        """What they say of a window; views, not copies."""
        return Strokes(self.keep[window], self.remove[window], self.unknown[window])


@dataclass(frozen=True, slots=True)
class Refinement:
    """A mask, and the place in it that is solved again.

    Attributes:
        mask: HxW uint8, uint16 (full range) or float32 (0..1).
        window: the part of the image that is looked at.
        weight: hxw of the window, 0..1: how much of the new alpha goes into the mask.
        strokes: of the window; what they keep and remove always holds.
    """

    mask: Samples
    window: Window
    weight: NDArray[np.float32]
    strokes: Strokes

    def merged(self, alpha: Alpha) -> Samples:
        """The mask with the new alpha in its place; outside of that it is the same bit for bit.

        Args:
            alpha: hxw of the window, 0..1.
        """
        most = encoding.full(self.mask)
        merged = self.mask.copy()
        part = merged[self.window]
        old = np.nan_to_num(part.astype(np.float32) / most)
        new = old + self.weight * (alpha - old)
        new[self.strokes.keep], new[self.strokes.remove] = 1, 0
        values = new * most if most == 1 else np.rint(new * most)
        is_inside = (self.weight > 0) | self.strokes.keep | self.strokes.remove
        part[is_inside] = values[is_inside].astype(part.dtype)
        return merged


def plan(
    image: Image,
    mask: Samples,
    inside: Region | None,
    strokes: Strokes | None,
    edge_width_px: int | None,
    report: Report,
    threads: int = 1,
    *,
    inside_alone: bool = False,
) -> tuple[Refinement, Trimap]:
    """Find out what is to be solved again.

    Args:
        image: HxWx3.
        mask: HxW, the alpha as it is.
        inside: HxW, where it shall be solved again; None leaves that to the strokes.
        strokes: of the whole image; None where there are none.
        edge_width_px: how far from the mask's edge its unknown band may reach; None leaves it to the picture.
        report: told how far the look at the edge is.
        threads: that look at it; the result does not depend on them.
        inside_alone: where something is inside, strokes beside it tell what is there, but change nothing.

    Returns:
        The refinement, and the trimap of its window.

    Raises:
        NoSubjectError: no place is given.
    """
    nothing = np.zeros(mask.shape, np.bool_)
    drawn = strokes or Strokes(nothing, nothing, nothing)
    place = drawn.any if inside is None else inside if inside_alone else inside | drawn.any
    if not place.any():
        raise NoSubjectError(
            _("Nothing is selected: select the part of the mask that shall be refined.")
        )
    window = rectangles.grown(rectangles.around(place), _MARGIN_PX, place.shape)
    is_within = place[window]
    drawn = drawn.within(window)
    if inside is None or drawn.unknown.any():  # who draws says where hair is
        trimap = _soft(mask[window], _near_edge(mask[window]))
        if lost := _lost(trimap, drawn):
            by_picture = _trimap(image[window], mask[window], edge_width_px, report, threads)
            drawn = replace(drawn, unknown=drawn.unknown & ~np.isin(by_picture, lost))
    else:
        trimap = _trimap(image[window], mask[window], edge_width_px, report, threads)
        # Who draws around a lock wants what sticks out of the mask there; what is within it keeps its own band.
        trimap[inside[window] & (trimap == BACKGROUND)] = UNKNOWN
    trimap[drawn.unknown] = UNKNOWN
    trimap[drawn.keep], trimap[drawn.remove] = FOREGROUND, BACKGROUND
    if inside_alone:
        drawn = Strokes(drawn.keep & is_within, drawn.remove & is_within, drawn.unknown)
    return Refinement(mask, window, _weight(is_within), drawn), trimap


def nearer(mask: Samples) -> Trimap:
    """Each pixel of a mask as foreground or background, whichever it is nearer to."""
    is_subject = mask >= encoding.full(mask) / 2
    return np.where(is_subject, FOREGROUND, BACKGROUND).astype(np.uint8)


def _trimap(
    image: Image, mask: Samples, edge_width_px: int | None, report: Report, threads: int
) -> Trimap:
    """Unknown where the mask is soft, and along its edge as far as the picture says."""
    trimap = nearer(mask)
    selected = trimap == FOREGROUND
    if selected.any() and not selected.all():
        from flyaway.engines.builtin import outline  # deferred: brings torch

        trimap = outline.find(image, selected, edge_width_px, 0.0, report, threads).trimap
    return _soft(mask, trimap)


def _lost(trimap: Trimap, drawn: Strokes) -> list[int]:
    """Of subject and background, what hardly anything would be known of any more: nothing could be told from it.

    Nothing where that is the background alone: gaps between hair are drawn over whole.
    """
    left = trimap[~drawn.unknown]
    sure = {FOREGROUND: drawn.keep, BACKGROUND: drawn.remove}
    lost = [
        one
        for one, said in sure.items()
        if np.count_nonzero(left == one) < _LEAST_KNOWN * np.count_nonzero(trimap == one)
        and not said.any()
    ]
    return lost if FOREGROUND in lost else []


def _near_edge(mask: Samples) -> Trimap:
    """Unknown within a few pixels of the mask's edge, without a look at the picture: that takes too long to draw by."""
    trimap = nearer(mask)
    square = np.ones((2 * _BAND_PX + 1, 2 * _BAND_PX + 1), np.uint8)
    rim = cv2.morphologyEx(trimap, cv2.MORPH_GRADIENT, square)
    trimap[rim > 0] = UNKNOWN
    return trimap


def _soft(mask: Samples, trimap: Trimap) -> Trimap:
    """A trimap in which the mask's soft pixels are unknown too."""
    trimap[(mask > 0) & (mask < encoding.full(mask))] = UNKNOWN
    return trimap


def _weight(place: Region) -> NDArray[np.float32]:
    """0 outside of the place and 1 well inside, rising without a step; the picture's own frame is no border."""
    padded = np.pad(place, 1, mode="edge").view(np.uint8)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_5)[1:-1, 1:-1]
    reach = min(float(_BLEND_PX), max(float(depth.max()) / 2, 1.0))
    share = np.clip((depth - 1) / reach, 0, 1)  # the outermost pixels stay as they are
    return np.asarray(share * share * (3 - 2 * share), np.float32)
