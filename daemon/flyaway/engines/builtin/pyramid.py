"""Windows of an image and its trimap at powers of two of its size, read as they are needed.

A pixel of level f stands for f x f pixels of the image; blocks that hang over the edge repeat it. Only
the windows asked for are ever turned to float, so memory does not grow with the image.
"""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway.engines.builtin.band import Pixels, grown
from flyaway.images import encoding, rectangles
from flyaway.images.arrays import FOREGROUND, UNKNOWN, Image, Trimap

_STRIP_PIXELS = 1 << 21
"""Image pixels turned to float at once."""

_UNKNOWN_SHARE = UNKNOWN / FOREGROUND
_ROUNDING = 1e-5
"""The mean of a block that is unknown all over, and how much of a difference is none."""

_THIN_AT_ONCE = 1 << 12
"""Pixels of a level whose blocks are looked into at once."""


@dataclass(frozen=True, slots=True)
class Box:
    """Rows top..bottom and columns left..right of a level, ends excluded."""

    top: int
    bottom: int
    left: int
    right: int

    @property
    def shape(self) -> tuple[int, int]:
        """Height and width."""
        return self.bottom - self.top, self.right - self.left

    @property
    def slices(self) -> tuple[slice, slice]:
        """To cut the box out of an array of its level."""
        return slice(self.top, self.bottom), slice(self.left, self.right)

    def aligned(self, step: int) -> Box:
        """The box begun so much earlier that its top and left are multiples of `step`."""
        return Box(
            self.top - self.top % step, self.bottom, self.left - self.left % step, self.right
        )

    def grown(self, margin: int, shape: tuple[int, ...]) -> Box:
        """The box with `margin` pixels more on each side, within an array of `shape`."""
        return Box(
            max(self.top - margin, 0),
            min(self.bottom + margin, shape[0]),
            max(self.left - margin, 0),
            min(self.right + margin, shape[1]),
        )


def level_shape(shape: tuple[int, ...], factor: int) -> tuple[int, int]:
    """Height and width of a level of an image of `shape`."""
    return -(-shape[0] // factor), -(-shape[1] // factor)


def pixels(image: Image, factor: int, box: Box) -> Pixels:
    """The colours of a window of a level."""
    return _in_strips(image, factor, box)


def trimap(full: Trimap, factor: int, box: Box) -> Trimap:
    """A window of a level of a trimap: unknown wherever not all pixels agree."""
    if factor == 1:
        return full[box.slices]
    return _agreed(_in_strips(full, factor, box))


def whole(image: Image, full: Trimap, factor: int) -> tuple[Pixels, Trimap]:
    """A whole level of an image and its trimap, for a first solution.

    What is known but thinner than a pixel of the level, with nothing of its kind beside it, is not lost:
    such a pixel is known and has the colour of what is known in it.
    """
    height, width = level_shape(full.shape, factor)
    box = Box(0, height, 0, width)
    colours = pixels(image, factor, box)
    if factor == 1:
        return colours, full
    share = _in_strips(full, factor, box)
    known = _agreed(share)
    for value, leans in (
        (FOREGROUND, share > _UNKNOWN_SHARE + _ROUNDING),
        (0, share < _UNKNOWN_SHARE - _ROUNDING),
    ):
        is_thin = leans & (known == UNKNOWN) & ~grown(known == value, 1)
        rows, columns = np.nonzero(is_thin)
        for start in range(0, rows.size, _THIN_AT_ONCE):
            some = slice(start, start + _THIN_AT_ONCE)
            _show_thin(image, full, factor, value, (rows[some], columns[some]), colours, known)
    return colours, known


def reduced(image: Image, box: Box, side: int) -> Pixels:
    """A part of the image with `side` as its longest, or as it is where it is smaller."""
    cut = image[box.slices]
    scale = min(1.0, side / max(box.shape))
    factor = 1
    while scale * factor < 0.25:
        factor *= 2
    height, width = level_shape(cut.shape, factor)
    colours = pixels(cut, factor, Box(0, height, 0, width))
    size = (max(1, round(box.shape[1] * scale)), max(1, round(box.shape[0] * scale)))
    return np.asarray(cv2.resize(colours, size, interpolation=cv2.INTER_AREA), np.float32)


def means(values: NDArray[np.float32], factor: int, box: Box) -> NDArray[np.float32]:
    """A window of a level of floats, an alpha or colours, whatever their range."""
    return _shrunk(values[_covered(box, factor)].copy(), factor, box)


def enlarged(
    coarse: NDArray[np.float32], window: Box, interpolation: int, factor: int = 2
) -> NDArray[np.float32]:
    """The part of a level, HxW or HxWx3, under a window of the level of `factor` times its size."""
    source = Box(
        window.top // factor,
        -(-window.bottom // factor),
        window.left // factor,
        -(-window.right // factor),
    ).grown(2, coarse.shape[:2])
    cut = coarse[source.slices]
    size = (cut.shape[1] * factor, cut.shape[0] * factor)
    larger = cv2.resize(cut, size, interpolation=interpolation)
    top, left = window.top - factor * source.top, window.left - factor * source.left
    return np.asarray(
        larger[top : top + window.shape[0], left : left + window.shape[1]], np.float32
    )


def bounds(mask: NDArray[np.bool_]) -> Box:
    """The smallest box around the True pixels of a mask that has some."""
    rows, columns = np.flatnonzero(mask.any(axis=1)), np.flatnonzero(mask.any(axis=0))
    return Box(int(rows[0]), int(rows[-1]) + 1, int(columns[0]), int(columns[-1]) + 1)


def _in_strips(full: Image | Trimap, factor: int, box: Box) -> NDArray[np.float32]:
    """A window of a level as floats of 0..1, turned from few pixels of the image at a time."""
    across = max(1, min(box.shape[1], _STRIP_PIXELS // factor**2))
    down = max(1, _STRIP_PIXELS // (factor**2 * across))
    pieces = [
        Box(top, min(top + down, box.bottom), left, min(left + across, box.right))
        for top in range(box.top, box.bottom, down)
        for left in range(box.left, box.right, across)
    ]
    if len(pieces) == 1:
        return _shrunk(_floats(full[_covered(box, factor)]), factor, box)
    result = np.empty((*box.shape, *full.shape[2:]), np.float32)
    for piece in pieces:
        inner = rectangles.inside(piece.slices, box.slices)
        result[inner] = _shrunk(_floats(full[_covered(piece, factor)]), factor, piece)
    return result


def _covered(box: Box, factor: int) -> tuple[slice, slice]:
    """The pixels of the image under a window of a level."""
    return (
        slice(box.top * factor, box.bottom * factor),
        slice(box.left * factor, box.right * factor),
    )


def _agreed(share: NDArray[np.float32]) -> Trimap:
    """The trimap of a level, from the means of its blocks as floats of 0..1."""
    # Factors are powers of two, so the mean of equal values is exact.
    return np.where(share == 0, 0, np.where(share == 1, FOREGROUND, UNKNOWN)).astype(np.uint8)


def _show_thin(
    image: Image,
    full: Trimap,
    factor: int,
    value: int,
    places: tuple[NDArray[np.intp], NDArray[np.intp]],
    colours: Pixels,
    known: Trimap,
) -> None:
    """Set those pixels of a level, at M `places`, that hold `value` and nothing else that is known."""
    inner = np.arange(factor)
    rows = (places[0][:, None] * factor + inner).clip(max=full.shape[0] - 1)[:, :, None]
    columns = (places[1][:, None] * factor + inner).clip(max=full.shape[1] - 1)[:, None, :]
    blocks = full[rows, columns]
    is_value = blocks == value
    is_clear = (is_value | (blocks == UNKNOWN)).all(axis=(1, 2))
    weights = is_value[..., None].astype(np.float32)
    means = (_floats(image[rows, columns]) * weights).sum(axis=(1, 2)) / weights.sum(axis=(1, 2))
    clear = places[0][is_clear], places[1][is_clear]
    colours[clear] = means[is_clear]
    known[clear] = value


def _floats(image: Image | Trimap) -> NDArray[np.float32]:
    """A copy as floats of 0..1."""
    if image.dtype == np.float32:
        # Scene-referred colours leave 0..1; what is no number must not reach a solver.
        colours = image.clip(0.0, 1.0)
        return np.nan_to_num(colours, copy=False) if np.isnan(colours.min(initial=0.0)) else colours
    colours = image.astype(np.float32)
    colours *= 1.0 / encoding.full(image)
    return colours


def _shrunk(values: NDArray[np.float32], factor: int, box: Box) -> NDArray[np.float32]:
    """Means of blocks of pixels; blocks over the edge of the image repeat it."""
    if factor == 1:
        return values
    # A side far shorter than a block, padded to one, would take more memory than the image ever had.
    height, width = (
        1 if side < factor else count * factor
        for side, count in zip(values.shape, box.shape, strict=False)
    )
    for axis in (0, 1):
        if values.shape[axis] < factor:
            values = _mean_of_short_side(values, factor, axis)
    missing = (height - values.shape[0], width - values.shape[1])
    if any(missing):
        border = cv2.copyMakeBorder(values, 0, missing[0], 0, missing[1], cv2.BORDER_REPLICATE)
        values = np.asarray(border, np.float32)
    size = (box.shape[1], box.shape[0])
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.float32)


def _mean_of_short_side(values: NDArray[np.float32], factor: int, axis: int) -> NDArray[np.float32]:
    """The mean along a side that is shorter than a block, as if its last pixel were repeated to one."""
    last = values.take([-1], axis)
    total = values.sum(axis, keepdims=True) + last * np.float32(factor - values.shape[axis])
    return np.asarray(total / np.float32(factor), np.float32)
