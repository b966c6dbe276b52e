"""hints.py: what paint says, and how strokes are painted."""

from __future__ import annotations

import pytest

from flyaway_client import hints
from flyaway_client.messages import KEEP, REMOVE, UNKNOWN
from flyaway_client.views import STROKE_COLOURS


@pytest.mark.parametrize(
    ("colour", "level"),
    [
        *((colour, level) for level, colour in STROKE_COLOURS.items()),
        ((255, 255, 255), KEEP),
        ((0, 0, 0), REMOVE),
        ((20, 160, 60), KEEP),
        ((200, 60, 90), REMOVE),
        ((255, 255, 0), UNKNOWN),
        ((255, 0, 255), UNKNOWN),
    ],
)
def test_reads_paint_of_any_like_colour(colour: tuple[int, int, int], level: int) -> None:
    red, green, blue = colour
    pixels = bytes([blue, green, red, 255, blue, green, red, 64, blue, green, red, 63])
    assert hints.levels(pixels) == bytes([level, level, 0])


def test_what_is_painted_is_read_again() -> None:
    strokes = bytes([0, KEEP, REMOVE, UNKNOWN, 0, KEEP])
    assert hints.levels(hints.paint(strokes)) == strokes
    assert hints.paint(b"\0") == bytes(4)
