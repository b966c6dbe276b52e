"""planes.py: boxes, and bytes in rows, against what a loop says."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyaway_client import planes
from flyaway_client.planes import Box, Plane

LEVELS = st.integers(1, 12).flatmap(
    lambda width: st.tuples(
        st.just(width),
        st.lists(
            st.lists(st.sampled_from((0, 0, 0, 1, 128)), min_size=width, max_size=width),
            min_size=1,
            max_size=9,
        ),
    )
)


def test_a_box_grows_as_far_as_the_image_goes() -> None:
    assert Box(2, 3, 4, 5).grown(3, 8, 100) == Box(0, 0, 8, 11)


def test_the_smallest_box_around_two() -> None:
    assert Box(2, 3, 4, 5).united(Box(1, 7, 2, 2)) == Box(1, 3, 5, 6)
    assert Box(2, 3, 4, 5).united(None) == Box(2, 3, 4, 5)


def test_a_plane_begins_empty_and_is_changed_box_by_box() -> None:
    plane = Plane(3, 2, 2)
    box = Box(1, 0, 2, 2)
    plane.paste(box, b"aabbccdd")
    assert plane.data == b"\0\0aabb\0\0ccdd"
    assert plane.cropped(box) == b"aabbccdd"
    assert plane.box == Box(0, 0, 3, 2)


def test_a_plane_has_its_own_samples() -> None:
    given_samples = bytearray(b"abcd")
    plane = Plane(2, 2, 1, given_samples)
    given_samples[0] = 0
    assert plane.data == b"abcd"
    with pytest.raises(ValueError, match="4 bytes for 3 x 2 x 1"):
        Plane(3, 2, 1, given_samples)


@given(LEVELS)
def test_finds_the_box_around_what_is_drawn(drawn: tuple[int, list[list[int]]]) -> None:
    width, rows = drawn
    places = [(x, y) for y, row in enumerate(rows) for x, level in enumerate(row) if level]
    found = planes.around(b"".join(map(bytes, rows)), width)
    if not places:
        assert found is None
        return
    xs, ys = zip(*places, strict=True)
    assert found == Box(min(xs), min(ys), max(xs) + 1 - min(xs), max(ys) + 1 - min(ys))


@given(LEVELS, st.integers(0, 15))
def test_widens_by_a_square_and_not_round_the_frame(
    drawn: tuple[int, list[list[int]]], by_px: int
) -> None:
    width, rows = drawn
    expected = [
        255 * any(any(near[max(0, x - by_px) : x + by_px + 1]) for near in around)
        for y in range(len(rows))
        for around in [rows[max(0, y - by_px) : y + by_px + 1]]
        for x in range(width)
    ]
    assert planes.widened(b"".join(map(bytes, rows)), width, by_px) == bytes(expected)


def test_tells_what_has_changed() -> None:
    assert planes.changes(b"\0\1\2\3", b"\0\1\0\4") == b"\0\0\xff\xff"


def test_chooses_byte_by_byte() -> None:
    assert planes.chosen(b"\0\1\xff\0", b"abcd", b"wxyz") == b"wbcz"


def test_finds_where_two_planes_differ_in_pixels() -> None:
    one, other = Plane(5, 4, 4), Plane(5, 4, 4)
    assert planes.difference(one, other) is None
    other.data[4 * (5 * 1 + 2) + 3] = 1
    other.data[4 * (5 * 3 + 3)] = 1
    assert planes.difference(one, other) == Box(2, 1, 2, 3)
