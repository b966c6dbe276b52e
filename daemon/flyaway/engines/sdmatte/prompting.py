"""What a user gives as the network is shown it: a picture of the prompt, and coordinates beside it.

As upstream's data set makes them, at the size of what the network sees.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy import ndimage

from flyaway.engines.contract import Box, Point
from flyaway.images.arrays import Region, Trimap

MOST_POINTS = 10
"""The network was trained with so many."""

_DEVIATION_PX = 35.0
"""Of the spot that stands for a point, in a picture of 1024 pixels."""

Plane = NDArray[np.float32]

ALL = (0.0, 0.0, 1.0, 1.0)
"""Coordinates that say nothing."""


@dataclass(frozen=True, slots=True)
class Prompt:
    """What the network is shown beside a picture.

    Attributes:
        plane: HxW float32 -1..1, of the size of what it sees.
        coordinates: x and y of each point, or left, top, right and bottom, as shares of width and height.
        is_points: whether they are points.
        shuts_out: whether it must not look at places beside the plane's bright ones.
    """

    plane: Plane
    coordinates: tuple[float, ...] = ALL
    is_points: bool = False
    shuts_out: bool = False


def nothing(size: int) -> Prompt:
    """For a subject that the network finds by itself."""
    return Prompt(np.ones((size, size), np.float32))


def of_trimap(trimap: Trimap, size: int) -> Prompt:
    """A trimap HxW, -1, 0 and 1."""
    small = _nearest(trimap, size)
    return Prompt(np.sign(small.astype(np.float32) - 128))


def of_mask(mask: Region, size: int) -> Prompt:
    """A rough mask HxW of the subject."""
    small = _nearest(mask.view(np.uint8), size).astype(np.bool_)
    rows, columns = np.flatnonzero(small.any(1)), np.flatnonzero(small.any(0))
    if not len(rows):  # too small to be seen; upstream says the same of an empty mask
        return Prompt(np.full((size, size), -1, np.float32), shuts_out=True)
    corners = columns[0], rows[0], columns[-1], rows[-1]
    return Prompt(_bright(small), _shares(corners, size), shuts_out=True)


def of_boxes(boxes: Sequence[Box], height: int, width: int, size: int) -> Prompt:
    """Boxes in the pixels of a picture of a height and width; several are one mask."""
    mask = np.zeros((size, size), np.bool_)
    ends = []
    for left, top, right, bottom in boxes:
        (first, last), (upper, lower) = (
            _span(left, right, width, size),
            _span(top, bottom, height, size),
        )
        # upstream's boxes are without the last row and column
        mask[upper : max(lower, upper + 1), first : max(last, first + 1)] = True
        ends.append((first, upper, last, lower))
    left, top = (min(end[index] for end in ends) for index in (0, 1))
    right, bottom = (max(end[index] for end in ends) for index in (2, 3))
    return Prompt(_bright(mask), _shares((left, top, right, bottom), size), shuts_out=True)


def of_points(points: Sequence[Point], height: int, width: int, size: int) -> Prompt:
    """Points on the subject in the pixels of a picture; those beyond `MOST_POINTS` are not seen."""
    shown = np.zeros((size, size), np.float32)
    coordinates: list[float] = []
    for x, y in points[:MOST_POINTS]:
        column, row = _place(x, width, size), _place(y, height, size)
        spot = np.outer(_bell(row, size), _bell(column, size))
        np.maximum(shown, spot / spot.max(), out=shown)
        coordinates += [column / size, row / size]
    coordinates += [0.0] * (2 * MOST_POINTS - len(coordinates))
    return Prompt(shown * 2 - 1, tuple(coordinates), is_points=True, shuts_out=True)


def _nearest(plane: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    small = cv2.resize(np.ascontiguousarray(plane), (size, size), interpolation=cv2.INTER_NEAREST)
    return np.asarray(small, np.uint8)


def _bright(mask: Region) -> Plane:
    return mask.astype(np.float32) * 2 - 1


def _shares(corners: Sequence[int], size: int) -> tuple[float, ...]:
    return tuple(float(corner) / size for corner in corners)


def _span(first: float, last: float, have: int, size: int) -> tuple[int, int]:
    """The first and the last pixel of what the network sees, of those of a picture."""
    begin = int(min(max(first * size / have, 0), size - 1))
    return begin, max(begin, min(size, round((last + 1) * size / have)) - 1)


def _place(at: float, have: int, size: int) -> int:
    """The pixel of what the network sees in which a place of a picture lies."""
    return int(min(max((at + 0.5) * size / have, 0), size - 1))


def _bell(at: int, size: int) -> NDArray[np.float64]:
    """A spot along one side."""
    line = np.zeros(size)
    line[at] = 1
    return np.asarray(ndimage.gaussian_filter1d(line, _DEVIATION_PX * size / 1024))
