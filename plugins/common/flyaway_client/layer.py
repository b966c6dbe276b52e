"""A layer's pixels as the daemon gets them: what each host fills, and what both do with them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from .messages import CHANNELS, DTYPES, ImageHeader
from .prompts import Prompts
from .zmtp import Buffer

_ONE = {"u8": b"\xff", "u16": b"\xff\xff", "f32": b"\0\0\x80\x3f"}
"""Alpha 1 in each dtype, little-endian; alpha 0 is zeros in all."""


_WHOLE_NUMBERS: dict[int, Literal["B", "H", "I"]] = {1: "B", 2: "H", 4: "I"}
"""Bytes of a sample -> a number as wide: samples are moved and never looked at."""


@dataclass(frozen=True, slots=True)
class Picture:
    """Pixels, HxW, laid out as `header` says."""

    header: ImageHeader
    data: Buffer


@dataclass(frozen=True, slots=True)
class LayerPixels:
    """A piece of a layer, and what lies over the same piece.

    Attributes:
        image: the layer's own pixels, straight alpha last.
        colour: how colour values are encoded: one of messages.COLOURS.
        icc: the profile where `colour` is "icc".
        selection_u8: HxW, the selection; None where there is none or it is not to be used.
        plate: the same scene without the subject, its colours encoded the same; None where none is needed.
        mask: HxW, the layer's mask where that is to be refined, as deep as the alpha will be.
        prompts: where the user pointed, in place of a selection and of a mask.
        session: the daemon's session on the same pixels, which it has looked at for that already; "" for none.
    """

    image: Picture
    colour: str = "srgb"
    icc: bytes = b""
    selection_u8: bytes | None = None
    plate: Picture | None = None
    mask: Picture | None = None
    prompts: Prompts | None = None
    session: str = ""


def decontaminated(image: Picture, foreground: Buffer, alpha: Buffer, alpha_dtype: str) -> bytes:
    """The pixels with the subject's own colours where it is mixed with what is behind it; all else stays.

    Args:
        image: with any channels and dtype.
        foreground: HxW of grey, or of R, G and B, in the image's dtype.
        alpha: HxW, how much of a pixel is the subject.
        alpha_dtype: one of messages.OUTPUT_DTYPES.
    """
    channels = image.header.channels
    bits = _WHOLE_NUMBERS[DTYPES[image.header.dtype]]
    pixels = bytearray(image.data)
    to = memoryview(pixels).cast(bits)
    colours = memoryview(foreground).cast("B").cast(bits)
    places = [0] if channels in ("gray", "graya") else [channels.index(name) for name in "rgb"]
    step, count = CHANNELS[channels], len(places)
    for run in mixed_runs(alpha, alpha_dtype):
        for number, place in enumerate(places):
            own = colours[run.start * count + number : run.stop * count : count]
            to[run.start * step + place : run.stop * step : step] = own
    return bytes(pixels)


def mixed_runs(alpha: Buffer, dtype: str) -> Iterator[slice]:
    """Where alpha is neither 0 nor 1: pixels counted row by row, one run of them after the other.

    Args:
        alpha: HxW.
        dtype: one of messages.OUTPUT_DTYPES.
    """
    return (slice(*found.span()) for found in re.finditer(rb"[^\0]+", _is_mixed(alpha, dtype)))


def _is_mixed(alpha: Buffer, dtype: str) -> bytes:
    """A byte for each pixel, 0 where alpha is 0 or 1.

    Worked out on whole planes of bytes as numbers, a hundred times faster than a loop in Python.
    """
    content, size = memoryview(alpha).cast("B"), DTYPES[dtype]
    count = len(content) // size
    others = int.from_bytes(b"\2" * count, "little")
    is_mixed, first = 0, None
    for place, (zero, one) in enumerate(zip(bytes(size), _ONE[dtype], strict=True)):
        # 0 where the byte is that of alpha 0, 1 where it is that of alpha 1, 2 where it is another
        table = bytes({zero: 0}.get(byte, 1 if byte == one else 2) for byte in range(256))
        plane = int.from_bytes(bytes(content[place::size]).translate(table), "little")
        is_mixed |= plane & others
        if zero != one:
            first = plane if first is None else first
            is_mixed |= plane ^ first
    return is_mixed.to_bytes(count, "little")
