"""comparison.py and compare_panel.py: engines chosen, compared, and the sheet as an image of its own."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fakes import daemon
from tests.fakes.daemon import FakeDaemon
from tests.fakes.engines import COMPARED
from tests.gimp.test_refine_panel import turn

from flyaway_client import protocol
from flyaway_client.messages import DrawRow, ExtractRequest

# Widgets, layers and settings are the fakes', which are imported anew for each test.
# mypy: disable-error-code="no-untyped-def"


@pytest.fixture
def fake(home: Path) -> Iterator[FakeDaemon]:
    with daemon.running(home, {"engines": daemon.offer(*COMPARED)}) as running:
        yield running


@pytest.fixture
def run(script, gimp, compare, image):
    """Runs the procedure on the image's layer; what it answers."""

    def run(mode: str = "INTERACTIVE", **chosen: Any):
        gimp.Display.shown.clear()
        return compare.run(image, image.layers, gimp.RunMode[mode], **chosen)

    return run


class User:
    """Somebody at the dialog, from within its main loop."""

    def __init__(self, dialog: Any) -> None:
        from gi.repository import Gtk

        self.dialog, self.ok = dialog, Gtk.ResponseType.OK

    @property
    def says(self) -> str:
        text: str = self.dialog._status._sentence.text
        return text

    @property
    def listed(self) -> dict[str, bool]:
        return {name: button.get_active() for name, button in self.dialog._buttons.items()}

    def wait_for_engines(self) -> None:
        self.wait_until(lambda: self.listed)

    def wait_until(self, met: Callable[[], object]) -> None:
        for _ in range(1000):
            if met():
                return
            turn()
            threading.Event().wait(0.01)
        raise TimeoutError(self.says)

    def toggle(self, name: str) -> None:
        press(self.dialog._buttons[name])

    def press_ok(self) -> None:
        self.dialog._dialog.response(self.ok)


def press(button: Any) -> None:
    button.set_active(not button.get_active())


@pytest.fixture
def play(script, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Has these acts done, one each time that the dialog waits for its user."""
    import compare_panel
    from gi.repository import Gtk

    def play(*acts: Callable[[User], object]) -> None:
        dialogs: list[Any] = []
        first = compare_panel.CompareDialog.__init__
        main, left = Gtk.main, list(acts)

        def begin(self, *args: Any) -> None:
            first(self, *args)
            dialogs.append(self)

        def wait() -> None:
            if dialogs[-1]._is_comparing:
                main()
            else:
                left.pop(0)(User(dialogs[-1]))

        monkeypatch.setattr(compare_panel.CompareDialog, "__init__", begin)
        monkeypatch.setattr(Gtk, "main", wait)

    return play


def asked(fake: FakeDaemon) -> list[str]:
    return [one.engine for one in fake.received if isinstance(one, ExtractRequest)]


def test_is_in_the_menus_of_the_others(compare) -> None:
    assert compare.label == "Compare E_ngines…"
    assert compare.menu_paths == ["<Image>/Layer/Mask", "<Image>/Select"]
    assert compare.returned == ["comparison"]


def test_chosen_engines_are_compared_in_a_new_image(run, play, gimp, image, fake) -> None:
    def choose(user: User) -> None:
        assert not user.dialog._dialog.can_be_accepted
        user.wait_for_engines()
        assert user.listed == {"good": True, "unpaid": True, "builtin": True}
        user.toggle("good")
        user.toggle("unpaid")
        user.toggle("builtin")
        assert not user.dialog._dialog.can_be_accepted
        user.press_ok()  # a window manager's way past the button
        assert not user.dialog._is_comparing
        user.toggle("good")
        user.toggle("builtin")
        user.press_ok()

    play(choose)
    answer = run()
    assert answer.status is gimp.PDBStatusType.SUCCESS
    assert asked(fake) == ["good", "builtin"]
    (sheet,) = answer.more
    assert gimp.Display.shown == [sheet]
    (layer,) = sheet.get_layers()
    assert (sheet.get_width(), sheet.get_height()) == (2, 4)
    assert np.all(layer.get_buffer().pixels == 1.0)  # the fake draws what the alpha begins with
    assert sheet.undo_steps == image.undo_steps == []
    assert image.layers[0].get_mask() is None
    rows = [one for one in fake.received if isinstance(one, DrawRow)]
    assert rows[0].heading == "photo, 6 × 4 pixels"


def test_what_was_chosen_is_chosen_the_next_time(run, play, fake) -> None:
    def look(user: User) -> None:
        user.wait_for_engines()
        assert user.listed == {"good": False, "unpaid": False, "builtin": True}
        user.dialog._dialog.respond()

    play(look)
    run(engines="builtin,gone")


def test_only_engines_for_paid_work_are_listed_where_that_is_wanted(run, play, fake) -> None:
    def choose(user: User) -> None:
        user.wait_for_engines()
        press(user.dialog._paid_work.switches["paid-work-only"])
        assert user.listed == {"good": True, "builtin": True}
        user.press_ok()

    play(choose)
    run()
    assert asked(fake) == ["good", "builtin"]


def test_escape_leaves_all_as_it_was(run, play, gimp, image, fake) -> None:
    play(lambda user: user.dialog._dialog.respond())
    assert run().status is gimp.PDBStatusType.CANCEL
    assert asked(fake) == [] and gimp.Display.shown == []
    assert image.undo_steps == []


def test_a_comparison_that_is_cancelled_shows_nothing(run, play, gimp, fake) -> None:
    fake.script["extract"] = daemon.ignore

    def begin(user: User) -> None:
        from gi.repository import GLib

        user.wait_for_engines()
        GLib.timeout_add(1, lambda: user.dialog._dialog.respond())
        user.press_ok()

    play(begin)
    assert run().status is gimp.PDBStatusType.CANCEL
    assert gimp.Display.shown == []


def test_what_fails_is_said_and_can_be_tried_again(run, play, gimp, fake) -> None:
    def begin(user: User) -> None:
        user.wait_for_engines()
        fake.script["extract"] = daemon.refuse(protocol.TOO_LARGE, "Too large.")
        user.press_ok()

    def go_on(user: User) -> None:
        assert user.says == "Too large."
        del fake.script["extract"]
        user.press_ok()

    play(begin, go_on)
    assert run().status is gimp.PDBStatusType.SUCCESS


def test_where_no_daemon_can_be_asked_it_is_said(run, play, home: Path) -> None:
    def look(user: User) -> None:
        user.wait_until(lambda: "flyaway install" in user.says)
        user.dialog._dialog.respond()

    play(look)
    run()


def test_a_script_gets_the_sheet_and_no_window(run, gimp, fake, image) -> None:
    image.get_selection().get_buffer().pixels[1:3, 2:5] = 1.0
    answer = run("NONINTERACTIVE", engines=" good , nobody")
    assert answer.status is gimp.PDBStatusType.SUCCESS
    assert len(answer.more) == 1 and gimp.Display.shown == []
    requests = [one for one in fake.received if isinstance(one, ExtractRequest)]
    assert [one.engine for one in requests] == ["good", "nobody"]
    assert (requests[0].image.width, requests[0].image.height) == (3, 2)
    assert requests[0].selection is None and requests[0].wants_foreground


def test_a_script_that_names_none_gets_the_usual_ones(run, fake) -> None:
    run("NONINTERACTIVE", **{"paid-work-only": True})
    assert asked(fake) == ["good", "builtin"]
