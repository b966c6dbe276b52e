"""A selection and its picture small enough to be looked at while a person draws: what `describe` asks about."""

from __future__ import annotations

import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from .client import new_request_id
from .messages import DescribeRequest, ImageHeader
from .options import Options
from .zmtp import Buffer

SIDE_PX = 768
"""At most; four channels and a selection of that size fit into one message."""

_FORMATS: dict[int, Literal["B", "H", "I"]] = {1: "B", 2: "H", 4: "I"}
"""Items of memory by the bytes of a sample, which is moved and not looked at."""

_OF_HALF = bytes(min(4 * byte, 255) if byte < 128 else 0 for byte in range(256))
"""The high byte of a half-precision float as a level: sign, exponent and two bits more, 60 where the value is 1."""


@dataclass(frozen=True, slots=True)
class Miniature:
    """Small copies of a layer of `width` times `height` pixels.

    Attributes:
        image: its layout, sRGB and "u8".
        image_data: its pixels.
        selection_u8: of the same size.
        partly_px: how many pixels of the whole selection are partly selected; see `shrunk_levels`.
    """

    width: int
    height: int
    image: ImageHeader
    image_data: bytes
    selection_u8: bytes
    partly_px: int = 0


def step(width: int, height: int) -> int:
    """Each how manieth pixel the small copies of so large a layer hold."""
    return -(-max(width, height) // SIDE_PX)


def size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the small copies of so large a layer."""
    each = step(width, height)
    return -(-width // each), -(-height // each)


def shrunk(
    read_row: Callable[[int], Buffer],
    width: int,
    height: int,
    sample_bytes: int = 1,
    samples: int = 1,
) -> bytes:
    """Each so-manieth pixel of each so-manieth row.

    Args:
        read_row: a row's pixels by its number from the top; no other row is read.
        width: in pixels.
        height: in pixels.
        sample_bytes: of one sample: 1, 2 or 4.
        samples: in a pixel.
    """
    each = step(width, height)
    return b"".join(
        _thinned(read_row(row), each, sample_bytes, samples) for row in range(0, height, each)
    )


def shrunk_levels(read_row: Callable[[int], bytes], width: int, height: int) -> tuple[bytes, int]:
    """The same of a selection; and how many pixels of the whole are partly selected, as the rows that are kept tell.

    A feather of a few pixels is no more to be seen in the small copy.
    """
    partly_px = 0

    def row(number: int) -> bytes:
        nonlocal partly_px
        levels = read_row(number)
        partly_px += len(levels) - levels.count(0) - levels.count(255)
        return levels

    small = shrunk(row, width, height)
    return small, partly_px * step(width, height)


def _thinned(row: Buffer, step: int, sample_bytes: int, samples: int) -> bytes:
    """Each so-manieth pixel of a row."""
    items: memoryview[int] = memoryview(row).cast("B").cast(_FORMATS[sample_bytes])
    kept = bytearray(-(-len(items) // (samples * step)) * samples * sample_bytes)
    room: memoryview[int] = memoryview(kept).cast("B").cast(_FORMATS[sample_bytes])
    for place in range(samples):
        room[place::samples] = items[place :: samples * step]
    return bytes(kept)


def eight_bits(pixels: bytes, dtype: str) -> bytes:
    """Samples of any dtype of the wire as bytes in the same order, floats by a curve that rises as they do."""
    if dtype == "u16":
        return pixels[1::2]
    if dtype == "f32":
        values = (min(max(value, 0.0), 1.0) for (value,) in struct.iter_unpack("<f", pixels))
        pixels = struct.pack(f"<{len(pixels) // 4}e", *values)
    return pixels if dtype == "u8" else pixels[1::2].translate(_OF_HALF)


def request(miniature: Miniature, options: Options) -> tuple[DescribeRequest, bytes]:
    """The question what the selection would be taken for, and the payload that goes along."""
    header = miniature.image
    asked = DescribeRequest(
        id=new_request_id(),
        width=miniature.width,
        height=miniature.height,
        image=header,
        selection=ImageHeader(header.width, header.height, "gray", "u8"),
        selection_is=options.selection_is,
        edge_width_px=options.edge_width_px or None,
        partly_px=miniature.partly_px,
    )
    return asked, miniature.image_data + miniature.selection_u8
