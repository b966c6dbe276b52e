"""panel.py, engine_row.py, download_row.py: the dialog fills itself when the daemon answers, and does not wait for that."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import pytest
from tests.conftest import wait_for_background_calls
from tests.fakes import daemon
from tests.fakes.daemon import FakeDaemon, Peer

from flyaway_client import protocol
from flyaway_client.errors import CancelledError, RefusedError
from flyaway_client.messages import (
    Cancel,
    DescribeRequest,
    EngineInfo,
    ImageHeader,
    Message,
    Preview,
    Progress,
    Strip,
    UseRemote,
)

FREE = EngineInfo("free", "Free", "Hair.", (), True, 0, "MIT", "", True)
RESEARCH = EngineInfo("research", "Research", "Fur.", (), True, 0, "CC-BY-NC", "", False)
ABSENT = EngineInfo("absent", "Absent", "Veils.", (), False, 885_000_000, "MIT", "", True)

PLATES = EngineInfo("plates", "Plates", "Studio.", ("plate",), True, 0, "MIT", "", True)

# Widgets and settings are the fakes', which are imported anew for each test.
# mypy: disable-error-code="no-untyped-def"


UNTIL_KNOWN = ["auto", "any-subject", "portrait", "fine-hair", "empty-scene"]


@dataclass
class Opened:
    """The dialog as the user sees it."""

    dialog: Any

    def __post_init__(self) -> None:
        self.choices, self.work, self.offer = self.dialog.get_content_area().children
        (
            _, self.source_row, self.taken_for, self.edge_width, engine, self.bar, self.about,
            self.transparent, output, self.more,
        ) = self.choices.children  # fmt: skip
        self.source = self.source_row.children[1]
        self.menu, self.button = engine.children[1].children
        self.output = output.children[1]

    @property
    def names(self) -> list[str]:
        return [name for name, _ in self.menu.rows]

    def choose(self, name: str) -> None:
        """Choose an engine, once it is there."""
        run_main_loop_until(lambda: bool({name, "more"} & set(self.names)))
        if name not in self.names:
            self.menu.set_active_id("more")
            run_main_loop_until(lambda: name in self.names)
            assert self.menu.is_open
            self.menu.popdown()
        self.menu.set_active_id(name)


@pytest.fixture
def ask(script: ModuleType, procedure, image) -> Iterator[Callable[..., bool]]:
    """Open the dialog; `user` gets it opened, and presses OK (True) or Cancel."""
    import panel
    from gi.repository import GimpUi

    def ask(config: Any, user: Callable[[Opened], bool]) -> bool:
        GimpUi.ProcedureDialog.answer = lambda opened: user(Opened(opened))
        dialog = panel.ExtractDialog(procedure, config, image.layers[0])
        is_accepted = dialog.ask()
        dialog.close()
        return bool(is_accepted)

    yield ask
    wait_for_background_calls()


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
        run_main_loop_until(lambda: "more" in opened.names)
        return not opened.menu.is_open

    assert ask(config, user)


def test_can_be_answered_while_the_daemon_is_silent(ask, config, home: Path) -> None:
    asked, done = threading.Event(), threading.Event()

    def stay_silent(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        asked.set()
        done.wait(30)

    def user(opened: Opened) -> bool:
        assert asked.wait(30)
        assert opened.names == UNTIL_KNOWN
        opened.choose("portrait")
        return bool(opened.dialog.can_be_accepted)

    with daemon.running(home, {"engines": stay_silent}):
        assert ask(config, user)
        done.set()
    assert config.get_property("engine") == "portrait"


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
    wait_for_background_calls()
    GLib.turn()
    assert seen[0].names == UNTIL_KNOWN
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
        assert opened.about.text.endswith("Choose that layer under “More”.")
        assert not opened.dialog.can_be_accepted
        config.set_property("plate", image.layers[0])
        assert opened.dialog.can_be_accepted
        config.set_property("plate", None)
        assert not opened.dialog.can_be_accepted
        opened.choose("free")
        return bool(opened.dialog.can_be_accepted)

    with daemon.running(home, {"engines": daemon.offer(FREE, PLATES)}):
        assert ask(config, user)


def test_more_opens_when_an_engine_asks_for_a_layer_that_is_chosen_there(
    ask, config, image, home: Path
) -> None:
    def user(opened: Opened) -> bool:
        run_main_loop_until(lambda: "more" in opened.names)
        assert not opened.more.is_expanded
        opened.menu.set_active_id("empty-scene")
        return bool(opened.more.is_expanded)

    plates = dataclasses.replace(PLATES, suits=("empty-scene",))
    with daemon.running(home, {"engines": daemon.offer(FREE, plates)}):
        assert ask(config, user)
        config.set_property("engine", "auto")
        assert ask(config, lambda opened: not opened.more.is_expanded)


def test_opens_without_the_empty_scene_of_last_time(ask, config, image, home, capfd) -> None:
    config.set_property("plate", image.layers[0])
    assert ask(config, lambda opened: config.get_property("plate") is None)


# --- paid work -------------------------------------------------------------------------------------


def test_asks_whether_it_is_glass_where_the_engine_makes_use_of_that(
    ask, config, home: Path
) -> None:
    def user(opened: Opened) -> bool:
        opened.choose("research")
        assert opened.transparent.is_visible
        config.set_property("transparent", True)
        opened.choose("free")
        assert not opened.transparent.is_visible
        assert not config.get_property("transparent")
        opened.choose("research")
        config.set_property("transparent", True)
        return True

    glass = dataclasses.replace(RESEARCH, transparent=True)
    with daemon.running(home, {"engines": daemon.offer(FREE, glass)}):
        assert ask(config, user)
    import options

    assert options.load(config).transparent


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
        run_main_loop_until(lambda: "more" in opened.names)
        assert not opened.button.is_visible
        opened.choose("absent")
        assert not opened.dialog.can_be_accepted
        assert (opened.button.label, opened.bar.is_visible) == ("_Download (885 MB)", False)
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
        assert (opened.button.label, opened.bar.is_visible) == ("_Download (885 MB)", False)
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
            run_main_loop_until(lambda: opened.button.label == "_Download (885 MB)")
            assert opened.about.text.startswith("Veils.")
        return False

    script = {"engines": daemon.offer(FREE, ABSENT), "download": begin, "cancel": stop}
    with daemon.running(home, script):
        assert not ask(config, user)
        assert stopped.wait(30)


def test_offers_what_is_worth_fetching_after_a_guess(ask, config, home: Path) -> None:
    config.set_property("advised", "absent")
    proceed = threading.Event()
    proceed.set()

    def user(opened: Opened) -> bool:
        run_main_loop_until(lambda: opened.button.is_visible)
        assert opened.button.label == "_Download Absent (885 MB)"
        assert "The last result was only a guess" in opened.about.text
        assert opened.dialog.can_be_accepted
        opened.choose("absent")
        assert opened.button.label == "_Download (885 MB)"
        assert "guess" not in opened.about.text
        opened.menu.set_active_id("auto")
        config.set_property("paid-work-only", True)
        assert opened.button.is_visible
        opened.button.click()
        run_main_loop_until(lambda: "guess" not in opened.about.text)
        return not opened.button.is_visible

    with daemon.running(home, daemon.offer_missing(ABSENT, proceed, FREE)):
        assert ask(config, user)


def test_advises_nothing_that_the_switch_leaves_out(ask, config, home: Path) -> None:
    config.set_property("advised", "absent")
    config.set_property("paid-work-only", True)
    limited = dataclasses.replace(ABSENT, paid_work=False)

    def user(opened: Opened) -> bool:
        run_main_loop_until(lambda: "more" in opened.names)
        return not opened.button.is_visible

    with daemon.running(home, {"engines": daemon.offer(FREE, limited)}):
        assert ask(config, user)


def test_everything_says_what_it_is_for(ask, config, home: Path) -> None:
    def user(opened: Opened) -> bool:
        opened.choose("absent")
        begun = opened.button.tooltip
        widgets = (opened.menu, opened.source, opened.output, opened.more, opened.bar)
        assert all(one.tooltip for one in (*widgets, *opened.work.children, opened.dialog.ok))
        opened.button.click()
        return "Veils." in begun and opened.button.tooltip.startswith("Stop the download")

    with daemon.running(home, daemon.offer_missing(ABSENT, threading.Event(), FREE)):
        assert ask(config, user)


# --- the selection and the outputs -----------------------------------------------------------------


def selected(image) -> None:
    image.get_selection().get_buffer().pixels[:2, :3] = 1


def test_says_live_what_the_selection_is_taken_for(
    ask, config, image, running_daemon: FakeDaemon
) -> None:
    selected(image)

    def user(opened: Opened) -> bool:
        run_main_loop_until(lambda: opened.taken_for.text == "Outline, edge up to 7 px.")
        assert opened.edge_width.is_visible
        config.set_property("selection-is", "automatic")
        nothing = "No selection: the subject will be looked for"
        run_main_loop_until(lambda: opened.taken_for.text == nothing)
        assert not opened.edge_width.is_visible
        config.set_property("selection-is", "outline")
        config.set_property("edge-width", 3)
        run_main_loop_until(lambda: opened.taken_for.text == "Outline, edge up to 7 px.")
        asked = [one for one in running_daemon.received if isinstance(one, DescribeRequest)]
        return (asked[-1].selection_is, asked[-1].edge_width_px) == ("outline", 3)

    assert ask(config, user)


def test_says_before_the_work_what_would_go_wrong(ask, config, image, home: Path) -> None:
    sentence = "The selection holds nothing."
    selected(image)

    def user(opened: Opened) -> bool:
        run_main_loop_until(lambda: opened.taken_for.text == sentence)
        return bool(opened.taken_for.is_problem)

    with daemon.running(home, {"describe": daemon.refuse(protocol.NO_SUBJECT, sentence)}):
        assert ask(config, user)


def test_says_before_the_work_that_the_layer_is_locked(ask, config, image, running_daemon) -> None:
    image.layers[0].is_locked = True
    assert ask(config, lambda opened: "is locked" in opened.taken_for.text)


def test_says_that_a_mask_would_be_replaced_and_offers_what_keeps_it(
    ask, config, image, running_daemon
) -> None:
    def labels(opened: Opened) -> list[str]:
        return [label for _, label in opened.output.rows]

    assert ask(config, lambda opened: labels(opened)[0] == "Layer mask")
    layer = image.layers[0]
    layer.add_mask(layer.create_mask(None))

    def user(opened: Opened) -> bool:
        assert labels(opened)[0] == "Layer mask (replaces the present one)"
        opened.output.set_active_id("new-layer")
        return bool(config.get_property("output") == "new-layer")

    assert ask(config, user)


def test_says_that_a_mask_is_refined_where_that_is_the_output(
    ask, config, image, running_daemon
) -> None:
    selected(image)

    def user(opened: Opened) -> bool:
        opened.output.set_active_id("refined-mask")
        run_main_loop_until(lambda: opened.taken_for.text.startswith("The mask is solved again"))
        return not opened.edge_width.is_visible

    assert ask(config, user)


def test_what_the_selection_is_says_nothing_about_one_in_another_image(
    ask, config, gimp, image, running_daemon
) -> None:
    def choose(opened: Opened) -> bool:
        config.set_property("selection-is", "region")
        opened.output.set_active_id("selection")
        return True

    assert ask(config, choose)
    assert ask(config, lambda opened: config.get_property("selection-is") == "region")
    image.layers[0]._image = gimp.Image(6, 4)
    assert ask(config, lambda opened: config.get_property("selection-is") == "guess")
    assert config.get_property("output") == "selection"


# --- what the selection is taken from --------------------------------------------------------------


def test_asks_where_the_selection_is_only_where_there_is_a_choice(
    ask, config, image, running_daemon
) -> None:
    assert ask(config, lambda opened: not opened.source_row.is_visible)
    layer = image.layers[0]
    layer.add_mask(layer.create_mask(None))

    def user(opened: Opened) -> bool:
        assert opened.source_row.is_visible
        assert opened.source.tooltip
        return [label for _, label in opened.source.rows] == ["Selection", "Layer mask"]

    assert ask(config, user)


def test_says_live_what_the_chosen_source_is_taken_for(
    ask, config, gimp, image, running_daemon: FakeDaemon
) -> None:
    hair = gimp.Channel(image, "hair", np.ones((4, 6, 1)))
    hair.get_buffer().pixels[0, :2] = 0.5
    image.channels.append(hair)

    def user(opened: Opened) -> bool:
        nothing = "No selection: the subject will be looked for"
        run_main_loop_until(lambda: opened.taken_for.text == nothing)
        opened.source.set_active_id(str(hair.get_id()))
        assert config.get_property("selection-from") is hair
        run_main_loop_until(lambda: opened.taken_for.text == "Outline, edge up to 7 px.")
        asked = [one for one in running_daemon.received if isinstance(one, DescribeRequest)]
        assert asked[-1].partly_px == 2
        opened.source.set_active_id("")
        assert config.get_property("selection-from") is None
        run_main_loop_until(lambda: opened.taken_for.text == nothing)
        return True

    assert ask(config, user)


def test_sees_what_was_painted_while_the_dialog_was_left(
    ask, config, gimp, image, running_daemon
) -> None:
    def user(opened: Opened) -> bool:
        hair = gimp.Channel(image, "hair", np.zeros((4, 6, 1)))
        image.channels.append(hair)
        opened.dialog.come_back()
        assert opened.source_row.is_visible
        opened.source.set_active_id(str(hair.get_id()))
        run_main_loop_until(lambda: "“hair” says nothing about" in opened.taken_for.text)
        hair.get_buffer().pixels[:] = 1
        opened.dialog.come_back()
        run_main_loop_until(lambda: opened.taken_for.text == "Outline, edge up to 7 px.")
        hair.exists = False
        image.channels.remove(hair)
        opened.dialog.come_back()
        assert opened.source.get_active_id() is None
        return "is gone. Choose something else at “Taken from”" in opened.taken_for.text

    assert ask(config, user)


def test_opens_with_the_source_of_last_time_if_it_is_still_there(
    ask, config, gimp, image, running_daemon
) -> None:
    hair = gimp.Channel(image, "hair", np.ones((4, 6, 1)))
    image.channels.append(hair)

    def choose(opened: Opened) -> bool:
        opened.source.set_active_id(str(hair.get_id()))
        return True

    assert ask(config, choose)
    assert ask(config, lambda opened: opened.source.get_active_id() == str(hair.get_id()))
    image.channels.clear()
    assert ask(config, lambda opened: config.get_property("selection-from") is None)


def test_the_source_is_asked_anew_for_another_image(
    ask, config, gimp, image, running_daemon
) -> None:
    config.set_property(
        "selection-from", gimp.Channel(gimp.Image(6, 4), "hair", np.ones((4, 6, 1)))
    )
    assert ask(config, lambda opened: config.get_property("selection-from") is None)


def test_keeps_what_was_chosen_before_cancel(ask, config, gimp, running_daemon) -> None:
    def user(opened: Opened) -> bool:
        opened.output.set_active_id("new-layer")
        config.set_property("paid-work-only", True)
        config.set_property("edge-width", 7)
        return False

    assert not ask(config, user)
    (file,) = (Path(gimp.directory()) / "plug-in-settings").iterdir()
    assert file.name == "GimpProcedureConfigRun-plug-in-flyaway-extract-foreground.last"
    lines = file.read_text("utf-8").splitlines()
    assert lines[0] == "# settings"
    assert {'(output "new-layer")', "(paid-work-only yes)", "(edge-width 7)"} <= set(lines)


def test_goes_on_where_choices_cannot_be_kept(
    ask, config, running_daemon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAKE_GIMP_DIRECTORY", "/nowhere/at/all")
    assert not ask(config, lambda opened: False)


# --- the work --------------------------------------------------------------------------------------


@pytest.fixture
def opened(script: ModuleType, procedure, config, image) -> Iterator[Any]:
    """A dialog whose Extract was pressed."""
    import panel
    from gi.repository import GimpUi

    GimpUi.ProcedureDialog.answer = lambda opened: True
    dialog = panel.ExtractDialog(procedure, config, image.layers[0])
    assert dialog.ask()
    yield dialog
    dialog.close()


def test_shows_the_work_and_early_results(
    opened, config, image, home: Path, script: ModuleType
) -> None:
    import extraction
    import options

    seen = Opened(opened._dialog)
    bar, picture = seen.work.children
    assert not seen.work.is_visible
    proceed = threading.Event()

    def answer(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        assert isinstance(message, Strip)
        header = ImageHeader(2, 1, "gray", "u8")
        fake.send(peer, Progress(message.id, "Solving", 0.5))
        fake.send(peer, Preview(message.id, header), b"ab")
        assert proceed.wait(30)
        daemon.finish_when_complete(fake, peer, message)

    def look() -> bool:
        if picture.pixbuf is not None:
            proceed.set()
        return not proceed.is_set()

    from gi.repository import GLib

    GLib.timeout_add(1, look)
    with daemon.running(home, {"strip": answer}):
        extraction.extract(image.layers[0], options.load(config), opened)
    assert picture.pixbuf.content == b"aaabbb"
    assert bar.text == "Solving"
    assert not seen.choices.is_sensitive
    assert not seen.dialog.can_be_accepted
    assert image.layers[0].get_mask() is not None


def answer_offer(opened: Any, press: Callable[[], object]) -> None:
    """Once the dialog offers to do it here, press what the user presses."""
    from gi.repository import GLib

    def look() -> bool:
        if not opened._is_asking:
            return True
        assert opened._offer.is_visible
        press()
        return False

    GLib.timeout_add(1, look)


def test_offers_to_do_here_what_another_computer_could_not(
    opened, config, image, home: Path
) -> None:
    import extraction
    import options

    answer_offer(opened, lambda: opened._here.click())
    with daemon.running(home, daemon.lose_remote("studio does not answer.")) as fake:
        extraction.extract(image.layers[0], options.load(config), opened)
        assert sum(isinstance(one, UseRemote) for one in fake.received) == 1
    assert "studio does not answer." in opened._lost.text
    assert image.layers[0].get_mask() is not None
    assert not opened._offer.is_visible


def test_says_what_was_lost_where_the_offer_is_not_taken(opened, config, image, home: Path) -> None:
    import extraction
    import options

    answer_offer(opened, lambda: opened._dialog.respond())
    with (
        daemon.running(home, daemon.lose_remote("studio does not answer.")),
        pytest.raises(RefusedError, match="studio does not answer"),
    ):
        extraction.extract(image.layers[0], options.load(config), opened)
    assert image.layers[0].get_mask() is None


def test_cancel_in_the_dialog_stops_the_work(opened, config, image, home: Path) -> None:
    import extraction
    import options
    from gi.repository import GLib

    def cancel(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        GLib.timeout_add(1, opened._dialog.respond)

    with daemon.running(home, {"strip": cancel}) as fake:
        with pytest.raises(CancelledError):
            extraction.extract(image.layers[0], options.load(config), opened)
        assert any(isinstance(one, Cancel) for one in fake.received)
    assert image.layers[0].get_mask() is None
