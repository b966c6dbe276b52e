"""point_panel.py and what it is made of: clicks, keys and the end, against a daemon that is a fake."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from tests.fakes import daemon
from tests.fakes.daemon import FakeDaemon
from tests.gimp.test_refine_panel import GLASS, HEIGHT, ROOM, SCALE, WIDTH, turn

from flyaway_client import messages, protocol, texts
from flyaway_client.messages import ExtractRequest, OpenSession
from flyaway_client.prompts import Box, Point, Prompts

# Widgets, layers and settings are the fakes', which are imported anew for each test.
# mypy: disable-error-code="no-untyped-def"

POINTED = messages.EngineInfo("sam", "SAM", "Clicks.", ("prompts",), True, 38_800_000, "MIT", "")


@pytest.fixture
def fake(home: Path) -> Iterator[FakeDaemon]:
    with daemon.running(home, {"engines": daemon.offer(POINTED)}) as running:
        yield running


@pytest.fixture
def layer(gimp):
    """A grey layer without a mask."""
    image = gimp.Image(WIDTH, HEIGHT)
    layer = gimp.Layer(image, "photo", np.full((HEIGHT, WIDTH, 4), [0.4, 0.4, 0.4, 1.0]))
    image.layers.append(layer)
    image.selected = [layer]
    image.undo_steps.clear()
    return layer


@pytest.fixture
def run(script, gimp, point, layer):
    """Runs the procedure; what it answers."""

    def run(mode: str = "INTERACTIVE", **chosen: Any):
        return point.run(layer.get_image(), [layer], gimp.RunMode[mode], **chosen)

    return run


class User:
    """Somebody at the dialog, from within its main loop."""

    def __init__(self, dialog: Any) -> None:
        from gi.repository import Gdk

        self.gdk, self.dialog = Gdk, dialog
        self.room = dialog._canvas._room
        self.room.emit("realize")
        self.room.emit("size-allocate", Gdk.Rectangle(*ROOM))
        turn()

    @property
    def says(self) -> str:
        text: str = self.dialog._status._sentence.text
        return text

    def drag(self, *path: tuple[float, float], button: int = 1) -> None:
        (x, y), (last_x, last_y) = path[0], path[-1]
        event = self.gdk.EventButton
        self.room.emit("button-press-event", event(SCALE * x, SCALE * y, button=button))
        for to_x, to_y in path[1:]:
            self.room.emit("motion-notify-event", self.gdk.EventMotion(SCALE * to_x, SCALE * to_y))
        self.room.emit("button-release-event", event(SCALE * last_x, SCALE * last_y, button=button))

    def key(self, name: str, control: bool = False) -> bool:
        state = self.gdk.ModifierType.CONTROL_MASK if control else self.gdk.ModifierType.NONE
        return any(self.dialog._dialog.emit("key-press-event", self.gdk.EventKey(name, state)))

    def wait_for(self, *sentences: str) -> None:
        self.wait_until(lambda: self.says in sentences)

    def wait_until(self, met: Callable[[], object]) -> None:
        for _ in range(1000):
            if met():
                return
            turn()
            threading.Event().wait(0.01)
        raise TimeoutError(self.says)


@pytest.fixture
def play(script, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Has these acts done, one each time that the dialog waits for its user."""
    import point_panel
    from gi.repository import Gtk

    def play(*acts: Callable[[User], object]) -> None:
        dialogs: list[Any] = []
        first = point_panel.PointDialog.__init__
        main, left = Gtk.main, list(acts)

        def begin(self, *args: Any) -> None:
            first(self, *args)
            dialogs.append(self)

        def wait() -> None:
            if dialogs[-1]._is_extracting:
                main()
            else:
                left.pop(0)(User(dialogs[-1]))

        monkeypatch.setattr(point_panel.PointDialog, "__init__", begin)
        monkeypatch.setattr(Gtk, "main", wait)

    return play


def test_glass_is_told_where_an_engine_makes_use_of_that(run, play, fake: FakeDaemon) -> None:
    def point_at_it(user: User) -> None:
        user.wait_for(texts.POINTS_READY)
        user.wait_until(lambda: user.dialog._transparent.is_visible)
        user.dialog._transparent.set_active(True)
        user.drag((30, 10))
        answered(user)
        user.key("Return")

    fake.script["engines"] = daemon.offer(POINTED, GLASS)
    play(point_at_it)
    run()
    assert [one.transparent for one in extracts(fake)] == [True]


def extracts(fake: FakeDaemon) -> list[ExtractRequest]:
    return [one for one in fake.received if isinstance(one, ExtractRequest)]


def answered(user: User) -> None:
    user.wait_for(texts.points_found(2, 2), texts.points_found(1, 2))


def test_what_was_clicked_is_cut_out_and_kept(run, play, gimp, layer, fake: FakeDaemon) -> None:
    def point_at_it(user: User) -> None:
        user.wait_for(texts.POINTS_READY)
        user.drag((30, 10))
        answered(user)
        mask = user.dialog._mask.buffer.pixels[..., 0] * 255
        assert (round(mask[5, 0]), round(mask[5, -1])) == (ord("c"), ord("d"))
        user.key("Tab")
        assert user.says == texts.points_found(1, 2)
        user.drag((5, 5), button=3)
        answered(user)
        user.key("s")
        user.drag((10, 20), (28, 20))
        user.key("b")
        user.drag((2, 2), (20, 25))
        user.key("BackSpace")
        user.key("z", control=True)
        user.key("Z", control=True)
        user.key("y", control=True)
        user.key("z", control=True)
        answered(user)
        user.key("Return")

    play(point_at_it)
    answer = run(output="layer-mask")
    assert answer.status is gimp.PDBStatusType.SUCCESS
    (request,) = extracts(fake)
    (session,) = {one.session for one in fake.received if isinstance(one, OpenSession)}
    assert request.session == session and request.engine == "auto" and request.selection is None
    assert request.prompts is not None
    assert request.prompts.points[:2] == (Point(29.5, 9.5), Point(4.5, 4.5, keep=False))
    assert len(request.prompts.points) == 6 and not request.prompts.boxes
    assert layer.get_mask() is not None and len(layer.get_image().undo_steps) == 1

    # Without the dialog the same again.
    assert run("NONINTERACTIVE").status is gimp.PDBStatusType.SUCCESS
    again = extracts(fake)[-1]
    assert again.session == "" and again.prompts == Prompts(request.prompts.points)


def test_what_another_computer_could_not_is_done_here_where_the_user_says_so(
    run, play, gimp, layer, fake: FakeDaemon
) -> None:
    sentence = "studio does not answer."

    def point_at_it(user: User) -> None:
        here = user.dialog._status._here
        user.wait_for(texts.POINTS_READY)
        fake.script.update(daemon.lose_remote(sentence))
        user.drag((30, 10))
        user.wait_for(sentence)
        here.click()
        answered(user)
        assert not here.is_visible
        fake.script.update(daemon.lose_remote(sentence))  # what was here is elsewhere again
        user.key("Return")

    def have_it_done_here(user: User) -> None:
        here = user.dialog._status._here
        assert (user.says, here.is_visible) == (sentence, True)
        here.click()
        assert not here.is_visible

    play(point_at_it, have_it_done_here)
    assert run(output="layer-mask").status is gimp.PDBStatusType.SUCCESS
    assert layer.get_mask() is not None
    assert [one.name for one in fake.received if isinstance(one, messages.UseRemote)] == ["", ""]


def test_a_box_is_enough_and_escape_leaves_all_as_it_was(
    run, play, gimp, layer, fake: FakeDaemon
) -> None:
    def give_up(user: User) -> None:
        user.wait_for(texts.POINTS_READY)
        user.drag((5, 5), (25, 22))
        user.wait_for(texts.points_found(2, 2))
        assert user.dialog._pointing.clicks.prompts.boxes == (Box(4.5, 4.5, 24.5, 21.5),)
        user.key("Delete")
        user.wait_for(texts.POINTS_READY)
        user.dialog._dialog.respond()

    play(give_up)
    assert run().status is gimp.PDBStatusType.CANCEL
    assert layer.get_mask() is None and not extracts(fake)
    assert layer.get_image().undo_steps == []


def test_without_a_subject_nothing_is_extracted_and_what_fails_can_be_tried_again(
    run, play, gimp, layer, fake: FakeDaemon
) -> None:
    def try_it(user: User) -> None:
        user.wait_for(texts.POINTS_READY)
        user.key("Return")
        assert user.says == texts.POINTS_FIRST
        user.drag((30, 10))
        answered(user)
        fake.script["strip"] = daemon.refuse(protocol.OUT_OF_MEMORY, "Too large.")
        user.key("Return")

    def try_again(user: User) -> None:
        assert user.says == "Too large."
        fake.script.clear()
        user.key("Return")

    play(try_it, try_again)
    assert run().status is gimp.PDBStatusType.SUCCESS
    assert layer.get_mask() is not None


def test_a_cancelled_extraction_ends_it(run, play, gimp, layer, fake: FakeDaemon) -> None:
    fake.script.update({"strip": daemon.ignore, "cancel": daemon.acknowledge_cancel})

    def begin(user: User) -> None:
        fake.script["extract"] = daemon.ignore
        user.drag((30, 10))
        user.key("Return")
        from gi.repository import GLib

        GLib.timeout_add(1, lambda: user.dialog._dialog.respond())

    play(begin)
    assert run().status is gimp.PDBStatusType.CANCEL
    assert layer.get_mask() is None


def test_a_missing_network_is_fetched_by_one_click(run, play, gimp, layer, home: Path) -> None:
    proceed = threading.Event()
    proceed.set()
    missing = messages.EngineInfo(**{**vars(POINTED), "installed": False})

    def fetch(user: User) -> None:
        user.wait_for(texts.POINTS_MISSING)
        button = user.dialog._download.button
        assert button.get_visible() and button.label == "_Find by clicking (39 MB)"
        button.emit("clicked")
        user.wait_for(texts.POINTS_READY)
        assert not button.get_visible()
        user.dialog._dialog.respond()

    def refuse(user: User) -> None:
        user.wait_for(texts.POINTS_MISSING)
        user.dialog._download.button.emit("clicked")
        user.wait_for("No line.")
        user.dialog._paid_work.switches["paid-work-only"].set_active(True)
        user.wait_for(texts.POINTS_MISSING_BY_HAND)
        user.dialog._dialog.respond()

    with daemon.running(home, daemon.offer_missing(missing, proceed)):
        play(fetch)
        run()
    script = {
        "engines": daemon.offer(missing),
        "download": daemon.refuse(protocol.WEIGHTS_MISSING, "No line."),
    }
    with daemon.running(home, script):
        play(refuse)
        run()


def test_without_its_dialog_something_must_have_been_pointed_at(run, gimp, layer, fake) -> None:
    answer = run("NONINTERACTIVE")
    assert answer.status is gimp.PDBStatusType.EXECUTION_ERROR
    assert answer.message.startswith("Nothing was pointed at in “photo” yet.")
