"""comparison.py and compare_panel.py: engines chosen, compared, and the sheet as a document of its own."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes import daemon
from tests.fakes.daemon import FakeDaemon
from tests.fakes.engines import COMPARED
from tests.fakes.krita_app import DocumentData, Krita
from tests.krita.conftest import select, turn_until

from flyaway_client import protocol
from flyaway_client.messages import Cancel, DrawRow, ExtractRequest


@pytest.fixture
def fake(home: Path) -> Iterator[FakeDaemon]:
    with daemon.running(home, {"engines": daemon.offer(*COMPARED)}) as running:
        yield running


class User:
    """Somebody at the window."""

    def __init__(self, krita: Krita) -> None:
        self.extension: Any = krita.extensions[0]
        krita.action("flyaway_compare").triggered.emit(False)
        self.window: Any = self.extension._compare_window

    @property
    def says(self) -> str:
        text: str = self.window._status.text()
        return text

    @property
    def listed(self) -> dict[str, bool]:
        return {name: box.isChecked() for name, box in self.window._boxes.items()}

    @property
    def can_compare(self) -> bool:
        can: bool = self.window._compare.is_enabled
        return can

    def wait_for_engines(self) -> None:
        turn_until(lambda: self.listed)

    def wait_for_end(self) -> None:
        turn_until(lambda: self.extension._compare_window is None)


def asked(fake: FakeDaemon) -> list[ExtractRequest]:
    return [one for one in fake.received if isinstance(one, ExtractRequest)]


def test_chosen_engines_are_compared_in_a_new_document(
    krita: Krita, image: DocumentData, fake: FakeDaemon
) -> None:
    user = User(krita)
    assert not user.can_compare
    user.wait_for_engines()
    assert user.listed == {"good": True, "unpaid": True, "builtin": True}
    for name in user.listed:
        user.window._boxes[name].click()
    assert not user.can_compare
    user.window.accept()  # Return, past the button
    assert asked(fake) == []
    user.window._boxes["good"].click()
    user.window._boxes["builtin"].click()
    user.window._compare.click()
    assert not user.window._choices.is_enabled
    user.window.accept()  # once is enough
    user.wait_for_end()

    assert [one.engine for one in asked(fake)] == ["good", "builtin"]
    (sheet,) = krita.window.added
    assert sheet.size == (2, 4)
    (layer,) = sheet.root.childNodes()
    # The fake draws what the alpha begins with.
    assert layer.pixelData(0, 0, 2, 4).data() == b"\xff" * 32
    assert image.active is not None and not image.active.childNodes()
    rows = [one for one in fake.received if isinstance(one, DrawRow)]
    assert rows[0].heading.endswith(", 8 × 6 pixels")

    # What was chosen is chosen the next time.
    again = User(krita)
    again.wait_for_engines()
    assert again.listed == {"good": True, "unpaid": False, "builtin": True}
    again.window.reject()


def test_colours_are_those_of_the_sheet(krita: Krita) -> None:
    from tests.krita.conftest import plugin_module

    from flyaway_client.comparing import Sheet
    from flyaway_client.messages import ImageHeader

    sheet = Sheet(ImageHeader(2, 1, "rgb", "u8"), b"abcdef", ())
    shown = plugin_module("comparison")._shown(sheet)
    assert (shown.width, shown.height, shown.bgra) == (2, 1, b"cba\xfffed\xff")


def test_only_what_is_selected_is_compared(
    krita: Krita, image: DocumentData, fake: FakeDaemon
) -> None:
    select(image, 1, 2, [[255] * 4, [255] * 4, [255] * 4])
    user = User(krita)
    user.wait_for_engines()
    user.window.accept()
    user.wait_for_end()
    first = asked(fake)[0]
    assert (first.image.width, first.image.height, first.selection) == (4, 3, None)


def test_only_engines_for_paid_work_are_listed_where_the_docker_says_so(
    krita: Krita, image: DocumentData, fake: FakeDaemon
) -> None:
    krita.writeSetting("flyaway_krita", "paid_work_only", "true")
    user = User(krita)
    user.wait_for_engines()
    assert user.listed == {"good": True, "builtin": True}
    user.window.reject()


def test_only_engines_for_paid_work_are_listed_where_that_is_wanted(
    krita: Krita, image: DocumentData, fake: FakeDaemon
) -> None:
    user = User(krita)
    user.wait_for_engines()
    user.window._boxes["builtin"].click()
    user.window._paid_work.weights.click()
    assert user.listed == {"good": True, "builtin": False}
    user.window._compare.click()
    user.wait_for_end()
    assert [(one.engine, one.paid_work_only) for one in asked(fake)] == [("good", True)]
    assert krita.readSetting("flyaway_krita", "paid_work_only", "") == ""  # the docker's own


def test_is_one_window(krita: Krita, fake: FakeDaemon) -> None:
    user = User(krita)
    again = User(krita)
    assert again.window is user.window and user.window.is_raised
    user.window.reject()
    assert user.extension._compare_window is None


def test_where_there_is_nothing_to_compare_on_it_is_said(krita: Krita, fake: FakeDaemon) -> None:
    user = User(krita)
    user.wait_for_engines()
    user.window.accept()
    assert user.says == "No image is open. Open a photo, then try again."
    assert user.can_compare
    user.window.reject()


def test_closing_stops_the_work_and_shows_nothing(
    krita: Krita, image: DocumentData, fake: FakeDaemon
) -> None:
    fake.script["extract"] = daemon.ignore
    user = User(krita)
    user.wait_for_engines()
    user.window.accept()
    turn_until(lambda: asked(fake))
    user.window.reject()
    user.wait_for_end()
    assert any(isinstance(one, Cancel) for one in fake.received)
    assert krita.window.added == []


def test_what_fails_is_said_and_can_be_tried_again(
    krita: Krita, image: DocumentData, fake: FakeDaemon
) -> None:
    fake.script["extract"] = daemon.refuse(protocol.TOO_LARGE, "Too large.")
    user = User(krita)
    user.wait_for_engines()
    user.window.accept()
    turn_until(lambda: user.says == "Too large.")
    del fake.script["extract"]
    user.window.accept()
    user.wait_for_end()
    assert len(krita.window.added) == 1


def test_where_no_daemon_can_be_asked_it_is_said(krita: Krita, home: Path) -> None:
    user = User(krita)
    turn_until(lambda: "flyaway install" in user.says)
    assert not user.can_compare
    user.window.reject()


def test_krita_quits_while_engines_are_compared(
    krita: Krita, image: DocumentData, fake: FakeDaemon
) -> None:
    fake.script["extract"] = daemon.ignore
    user = User(krita)
    user.wait_for_engines()
    user.window.accept()
    turn_until(lambda: asked(fake))
    krita.notifier().applicationClosing.emit()
    assert any(isinstance(one, Cancel) for one in fake.received)
