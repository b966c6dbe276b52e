"""Rectangles of images as slices: how large, around what, and one in the coordinates of another."""

from __future__ import annotations

import cv2
import numpy as np

from flyaway.images.arrays import Region

Window = tuple[slice, slice]
"""Rows and columns of an image, both ends given, without steps."""


def whole(shape: tuple[int, ...]) -> Window:
    """All of an image of a shape, height and width first."""
    return slice(0, shape[0]), slice(0, shape[1])


def around(region: Region) -> Window:
    """The smallest window that holds a region; where that is empty, an empty one."""
    left, top, width, height = cv2.boundingRect(region.view(np.uint8))
    return slice(top, top + height), slice(left, left + width)


def grown(window: Window, margin_px: int, shape: tuple[int, ...]) -> Window:
    """A window with a margin on each side, as far as an image of a shape has it."""
    rows, columns = (
        slice(max(span.start - margin_px, 0), min(span.stop + margin_px, size))
        for span, size in zip(window, shape, strict=False)
    )
    return rows, columns


def inside(window: Window, frame: Window) -> Window:
    """A window of an image in the coordinates of a part of it."""
    return _moved(window, frame, -1)


def outside(window: Window, frame: Window) -> Window:
    """A window of a part, which lies at `frame`, in the coordinates of the image."""
    return _moved(window, frame, 1)


def _moved(window: Window, frame: Window, sign: int) -> Window:
    rows, columns = (
        slice(span.start + sign * origin.start, span.stop + sign * origin.start)
        for span, origin in zip(window, frame, strict=True)
    )
    return rows, columns
