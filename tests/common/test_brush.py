"""brush.py: lines with round ends."""

from __future__ import annotations

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from flyaway_client import brush
from flyaway_client.brush import Point
from flyaway_client.messages import KEEP, UNKNOWN
from flyaway_client.planes import Box, Plane

WIDTH, HEIGHT = 60, 40


def drawn(start: Point, end: Point, width_px: float, level: int = UNKNOWN) -> NDArray[np.uint8]:
    """The whole plane after a line."""
    plane = Plane(WIDTH, HEIGHT)
    found = brush.line(plane, start, end, width_px, level)
    assert found is not None
    plane.paste(*found)
    return np.frombuffer(plane.data, np.uint8).reshape(HEIGHT, WIDTH)


def within(start: Point, end: Point, radius: float) -> NDArray[np.bool_]:
    """Pixels whose middle is no further than that from a line, one by one."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH] + 0.5
    along = np.subtract(end, start)
    length = float(along @ along)
    share = ((x - start[0]) * along[0] + (y - start[1]) * along[1]) / length if length else 0 * x
    share = np.clip(share, 0, 1)
    distance = np.hypot(x - start[0] - share * along[0], y - start[1] - share * along[1])
    return np.asarray(distance <= radius)


@pytest.mark.parametrize(
    ("start", "end", "width_px"),
    [
        ((20.3, 18.7), (20.3, 18.7), 15),
        ((10.0, 10.0), (45.2, 30.9), 12),
        ((45.2, 10.1), (10.4, 30.9), 7),
        ((30.0, 5.0), (30.0, 33.0), 9),
        ((5.0, 20.0), (50.0, 20.0), 9),
        ((-8.0, -3.0), (12.0, 50.0), 20),
        ((55.0, 30.0), (90.0, 60.0), 30),
    ],
)
def test_a_line_is_all_that_is_near_it(start: Point, end: Point, width_px: float) -> None:
    assert ((drawn(start, end, width_px) == UNKNOWN) == within(start, end, width_px / 2)).all()


def test_the_finest_line_has_no_gaps() -> None:
    levels = drawn((10.2, 10.9), (40.7, 25.1), 1)
    assert (levels[:, 11:40] == UNKNOWN).any(axis=0).all()


def test_a_line_lies_over_what_was_there_and_leaves_the_rest() -> None:
    plane = Plane(WIDTH, HEIGHT, 1, bytes([KEEP]) * (WIDTH * HEIGHT))
    found = brush.line(plane, (20.0, 20.0), (20.0, 20.0), 6, 0)
    assert found is not None
    box, levels = found
    assert box == Box(17, 17, 6, 6)
    assert set(levels) == {0, KEEP}


@pytest.mark.parametrize("place", [(-20.0, 10.0), (20.0, -20.0), (90.0, 10.0), (20.0, 60.0)])
def test_beside_the_plane_there_is_nothing(place: Point) -> None:
    assert brush.line(Plane(WIDTH, HEIGHT), place, place, 10, KEEP) is None


def test_widths_go_up_and_down_and_end() -> None:
    assert brush.wider(1, 1) == 2
    assert brush.wider(2, -1) == 1 == brush.wider(1, -1)
    assert brush.wider(100, 1) == 125
    assert brush.wider(brush.MOST_PX, 1) == brush.MOST_PX
    widths = [1]
    while widths[-1] < brush.MOST_PX:
        widths.append(brush.wider(widths[-1], 1))
    assert widths == sorted(set(widths))


@pytest.mark.parametrize("diameter", [4, 5, 33, 120])
def test_a_ring_is_round_and_empty(diameter: int) -> None:
    ring = np.frombuffer(brush.ring(diameter), np.uint8).reshape(diameter, diameter, 4)
    opacity = ring[..., 3] > 0
    assert (opacity == opacity[::-1]).all() and (opacity == opacity[:, ::-1]).all()
    assert opacity[0].any() and opacity[:, 0].any()
    middle = diameter // 2
    y, x = np.mgrid[0:diameter, 0:diameter] + 0.5 - diameter / 2
    near = np.hypot(x, y) < diameter / 2 - 2 - math.sqrt(0.5)
    assert not opacity[near].any()
    if diameter > 8:
        assert ring[middle, 0, 0] == 0 and ring[middle, 1, 0] == 255
