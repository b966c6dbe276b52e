"""What clicks and boxes may mean: prompts put together for a network, and its masks told from each other.

Knows no network. Masks are HxW of the image in small; places are in the pixels of the arrays that they lie in.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway.engines.contract import SIZES, Box, Candidate, Point, Prompts
from flyaway.errors import RequestError
from flyaway.images import rectangles
from flyaway.images.arrays import Alpha
from flyaway_client.wording import _

Mask = NDArray[np.bool_]

ALIKE = 0.9
"""Overlap (intersection over union) from which candidates are one and the same."""

SAME_THING = 0.5
"""Overlap from which a second look still means the same."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One question to a network.

    Attributes:
        keep, remove: points.
        box: around what is wanted, or None.
    """

    keep: tuple[Point, ...]
    remove: tuple[Point, ...] = ()
    box: Box | None = None


def asks(prompts: Prompts) -> Iterator[Ask]:
    """A question for each box, with the points in it, and one for points beside all boxes.

    Raises:
        RequestError: nothing says where the subject is.
    """
    if not prompts.keep and not prompts.boxes:
        raise RequestError(_("Point at the subject first: a click on it, or a box around it."))
    rest = list(prompts.keep)
    for box in prompts.boxes:
        inside = tuple(point for point in prompts.keep if _holds(box, point))
        rest = [point for point in rest if point not in inside]
        yield Ask(inside, prompts.remove, box)
    if rest:
        yield Ask(tuple(rest), prompts.remove)


def again(mask: Mask, click: Point) -> Ask:
    """A second question about what one click has shown: its box, and the point deepest in it.

    Only what hangs together with the click counts, if it lies in the mask at all. The mask is not empty.
    """
    _, parts = cv2.connectedComponents(mask.view(np.uint8), connectivity=8)
    column, row = (round(place) for place in click)
    inside = 0 <= row < mask.shape[0] and 0 <= column < mask.shape[1]
    part = int(parts[row, column]) if inside else 0
    own = parts == part if part else mask
    padded = np.pad(own.view(np.uint8), 1)
    depth = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    top, left = np.unravel_index(int(depth.argmax()), depth.shape)
    return Ask((click, (float(left), float(top))), box=box_of(own))


def box_of(mask: Mask) -> Box:
    """The smallest box around a mask that is not empty."""
    rows, columns = rectangles.around(mask)
    return float(columns.start), float(rows.start), columns.stop - 1.0, rows.stop - 1.0


def overlap(one: Mask, other: Mask) -> float:
    """Intersection over union, 1 for two empty masks."""
    union = int(np.count_nonzero(one | other))
    return int(np.count_nonzero(one & other)) / union if union else 1.0


def told_apart(masks: Sequence[Alpha], scores: Sequence[float]) -> tuple[int, ...]:
    """Which of the masks are candidates, the smallest first: of those that are alike the best. Empty ones are none."""
    found = [mask >= 0.5 for mask in masks]
    kept: list[int] = []
    for index in sorted(range(len(masks)), key=lambda index: -scores[index]):
        is_new = all(overlap(found[index], found[other]) < ALIKE for other in kept)
        if is_new and found[index].any():
            kept.append(index)
    return tuple(sorted(kept, key=lambda index: int(np.count_nonzero(found[index]))))


def named(masks: Sequence[Alpha], scores: Sequence[float]) -> tuple[Candidate, ...]:
    """Candidates, the smallest first, with their sizes."""
    names = {1: (SIZES[1],), 2: SIZES[::2], 3: SIZES}[len(masks)] if masks else ()
    triples = zip(masks, scores, names, strict=True)
    return tuple(Candidate(mask, min(max(s, 0.0), 1.0), name) for mask, s, name in triples)


def meant(candidates: Sequence[Candidate], size: str) -> int:
    """Which one a size means: that one, the nearest there is, or the one that fits best where none is said."""
    if not size:
        return max(range(len(candidates)), key=lambda index: candidates[index].score)
    wanted = SIZES.index(size)
    return min(range(len(candidates)), key=lambda i: abs(SIZES.index(candidates[i].size) - wanted))


def _holds(box: Box, point: Point) -> bool:
    left, top, right, bottom = box
    return left <= point[0] <= right and top <= point[1] <= bottom
