"""One row of a sheet on which engines are compared: words, and under them alpha and the cut-out over black, white and green."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway.images.arrays import Image, Samples
from flyaway_client import protocol

Pixels = NDArray[np.uint8]
"""HxWx3 sRGB, or HxW grey."""

Colour = tuple[int, int, int]

_GREEN: Colour = (0, 177, 64)
"""The green of studios' cloths: no skin, hair or usual garment has it."""

_OVERS: tuple[Colour, ...] = ((0, 0, 0), (255, 255, 255), _GREEN)
_PICTURES = 1 + len(_OVERS)
"""In a row: the alpha, and the cut-out over each of these."""

_PAPER, _INK, _FAINT_INK, _LINE = (56, 56, 56), (245, 245, 245), (200, 200, 200), (96, 96, 96)
_MARGIN_PX, _GAP_PX = 16, 12
_LEAST_WIDTH_PX = 720
"""Of a row, so that its words have room beside a narrow picture."""

_MOST_LINES = 8
"""Of any text; a sentence of the wire's greatest length takes about as many."""

_MANY_ROWS_PX = 64
"""Pictures are as high as that, where there is room and they are, however many rows there are."""


_WIDE = 3
"""Times as wide as high: side by side, such pictures would be strips."""


@dataclass(frozen=True, slots=True)
class _Style:
    """How a text is written: the size of its letters and from line to line, in pixels; thickness, 100 to 1000."""

    letters_px: int
    line_px: int
    weight: int
    ink: Colour


_HEADING = _Style(24, 36, 600, _INK)
_TITLE = _Style(20, 28, 600, _INK)
_TEXT = _Style(15, 22, 400, _INK)
_CAPTION = _Style(13, 20, 400, _FAINT_INK)


@dataclass(frozen=True, slots=True)
class Layout:
    """Where the four pictures of a row go.

    Attributes:
        columns: how many are side by side: 4, 2 or 1.
        width, height: of each, in pixels.
    """

    columns: int
    width: int
    height: int

    @property
    def row_width(self) -> int:
        """The width of the whole row."""
        pictures = self.columns * self.width + (self.columns - 1) * _GAP_PX
        return max(pictures, _LEAST_WIDTH_PX) + 2 * _MARGIN_PX


def layout(width: int, height: int, rows: int) -> Layout:
    """How large the pictures of an image are in a row: as large as it where there is room, never larger.

    Args:
        width: of the image.
        height: of the image.
        rows: how many the sheet will have.
    """
    room = protocol.MAX_SHEET_WIDTH_PX - 2 * _MARGIN_PX
    high = max(_MANY_ROWS_PX, protocol.MAX_SHEET_HEIGHT_PX // rows)
    scales = {}
    for columns in (4, 2, 1):
        wide = (room - (columns - 1) * _GAP_PX) / columns
        scales[columns] = min(1.0, wide / width, high * columns / _PICTURES / height)
    whole = [count for count in scales if scales[count] == 1]
    if whole or width < _WIDE * height:
        columns = max(whole, default=4)  # what must be shrunk anyway is best compared side by side
    else:
        columns = max(scales, key=lambda count: (scales[count], count))
    size = (max(1, int(side * scales[columns])) for side in (width, height))
    return Layout(columns, *size)


def row(
    size: tuple[int, int],
    rows: int,
    pictures: Sequence[Pixels],
    title: str,
    lines: Iterable[str] = (),
    heading: str = "",
    captions: Sequence[str] = ("",) * _PICTURES,
) -> Pixels:
    """A row, HxWx3 uint8 sRGB. Its width is the same whatever it shows and says.

    Args:
        size: width and height of the image.
        rows: how many the sheet will have.
        pictures: as `pictures` makes them; none where an engine has failed.
        title: the engine's name.
        lines: what is said of it, each wrapped where it is too long.
        heading: what stands above all that; "" for nothing.
        captions: what stands above each picture. All in any script.
    """
    place = layout(*size, rows)
    written = [(heading, _HEADING)] if heading else []
    written += [(title, _TITLE), *((line, _TEXT) for line in lines)]
    room = place.row_width - 2 * _MARGIN_PX
    words = [(line, style) for text, style in written for line in _wrapped(text, style, room)]
    words_height = sum(style.line_px for _, style in words)
    lined = -(-len(pictures) // place.columns)
    step = _CAPTION.line_px + place.height + _GAP_PX
    paper = np.full(
        (words_height + lined * step + 2 * _MARGIN_PX, place.row_width, 3), _PAPER, np.uint8
    )
    paper[0] = _LINE
    top = _MARGIN_PX
    for line, style in words:
        _write(paper, line, _MARGIN_PX, top, style)
        top += style.line_px
    for number, (picture, caption) in enumerate(zip(pictures, captions, strict=False)):
        down, column = divmod(number, place.columns)
        left, upper = _MARGIN_PX + column * (place.width + _GAP_PX), top + down * step
        if caption and (place.width >= _text_width(caption, _CAPTION) or place.columns == 1):
            _write(paper, caption, left, upper, _CAPTION)
        upper += _CAPTION.line_px
        shown = picture[..., None] if picture.ndim == 2 else picture
        paper[upper : upper + place.height, left : left + place.width] = shown
    return paper


def pictures(
    image: Image, alpha: Samples, foreground: Image | None, rows: int
) -> tuple[Pixels, ...]:
    """An alpha in small, and the cut-out over each colour; mixed in sRGB, as editors do.

    Args:
        image: HxWx3 uint8 or uint16 sRGB.
        alpha: HxW uint8.
        foreground: the subject's own colours, like the image, which take the place of mixed ones.
        rows: how many the sheet will have.
    """
    height, width = alpha.shape
    place = layout(width, height, rows)
    size = place.width, place.height
    small = _shrunk(np.ascontiguousarray(alpha), size)
    is_mixed = None if foreground is None else (alpha > 0) & (alpha < 255)
    channels = []
    for number in range(3):  # one after the other: a large photo's are large
        values = _eight_bits(image[..., number])
        if foreground is not None and is_mixed is not None:
            values = np.where(is_mixed, _eight_bits(foreground[..., number]), values)
        # Multiplied first: what is clear must not shine into its neighbours as they are shrunk together.
        product = np.asarray(cv2.multiply(values, alpha, scale=1 / 255), np.uint8)
        channels.append(_shrunk(product, size))
    subject = np.stack(channels, axis=-1)
    through = 255 - small[..., None].astype(np.uint16)
    overs = (
        np.minimum(subject + (through * np.array(colour, np.uint16) + 127) // 255, 255)
        for colour in _OVERS
    )
    return small, *(over.astype(np.uint8) for over in overs)


def _eight_bits(values: Samples) -> Pixels:
    if values.dtype == np.uint16:
        return np.asarray((values.astype(np.uint32) * 255 + 32767) // 65535, np.uint8)
    return np.ascontiguousarray(values)


def _shrunk(values: Pixels, size: tuple[int, int]) -> Pixels:
    if values.shape[::-1] == size:
        return values
    return np.asarray(cv2.resize(values, size, interpolation=cv2.INTER_AREA), np.uint8)


def _wrapped(text: str, style: _Style, room_px: int) -> list[str]:
    """A text in lines that fit; one that is too long for all ends in an ellipsis."""
    rest = "".join(letter if letter.isprintable() else " " for letter in text).split()
    lines: list[str] = []
    while rest:
        if len(lines) == _MOST_LINES:
            lines[-1] = lines[-1][:-1] + "…"
            break
        count = _fitting([" ".join(rest[: end + 1]) for end in range(len(rest))], style, room_px)
        if count:
            lines.append(" ".join(rest[:count]))
            rest = rest[count:]
            continue
        # A word wider than the row, such as a path, or a sentence of a script without spaces.
        word = rest[0]
        letters = _fitting([word[: end + 1] for end in range(len(word))], style, room_px) or 1
        lines.append(word[:letters])
        rest = [word[letters:], *rest[1:]]
    return lines


def _fitting(texts: Sequence[str], style: _Style, room_px: int) -> int:
    """How many of these texts, each longer than the one before, fit."""
    low, high = 0, len(texts)
    while low < high:
        middle = (low + high + 1) // 2
        if _text_width(texts[middle - 1], style) <= room_px:
            low = middle
        else:
            high = middle - 1
    return low


def _text_width(text: str, style: _Style) -> int:
    left, _, width, _ = cv2.getTextSize(
        (0, 0), text, (0, 0), _font(), style.letters_px, style.weight
    )
    return int(left + width)


def _write(paper: Pixels, text: str, left: int, top: int, style: _Style) -> None:
    """Write a line, its upper left at a place."""
    base = top + round(style.letters_px * 1.05)
    cv2.putText(paper, text, (left, base), style.ink, _font(), style.letters_px, style.weight)


def _font() -> cv2.FontFace:
    """OpenCV's own: it has letters of most scripts with it. Not for several threads, so there is one for each text."""
    return cv2.FontFace("sans")
