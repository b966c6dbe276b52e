"""painted.py: painted greys as levels of a selection."""

from __future__ import annotations

import itertools
import struct

import pytest

from flyaway_client import painted


@pytest.mark.parametrize("channels", ["rgba", "bgra"])
def test_a_grey_is_its_own_level(channels: str) -> None:
    greys = b"".join(bytes([level] * 3 + [255]) for level in range(256))
    assert painted.levels(greys, channels) == bytes(range(256))


def test_what_is_not_wholly_opaque_is_unknown() -> None:
    pixels = bytes([255, 255, 255, 254, 0, 0, 0, 0, 0, 0, 0, 1, 255, 255, 255, 255])
    assert painted.levels(pixels, "rgba") == bytes([128, 128, 128, 255])


def test_a_colour_is_as_bright_as_it_is_seen_and_none_runs_over_into_its_neighbour() -> None:
    steps = (0, 1, 127, 128, 254, 255)
    colours = list(itertools.product(steps, steps, steps))
    content = b"".join(bytes([*colour, 255]) for colour in colours)
    levels = painted.levels(content, "rgba")
    for (red, green, blue), level in zip(colours, levels, strict=True):
        assert abs(level - (0.2126 * red + 0.7152 * green + 0.0722 * blue)) <= 2
    blue_first = b"".join(bytes([blue, green, red, 255]) for red, green, blue in colours)
    assert painted.levels(blue_first, "bgra") == levels


def test_only_white_is_wholly_selected_and_only_black_not_at_all() -> None:
    nearly = bytes([255, 255, 254, 255, 254, 255, 255, 255, 3, 3, 3, 255])
    assert all(0 < level < 255 for level in painted.levels(nearly, "rgba")[2:])
    assert painted.levels(bytes([255, 255, 255, 255, 0, 0, 0, 255]), "rgba") == b"\xff\0"


def test_takes_any_buffer() -> None:
    assert painted.levels(memoryview(bytes([9, 9, 9, 255])), "bgra") == b"\x09"


@pytest.mark.parametrize(("dtype", "code"), [("u16", "H"), ("f16", "e"), ("f32", "f")])
@pytest.mark.parametrize("is_linear", [False, True])
@pytest.mark.parametrize("channels", ["bgra", "rgba", "graya"])
def test_deep_greys_have_the_levels_that_they_are_seen_in(
    dtype: str, code: str, is_linear: bool, channels: str
) -> None:
    full = 65535 if dtype == "u16" else 1

    def sample(level: int) -> float:
        value = level / 255
        if is_linear:
            value = value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4
        return round(value * full) if dtype == "u16" else value

    count = len(channels) - 1 if channels != "graya" else 1
    values = [one for level in range(256) for one in (*[sample(level)] * count, full)]
    content = struct.pack(f"<{len(values)}{code}", *values)
    found = painted.levels(content, channels, dtype, is_linear=is_linear)
    assert (found[0], found[255]) == (0, 255)
    assert all(abs(one - level) <= 1 and 0 < one < 255 for level, one in enumerate(found[1:255], 1))


def test_light_beyond_white_is_white_and_what_is_no_number_is_black() -> None:
    nan = float("nan")
    content = struct.pack("<8f", 7.5, 1, -2, 1, nan, 1, 1, 0.99)
    assert painted.levels(content, "graya", "f32") == bytes([255, 0, 0, 128])


def test_light_of_8_bits_is_brighter_to_see() -> None:
    content = bytes([55, 55, 55, 255, 0, 0, 0, 255, 255, 255, 255, 255])
    assert painted.levels(content, "rgba", is_linear=True) == bytes([128, 0, 255])
