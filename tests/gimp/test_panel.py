"""panel.py, engine_row.py, download_row.py: the dialog fills itself when the daemon answers, and does not wait for that."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from tests.fakes import daemon
from tests.fakes.daemon import FakeDaemon, Peer

from flyaway_client import background, protocol
from flyaway_client.messages import EngineInfo, Message

FREE = EngineInfo("free", "Free", "Hair.", (), True, 0, "MIT", "", True)
RESEARCH = EngineInfo("research", "Research", "Fur.", (), True, 0, "CC-BY-NC", "", False)
ABSENT = EngineInfo("absent", "Absent", "Veils.", (), False, 885_000_000, "MIT", "", True)

PLATES = EngineInfo("plates", "Plates", "Studio.", ("plate",), True, 0, "MIT", "", True)

# Widgets and settings are the fakes', which are imported anew for each test.
# mypy: disable-error-code="no-untyped-def"


@dataclass
class Opened:
    """The dialog as the user sees it."""

    dialog: Any

    def __post_init__(self) -> None:
        (row,) = self.dialog.get_content_area().children
        _, choice, self.bar, self.about, _ = row.children
        self.menu, self.button = choice.children

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.menu.rows]

    def choose(self, name: str) -> None:
        """Choose an engine, once it is there."""
        run_main_loop_until(lambda: name in self.names)
        self.menu.set_active_id(name)


@pytest.fixture
def ask(script: ModuleType, procedure) -> Iterator[Callable[..., bool]]:
    """Open the dialog; `user` gets it opened, and presses OK (True) or Cancel."""
    import panel
    from gi.repository import GimpUi

    def ask(config: Any, user: Callable[[Opened], bool]) -> bool:
        GimpUi.ProcedureDialog.answer = lambda opened: user(Opened(opened))
        return panel.ask_options(procedure, config)

    yield ask
    for thread in threading.enumerate():
        if thread.name == background.THREAD:
            thread.join(30)


@pytest.fixture
def config(gimp: ModuleType, procedure):
    return gimp.ProcedureConfig(dict(procedure.defaults))


def run_main_loop_until(met: Callable[[], bool]) -> None:
    from gi.repository import GLib

    for _ in range(1000):
        if met():
            return
        GLib.turn()
        threading.Event().wait(0.01)
    raise TimeoutError


def test_shows_the_daemons_engines_once_it_answers(ask, config, running_daemon: FakeDaemon) -> None:
    def user(opened: Opened) -> bool:
        opened.choose("fake")
        assert "Apache-2.0" in opened.about.text
        return True

    assert ask(config, user)
    assert config.get_property("engine") == "fake"


def test_closes_the_menu_before_the_daemons_engines_fill_it(
    ask, config, running_daemon: FakeDaemon
) -> None:
    def user(opened: Opened) -> bool:
        opened.menu.is_open = True
        run_main_loop_until(lambda: "fake" in opened.names)
        return not opened.menu.is_open

    assert ask(config, user)


def test_can_be_answered_while_the_daemon_is_silent(ask, config, home: Path) -> None:
    asked, done = threading.Event(), threading.Event()

    def stay_silent(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        asked.set()
        done.wait(30)

    def user(opened: Opened) -> bool:
        assert asked.wait(30)
        assert opened.names == ["auto", "builtin"]
        opened.choose("builtin")
        return bool(opened.dialog.can_be_accepted)

    with daemon.running(home, {"engines": stay_silent}):
        assert ask(config, user)
        done.set()
    assert config.get_property("engine") == "builtin"


def test_nothing_reaches_a_dialog_that_was_closed(ask, config, home: Path) -> None:
    from gi.repository import GLib

    asked, done = threading.Event(), threading.Event()
    seen: list[Opened] = []

    def answer_late(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        asked.set()
        assert done.wait(30)
        daemon.offer(FREE)(fake, peer, message)

    def user(opened: Opened) -> bool:
        seen.append(opened)
        return asked.wait(30)

    with daemon.running(home, {"engines": answer_late}):
        assert ask(config, user)
        done.set()
    for thread in threading.enumerate():
        if thread.name == background.THREAD:
            thread.join(30)
    GLib.turn()
    assert seen[0].names == ["auto", "builtin"]
    assert not GLib.has_timeouts()


def test_can_be_answered_without_a_daemon_and_says_what_to_do(
    ask, config, home: Path, capfd
) -> None:
    def user(opened: Opened) -> bool:
        run_main_loop_until(lambda: "run `flyaway install`" in opened.about.text)
        assert opened.dialog.can_be_accepted
        return bool(opened.menu.get_active_id() == "auto")

    assert ask(config, user)


def test_follows_the_options_when_they_are_reset(ask, config, running_daemon: FakeDaemon) -> None:
    config.set_property("engine", "builtin")

    def user(opened: Opened) -> bool:
        assert opened.menu.get_active_id() == "builtin"
        config.set_property("engine", "auto")
        return bool(opened.menu.get_active_id() == "auto")

    assert ask(config, user)


def test_keeps_the_chosen_engine_when_the_daemons_engines_arrive(
    ask, config, running_daemon
) -> None:
    config.set_property("engine", "builtin")

    def user(opened: Opened) -> bool:
        run_main_loop_until(lambda: "fake" in opened.names)
        return bool(opened.menu.get_active_id() == "builtin")

    assert ask(config, user)


def test_an_engine_that_needs_the_empty_scene_waits_for_that_layer(
    ask, config, image, home: Path
) -> None:
    def user(opened: Opened) -> bool:
        opened.choose("plates")
        assert "Needs a photo of the empty scene in another layer." in opened.about.text
        assert not opened.dialog.can_be_accepted
        config.set_property("plate", image.layers[0])
        assert opened.dialog.can_be_accepted
        config.set_property("plate", None)
        assert not opened.dialog.can_be_accepted
        opened.choose("free")
        return bool(opened.dialog.can_be_accepted)

    with daemon.running(home, {"engines": daemon.offer(FREE, PLATES)}):
        assert ask(config, user)


def test_opens_without_the_empty_scene_of_last_time(ask, config, image, home, capfd) -> None:
    config.set_property("plate", image.layers[0])
    assert ask(config, lambda opened: config.get_property("plate") is None)


# --- paid work -------------------------------------------------------------------------------------


def test_the_switch_leaves_out_engines_that_forbid_paid_work(ask, config, home: Path) -> None:
    def user(opened: Opened) -> bool:
        opened.choose("research")
        assert "not for paid work" in opened.about.text
        config.set_property("paid-work-only", True)
        assert opened.names == ["auto", "free"]
        assert opened.menu.get_active_id() == "auto"
        config.set_property("paid-work-only", False)
        assert opened.names == ["auto", "free", "research"]
        return True

    with daemon.running(home, {"engines": daemon.offer(FREE, RESEARCH)}):
        assert ask(config, user)
    assert config.get_property("engine") == "auto"


# --- missing engines -------------------------------------------------------------------------------


def test_a_missing_engine_offers_its_download_and_can_be_used_after_it(
    ask, config, home: Path
) -> None:
    proceed = threading.Event()

    def user(opened: Opened) -> bool:
        run_main_loop_until(lambda: "absent" in opened.names)
        assert not opened.button.is_visible
        opened.choose("absent")
        assert not opened.dialog.can_be_accepted
        assert (opened.button.label, opened.bar.is_visible) == ("_Download", False)
        opened.button.click()
        assert (opened.button.label, opened.bar.is_visible) == ("Stop _download", True)
        assert not opened.menu.is_sensitive
        run_main_loop_until(lambda: opened.bar.fraction == 0.5)
        assert opened.bar.text == "Downloading"
        proceed.set()
        run_main_loop_until(lambda: opened.dialog.can_be_accepted)
        assert not opened.button.is_visible
        assert opened.menu.is_sensitive
        return bool(dict(opened.menu.rows)["absent"] == "Absent")

    with daemon.running(home, daemon.offer_missing(ABSENT, proceed, FREE)):
        assert ask(config, user)
    assert config.get_property("engine") == "absent"


def test_an_engine_that_cannot_be_downloaded_says_where_its_file_is(
    ask, config, home: Path
) -> None:
    page = "https://example.org/weights"

    def user(opened: Opened) -> bool:
        opened.choose("absent")
        assert page in opened.about.text
        assert not opened.button.is_visible
        return bool(opened.dialog.can_be_accepted)

    by_hand = dataclasses.replace(ABSENT, page=page)
    with daemon.running(home, {"engines": daemon.offer(FREE, by_hand)}):
        assert not ask(config, user)


def test_a_download_that_fails_says_why(ask, config, home: Path) -> None:
    sentence = "The disk is full. Free some space and try again."

    def user(opened: Opened) -> bool:
        opened.choose("absent")
        opened.button.click()
        run_main_loop_until(lambda: opened.about.text == sentence)
        assert (opened.button.label, opened.bar.is_visible) == ("_Download", False)
        return False

    script = {
        "engines": daemon.offer(FREE, ABSENT),
        "download": daemon.refuse(protocol.WEIGHTS_MISSING, sentence),
    }
    with daemon.running(home, script):
        assert not ask(config, user)


@pytest.mark.parametrize("way", ["button", "closing the dialog"])
def test_a_download_can_be_cancelled(ask, config, home: Path, way: str) -> None:
    begun = threading.Event()
    stopped = threading.Event()

    def begin(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        begun.set()

    def stop(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        stopped.set()
        daemon.acknowledge_cancel(fake, peer, message)

    def user(opened: Opened) -> bool:
        opened.choose("absent")
        opened.button.click()
        assert begun.wait(30)
        if way == "button":
            opened.button.click()
            run_main_loop_until(lambda: opened.button.label == "_Download")
            assert opened.about.text.startswith("Veils.")
        return False

    script = {"engines": daemon.offer(FREE, ABSENT), "download": begin, "cancel": stop}
    with daemon.running(home, script):
        assert not ask(config, user)
        assert stopped.wait(30)
