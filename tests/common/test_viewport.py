"""viewport.py: what is seen, and which pixel is under the mouse."""

from __future__ import annotations

import pytest

from flyaway_client.planes import Box
from flyaway_client.viewport import SCALES, Viewport

LARGE = Viewport(6000, 4000, 1000, 700)
SMALL = Viewport(40, 30, 1000, 700)


def test_a_large_image_fits_exactly() -> None:
    fitted = LARGE.fitted()
    assert fitted.scale == pytest.approx(1 / 6)
    assert (fitted.left, fitted.top) == (0, -17)
    assert fitted.corner == (0, 17)
    assert fitted.shown == Box(0, 0, 1000, 666)
    assert fitted.sampling == fitted.scale and fitted.magnification == 1


def test_a_small_image_fits_in_whole_pixels() -> None:
    fitted = SMALL.fitted()
    assert fitted.scale == 23 == fitted.magnification
    assert fitted.sampling == 1
    assert fitted.shown == Box(0, 0, 40, 30)
    assert fitted.corner == ((1000 - 920) // 2, (700 - 690) // 2)


@pytest.mark.parametrize("scale", SCALES)
@pytest.mark.parametrize("viewport", [LARGE, SMALL])
def test_what_is_shown_fills_the_room_and_lies_in_the_image(
    viewport: Viewport, scale: float
) -> None:
    seen = viewport.fitted().zoomed(scale, 333, 222).moved(37, 91)
    shown, by = seen.shown, seen.magnification
    assert shown.left >= 0 and shown.top >= 0 and shown.width > 0 and shown.height > 0
    assert shown.right * by <= max(seen.scaled_width, by)
    assert shown.bottom * by <= max(seen.scaled_height, by)
    x, y = seen.corner
    # The last enlarged pixel is shown whole, after which less than one is empty.
    assert x + shown.width * by > min(seen.room_width, x + seen.scaled_width) - by
    assert y + shown.height * by > min(seen.room_height, y + seen.scaled_height) - by


def test_zooming_keeps_what_is_under_the_mouse() -> None:
    seen = LARGE.fitted()
    for steps in (1, 2, 3, -1, 4):
        x, y = seen.to_image(300, 400)
        seen = seen.stepped(steps, 300, 400)
        then_x, then_y = seen.to_image(300, 400)
        assert abs(then_x - x) <= max(1, 1 / seen.scale)
        assert abs(then_y - y) <= max(1, 1 / seen.scale)


def test_steps_go_through_the_scales_and_end() -> None:
    seen = LARGE.fitted().zoomed(1.0, 0, 0)
    assert seen.stepped(1, 0, 0).scale == 2
    assert seen.stepped(-1, 0, 0).scale == pytest.approx(1 / 1.5)
    assert seen.stepped(100, 0, 0).scale == SCALES[-1]
    assert seen.stepped(-100, 0, 0).scale == SCALES[0]
    widest = seen.stepped(100, 0, 0)
    assert widest.stepped(1, 0, 0) is widest


def test_moving_ends_at_the_image_and_goes_by_whole_pixels() -> None:
    seen = LARGE.fitted().zoomed(4.0, 0, 0)
    assert seen.moved(-9000, -9000).shown.left == 0
    far = seen.moved(1e6, 1e6)
    assert (far.shown.right, far.shown.bottom) == (6000, 4000)
    assert seen.moved(6, 0).left % 4 == 0


def test_another_room_shows_the_same_middle() -> None:
    seen = LARGE.fitted().zoomed(1.0, 500, 350)
    wider = seen.resized(600, 900)
    before, after = seen.to_image(500, 350), wider.to_image(300, 450)
    assert after == pytest.approx(before, abs=1)


def test_a_box_of_the_image_is_found_among_what_is_shown() -> None:
    fitted = LARGE.fitted()
    around = fitted.samples_of(Box(600, 600, 60, 60))
    assert around == Box(98, 98, 14, 14)
    near = LARGE.fitted().zoomed(2.0, 0, 0)
    assert near.samples_of(Box(near.shown.left + 5, near.shown.top, 3, 2)) == Box(
        near.shown.left + 5, near.shown.top, 3, 2
    )
    assert near.samples_of(Box(5990, 3990, 10, 10)) is None
