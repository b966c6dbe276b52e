"""point_panel.py: clicks, keys and the end of Extract by Clicking, against a daemon that is a fake."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes import daemon, qt
from tests.fakes.daemon import FakeDaemon
from tests.fakes.krita_app import DocumentData, Krita, Node
from tests.krita.conftest import Docker, make_image, turn_until

from flyaway_client import messages, protocol, texts
from flyaway_client.messages import ExtractRequest, OpenSession
from flyaway_client.prompts import Box, Point

WIDTH, HEIGHT = 40, 30
SCREEN = (200, 100)

POINTED = messages.EngineInfo("sam", "SAM", "Clicks.", ("prompts",), True, 38_800_000, "MIT", "")
NEXT, FIRST = texts.points_found(2, 2), texts.points_found(1, 2)


@pytest.fixture
def fake(home: Path) -> Iterator[FakeDaemon]:
    with daemon.running(home, {"engines": daemon.offer(POINTED)}) as running:
        yield running


@pytest.fixture
def photo(krita: Krita) -> DocumentData:
    return make_image(krita, WIDTH, HEIGHT, Node(), 0, 0, WIDTH, HEIGHT)


class User:
    """Somebody at the window; its picture shows a pixel of the layer as one of the screen, in the middle."""

    def __init__(self, krita: Krita) -> None:
        self.extension: Any = krita.extensions[0]
        krita.action("flyaway_point").triggered.emit(False)
        self.window: Any = self.extension._point_window

    @property
    def says(self) -> str:
        text: str = self.window._status.text()
        return text

    def wait_for(self, *sentences: str) -> None:
        turn_until(lambda: self.says in sentences)

    def drag(self, *path: tuple[float, float], **event: Any) -> None:
        places = [
            qt.QPoint(
                round(x - 0.5 + (SCREEN[0] - WIDTH) / 2), round(y - 0.5 + (SCREEN[1] - HEIGHT) / 2)
            )
            for x, y in path
        ]
        view = self.window._view
        kind = qt.QEvent.Type.Paint
        view.mousePressEvent(qt.QEvent(kind, place=places[0], **event))
        for place in places[1:]:
            view.mouseMoveEvent(qt.QEvent(kind, place=place))
        view.mouseReleaseEvent(qt.QEvent(kind, place=places[-1]))

    def key(self, name: str, modifiers: Any = None) -> None:
        modifiers = modifiers or qt.Qt.KeyboardModifier(0)
        event = qt.QEvent(qt.QEvent.Type.KeyPress, key=qt.Qt.Key[name], modifiers=modifiers)
        self.window.keyPressEvent(event)


def extracts(fake: FakeDaemon) -> list[ExtractRequest]:
    return [one for one in fake.received if isinstance(one, ExtractRequest)]


def test_what_was_clicked_is_cut_out_and_kept(
    krita: Krita, photo: DocumentData, fake: FakeDaemon
) -> None:
    user = User(krita)
    control = qt.Qt.KeyboardModifier.ControlModifier
    user.wait_for(texts.POINTS_READY)
    user.drag((20.5, 10.5))
    user.wait_for(NEXT)
    assert user.window._next.is_enabled and not user.window._forward.is_enabled
    assert user.window._view._scene.mask.levels == b"cd"
    assert user.window.focusNextPrevChild(True)
    assert user.says == FIRST and user.window._view._scene.mask.levels == b"ab"
    user.drag((5.5, 5.5), button=qt.Qt.MouseButton.RightButton)
    user.drag((35.5, 5.5), modifiers=control)
    user.key("Key_S")
    user.drag((5.5, 20.5), (35.5, 20.5))
    user.key("Key_B")
    user.drag((2.5, 2.5), (20.5, 25.5))
    user.wait_for(NEXT)
    assert repr(user.window._pointing.clicks.prompts.boxes) == repr((Box(2.0, 2.0, 20.0, 25.0),))
    user.key("Key_Z", control)
    user.key("Key_Z", control | qt.Qt.KeyboardModifier.ShiftModifier)
    user.key("Key_Backspace")
    user.wait_for(NEXT)
    user.drag((1.5, 1.5), (9.5, 9.5), button=qt.Qt.MouseButton.MiddleButton)  # moves the picture
    user.key("Key_X")
    user.key("Key_Return")
    assert not user.window._tools.is_enabled
    user.key("Key_Return")
    turn_until(lambda: user.extension._point_window is None)
    (request,) = extracts(fake)
    (session,) = {one.session for one in fake.received if isinstance(one, OpenSession)}
    assert (request.session, request.engine, request.selection) == (session, "auto", None)
    assert request.prompts is not None and not request.prompts.boxes
    assert request.prompts.points[:3] == (
        Point(20, 10), Point(5, 5, keep=False), Point(35, 5, keep=False),
    )  # fmt: skip
    assert len(request.prompts.points) == 7
    assert [mask.name() for mask in photo.active.childNodes()] == ["Extracted Foreground"]  # type: ignore[union-attr]

    # What was pointed at is taken up the next time, and Escape leaves it.
    again = User(krita)
    again.wait_for(NEXT)
    assert repr(again.window._pointing.clicks.prompts.points) == repr(request.prompts.points)
    again.window.reject()
    assert again.extension._point_window is None and len(extracts(fake)) == 1


def test_what_another_computer_could_not_is_done_here_where_the_user_says_so(
    krita: Krita, photo: DocumentData, fake: FakeDaemon
) -> None:
    sentence = "studio does not answer."
    user = User(krita)
    here = user.window._here
    user.wait_for(texts.POINTS_READY)
    assert not here.isVisible()
    fake.script.update(daemon.lose_remote(sentence))
    user.drag((20.5, 10.5))
    user.wait_for(sentence)
    assert (here.text(), here.isVisible()) == ("Do it on this computer", True)
    here.click()
    user.wait_for(NEXT)
    assert not here.isVisible()

    fake.script.update(daemon.lose_remote(sentence))  # what was here is elsewhere again
    user.key("Key_Return")
    user.wait_for(sentence)
    turn_until(here.isVisible)
    assert photo.active.childNodes() == []  # type: ignore[union-attr]
    here.click()
    turn_until(lambda: user.extension._point_window is None)
    assert len(photo.active.childNodes()) == 1  # type: ignore[union-attr]
    used = [one.name for one in fake.received if isinstance(one, messages.UseRemote)]
    assert used == ["", ""]


def test_is_one_window_which_the_docker_opens_too(
    krita: Krita, docker: Docker, photo: DocumentData, fake: FakeDaemon
) -> None:
    user = User(krita)
    docker.by_clicking.click()
    assert user.extension._point_window is user.window and user.window.is_raised
    user.window._views.pick("on-white")
    assert user.window._view.view == "on-white"
    user.wait_for(texts.POINTS_READY)
    user.window.accept()
    assert user.says == texts.POINTS_FIRST
    for button in ("_back", "_forward", "_clear", "_next"):
        getattr(user.window, button).click()
    user.window.reject()


def test_without_an_image_it_says_so(krita: Krita, docker: Docker, home: Path) -> None:
    docker.by_clicking.click()
    assert docker.status.text().startswith("No image is open.")


def test_what_fails_can_be_tried_again(krita: Krita, photo: DocumentData, fake: FakeDaemon) -> None:
    user = User(krita)
    user.drag((20.5, 10.5))
    user.wait_for(NEXT)
    fake.script["strip"] = daemon.refuse(protocol.OUT_OF_MEMORY, "Too large.")
    user.window._extract.click()
    user.wait_for("Too large.")
    assert user.window._tools.is_enabled
    del fake.script["strip"]
    user.key("Key_Delete")
    user.drag((20.5, 10.5))
    user.wait_for(NEXT)
    user.key("Key_Enter")
    turn_until(lambda: user.extension._point_window is None)


def test_while_it_is_cut_out_escape_cancels_that_and_the_clicks_stay(
    krita: Krita, photo: DocumentData, fake: FakeDaemon
) -> None:
    user = User(krita)
    user.drag((20.5, 10.5))
    user.wait_for(NEXT)
    fake.script.update({"extract": daemon.ignore, "cancel": daemon.acknowledge_cancel})
    user.key("Key_Return")
    turn_until(lambda: extracts(fake))
    user.window.reject()
    user.wait_for("Cancelled. The document is unchanged.")
    assert user.window._pointing.clicks.can_go_back
    user.window.reject()


def test_a_busy_extractor_is_waited_for(
    krita: Krita, docker: Docker, photo: DocumentData, fake: FakeDaemon
) -> None:
    user = User(krita)
    user.drag((20.5, 10.5))
    user.wait_for(NEXT)
    fake.script.update({"extract": daemon.ignore, "cancel": daemon.acknowledge_cancel})
    docker.button.click()
    user.key("Key_Return")
    assert user.window._tools.is_enabled
    assert docker.status.text().startswith("Flyaway is still at work")
    user.extension._extractor.cancel()
    docker.wait()
    assert user.window.is_shown
    user.window.reject()


def test_an_image_that_is_closed_takes_the_window_along(
    krita: Krita, photo: DocumentData, fake: FakeDaemon
) -> None:
    user = User(krita)
    user.drag((20.5, 10.5))
    user.wait_for(NEXT)
    fake.script.update({"extract": daemon.ignore, "cancel": daemon.acknowledge_cancel})
    user.key("Key_Return")
    turn_until(lambda: extracts(fake))
    krita.open_documents.remove(photo)
    turn_until(lambda: user.extension._point_window is None)


@pytest.mark.parametrize("works", [True, False])
def test_a_missing_network_is_fetched_by_one_click(
    krita: Krita, photo: DocumentData, home: Path, works: bool
) -> None:
    proceed = threading.Event()
    proceed.set()
    missing = messages.EngineInfo(**{**vars(POINTED), "installed": False})
    script = daemon.offer_missing(missing, proceed)
    if not works:
        script["download"] = daemon.refuse(protocol.WEIGHTS_MISSING, "No line.")
    with daemon.running(home, script):
        user = User(krita)
        user.wait_for(texts.POINTS_MISSING)
        button = user.window._download._button
        assert button.text() == "Find by clicking (39 MB)"
        button.click()
        user.wait_for(texts.POINTS_READY if works else "No line.")
        user.window.reject()


def early(show: Callable[..., object]) -> None:
    show(messages.ImageHeader(2, 1, "gray", "u8"), b"xy")


def test_early_results_are_shown_while_it_is_cut_out_alone(
    krita: Krita, photo: DocumentData, fake: FakeDaemon
) -> None:
    user = User(krita)
    user.drag((20.5, 10.5))
    user.wait_for(NEXT)
    early(user.window._show_early)
    assert user.window._view._scene.mask.levels == b"cd"
    user.window._is_extracting = True
    early(user.window._show_early)
    assert user.window._view._scene.mask.levels == b"xy"
    user.window._is_extracting = False
    user.window.reject()
