"""The picture that a retoucher looks at: what each view shows, zoom, and its keys."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.fakes import qt
from tests.fakes.krita_app import Krita
from tests.krita.conftest import plugin_module

from flyaway_client.layer import Picture
from flyaway_client.messages import KEEP, ImageHeader
from flyaway_client.planes import Box, Plane
from flyaway_client.views import ENTRIES, STROKE_COLOURS

WIDTH, HEIGHT = 60, 50
BGR = (10, 20, 30)


def scene(channels: str = "bgra", dtype: str = "u8") -> Any:
    """A flat picture with the left half in the mask, and one stroke."""
    pixel = {
        ("bgra", "u8"): bytes([*BGR, 255]),
        ("bgra", "u16"): b"".join(bytes([0, value]) for value in (*BGR, 255)),
        ("graya", "u8"): b"\x40\xff",
        ("rgba", "f32"): np.array([1, 0, 0, 1], "<f4").tobytes(),
    }[channels, dtype]
    mask, strokes = Plane(WIDTH, HEIGHT), Plane(WIDTH, HEIGHT)
    mask.paste(Box(0, 0, WIDTH // 2, HEIGHT), b"\xff" * (WIDTH // 2 * HEIGHT))
    strokes.paste(Box(5, 5, 10, 10), bytes([KEEP] * 100))
    header = ImageHeader(WIDTH, HEIGHT, channels, dtype)
    return plugin_module("mask_view").Scene(
        Picture(header, pixel * (WIDTH * HEIGHT)), mask, strokes
    )


def seen(view: str, step: int = 1, **layout: str) -> NDArray[np.uint8]:
    """Blue, green and red of the whole scene in a view."""
    made = scene(**layout)
    wanted = plugin_module("flyaway_client.views").view(view, (255, 0, 0))
    picture = plugin_module("mask_view").seen(made, made.mask.box, step, wanted)
    pixels: NDArray[np.uint8] = picture.pixels[..., :3]
    return pixels


SUBJECT, BACKGROUND, STROKE = (20, 25), (20, 45), (8, 8)


@pytest.mark.parametrize(
    ("view", "subject", "background"),
    [
        ("original", BGR, BGR),
        ("on-black", BGR, (0, 0, 0)),
        ("on-white", BGR, (255, 255, 255)),
        ("on-green", BGR, (64, 177, 0)),
        ("black-and-white", (255, 255, 255), (0, 0, 0)),
        ("trimap", (255, 255, 255), (0, 0, 0)),
        ("overlay", BGR, (5, 9, 154)),
    ],
)
def test_shows_subject_and_background(
    krita: Krita, view: str, subject: tuple[int, ...], background: tuple[int, ...]
) -> None:
    pixels = seen(view)
    assert tuple(pixels[SUBJECT]) == subject
    assert tuple(pixels[BACKGROUND]) == background


def test_shows_strokes_in_overlay_and_trimap_alone(krita: Krita) -> None:
    red, green, blue = STROKE_COLOURS[KEEP]
    mixed = [round(255 + 200 / 255 * (one - 255)) for one in (blue, green, red)]
    assert list(seen("trimap")[STROKE]) == mixed
    assert tuple(seen("overlay")[STROKE]) not in (BGR, (blue, green, red))
    for view in ("original", "on-black", "on-white", "on-green"):
        assert tuple(seen(view)[STROKE]) == BGR


@pytest.mark.parametrize(
    ("channels", "dtype", "colour"),
    [("bgra", "u16", BGR), ("graya", "u8", (64, 64, 64)), ("rgba", "f32", (0, 0, 240))],
)
def test_shows_every_depth(
    krita: Krita, channels: str, dtype: str, colour: tuple[int, ...]
) -> None:
    assert tuple(seen("original", channels=channels, dtype=dtype)[0, 0]) == colour


def test_zoomed_out_every_so_many_th_pixel_is_shown(krita: Krita) -> None:
    pixels = seen("black-and-white", 4)
    assert pixels.shape[:2] == (13, 15)
    assert (pixels == seen("black-and-white")[::4, ::4]).all()


@pytest.fixture
def view(krita: Krita) -> Any:
    made = plugin_module("mask_view").MaskView()
    made.show_scene(scene())
    return made


def test_fits_at_first_and_zooms_at_the_mouse(view: Any) -> None:
    assert view.zoom == 1.0
    turn = qt.QEvent(None, place=qt.QPointF(100, 50), turned=qt.QPoint(0, 120))  # type: ignore[arg-type]
    for _ in range(20):
        view.wheelEvent(turn)
    assert view.zoom == 8
    view.paintEvent(None)
    ((place, picture),) = view.painted
    assert picture.size == (26, 14)
    assert place.x() <= 0 and place.y() <= 0
    back = qt.QEvent(None, place=qt.QPointF(0, 0), turned=qt.QPoint(0, -120))  # type: ignore[arg-type]
    for _ in range(40):
        view.wheelEvent(back)
    assert view.zoom == 1.0


def test_is_dragged(view: Any) -> None:
    before = view._centre
    view.mouseMoveEvent(qt.QEvent(None, place=qt.QPoint(9, 9)))  # type: ignore[arg-type]
    assert view._centre == before
    view.mousePressEvent(qt.QEvent(None, place=qt.QPoint(10, 10)))  # type: ignore[arg-type]
    view.mouseMoveEvent(qt.QEvent(None, place=qt.QPoint(15, 8)))  # type: ignore[arg-type]
    view.mouseReleaseEvent(qt.QEvent(None))  # type: ignore[arg-type]
    assert view._centre == (before[0] - 5, before[1] + 2)


def test_nothing_is_drawn_where_there_is_nothing(view: Any) -> None:
    view._centre = (-1000.0, 0.0)
    view.painted = None
    view.paintEvent(None)
    assert view.painted is None
    view.show_scene(None)
    view.wheelEvent(qt.QEvent(None))  # type: ignore[arg-type]
    view.paintEvent(None)
    assert (view.painted, view.zoom) == (None, 1.0)


def test_shows_an_early_result_in_its_place(view: Any) -> None:
    view.show_early(Box(10, 10, 20, 10), ImageHeader(2, 1, "gray", "u8"), b"ab")
    view.paintEvent(None)
    place, picture = view.painted[1]
    assert (place.width(), place.height()) == (20, 10)
    assert picture.data == b"ab"


def test_takes_its_keys_before_kritas_shortcuts(view: Any) -> None:
    asked: list[str] = []
    view.next_asked.connect(lambda: asked.append("F"))
    view.original_asked.connect(lambda: asked.append("X"))
    kind, key = qt.QEvent.Type, qt.Qt.Key
    for event in (
        qt.QEvent(kind.ShortcutOverride, key=key.Key_F),
        qt.QEvent(kind.KeyPress, key=key.Key_F),
        qt.QEvent(kind.KeyPress, key=key.Key_X),
    ):
        assert view.event(event)
        assert event.is_accepted
    assert asked == ["F", "X"]
    assert not view.event(qt.QEvent(kind.KeyPress, key=key.Key_A))
    assert not view.event(qt.QEvent(kind.Paint))
    view.enterEvent(None)
    assert view.has_focus


def test_the_panel_goes_through_the_views_and_to_the_original_and_back(krita: Krita) -> None:
    panel = krita.dock_widgets[1]
    view = panel._view
    names = [entry.name for entry in ENTRIES]
    for name in [*names[1:], names[0]]:
        view.next_asked.emit()
        assert (view.view, panel._views.currentData()) == (name, name)
    panel._views.pick("on-white")
    view.original_asked.emit()
    assert view.view == "original"
    view.original_asked.emit()
    assert view.view == "on-white"
    panel._colour.click()
    assert view.colour == (1, 2, 3)
