"""Strokes as paint in a layer of their own, which any brush makes and any document keeps: colours to levels and back."""

from __future__ import annotations

from .messages import KEEP, REMOVE, UNKNOWN
from .views import STROKE_COLOURS
from .zmtp import Buffer

LAYER = "Flyaway Hints"
"""The layer's name. Paint in it means what `views.STROKE_COLOURS` means; white keeps too, black removes, and any
mixture is unknown."""

_IS_BRIGHT = bytes(255 * (value >= 128) for value in range(256))
_IS_PAINT = bytes(255 * (value >= 64) for value in range(256))
"""Of opacity: the rim of a soft brush says nothing."""


def levels(bgra: Buffer) -> bytes:
    """What paint says: a level of messages.py for each pixel, 0 where there is no paint.

    Args:
        bgra: four bytes a pixel, blue first, opacity last.
    """
    content = memoryview(bgra).cast("B")
    count = len(content) // 4
    blue, green, red, paint = (
        int.from_bytes(bytes(content[place::4]).translate(table), "little")
        for place, table in enumerate((_IS_BRIGHT, _IS_BRIGHT, _IS_BRIGHT, _IS_PAINT))
    )
    keep = (green & ~red & ~blue) | (green & red & blue)
    remove = ~green & ~blue
    unknown = ~(keep | remove)
    said = sum(
        where & int.from_bytes(bytes([level]) * count, "little")
        for where, level in ((keep, KEEP), (remove, REMOVE), (unknown, UNKNOWN))
    )
    return (said & paint).to_bytes(count, "little")


def paint(levels: Buffer) -> bytes:
    """The same the other way: opaque paint where a level is, nothing elsewhere."""
    drawn = bytes(levels)
    pixels = bytearray(4 * len(drawn))
    for place, channel in enumerate((2, 1, 0)):
        table = bytearray(256)
        for level, colour in STROKE_COLOURS.items():
            table[level] = colour[channel]
        pixels[place::4] = drawn.translate(table)
    pixels[3::4] = drawn.translate(bytes([0] + [255] * 255))
    return bytes(pixels)
