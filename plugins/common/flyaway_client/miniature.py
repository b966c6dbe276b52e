"""A selection and its picture small enough to be looked at while a person draws: what `describe` asks about."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from .client import new_request_id
from .messages import DescribeRequest, ImageHeader
from .options import Options
from .zmtp import Buffer

SIDE_PX = 768
"""At most; four channels and a selection of that size fit into one message."""

_FORMATS: dict[int, Literal["B", "H", "I", "Q"]] = {1: "B", 2: "H", 4: "I", 8: "Q"}
"""Items of memory by the bytes of a pixel, which is moved in one piece."""


@dataclass(frozen=True, slots=True)
class Miniature:
    """Small copies of a layer of `width` times `height` pixels.

    Attributes:
        image: its layout, sRGB and "u8".
        image_data: its pixels.
        selection_u8: of the same size.
    """

    width: int
    height: int
    image: ImageHeader
    image_data: bytes
    selection_u8: bytes


def size(width: int, height: int) -> tuple[int, int]:
    """Width and height of the small copies of so large a layer."""
    step = _step(width, height)
    return -(-width // step), -(-height // step)


def shrunk(pixels: Buffer, width: int, height: int, pixel_bytes: int = 1) -> bytes:
    """Each so-manieth pixel of each so-manieth row.

    Args:
        pixels: `height` rows of `width` pixels, tightly packed.
        width: in pixels.
        height: in pixels.
        pixel_bytes: 1, 2, 4 or 8.
    """
    step = _step(width, height)
    items: memoryview[int] = memoryview(pixels).cast("B").cast(_FORMATS[pixel_bytes])
    rows = range(0, width * height, width * step)
    return b"".join(items[start : start + width : step].tobytes() for start in rows)


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
    )
    return asked, miniature.image_data + miniature.selection_u8


def _step(width: int, height: int) -> int:
    return -(-max(width, height) // SIDE_PX)
