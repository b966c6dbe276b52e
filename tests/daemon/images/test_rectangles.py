"""Rectangles as slices: what they hold, and how they move between an image and a part of it."""

from __future__ import annotations

import numpy as np
import pytest

from flyaway.images import rectangles
from flyaway.images.rectangles import Window

SHAPE = (50, 80)
INNER: Window = (slice(12, 20), slice(30, 41))
OUTER: Window = (slice(10, 40), slice(25, 60))


def test_a_region_lies_in_its_window() -> None:
    region = np.zeros(SHAPE, np.bool_)
    region[12, 30] = region[19, 40] = True
    assert rectangles.around(region) == INNER


def test_nothing_has_an_empty_window() -> None:
    rows, columns = rectangles.around(np.zeros(SHAPE, np.bool_))
    assert rows.start == rows.stop
    assert columns.start == columns.stop


@pytest.mark.parametrize(
    ("margin_px", "window"),
    [
        (0, INNER),
        (3, (slice(9, 23), slice(27, 44))),
        (35, (slice(0, 50), slice(0, 76))),
        (99, rectangles.whole(SHAPE)),
    ],
)
def test_a_window_grows_as_far_as_the_image_goes(margin_px: int, window: Window) -> None:
    assert rectangles.grown(INNER, margin_px, (*SHAPE, 3)) == window


def test_a_window_shows_the_same_in_the_image_and_in_a_part_of_it() -> None:
    image = np.arange(50 * 80).reshape(SHAPE)
    inside = rectangles.inside(INNER, OUTER)
    np.testing.assert_array_equal(image[OUTER][inside], image[INNER])
    assert rectangles.outside(inside, OUTER) == INNER
