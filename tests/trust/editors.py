"""kill -9 of a real editor with its plug-in, before and after each message between it and the daemon.

Afterwards the daemon lives, is the only one, works for nobody and has let go of the dead editor's connections; the
document on disk is byte for byte what it was, and the next editor that is started has its request answered as ever.
"""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from tests.hosts import processes
from tests.hosts.display import PRESSES
from tests.hosts.editor import Editor
from tests.hosts.gimp_host import Gimp
from tests.hosts.homes import used_home
from tests.hosts.krita_host import Krita
from tests.hosts.pictures import portrait, write_png
from tests.hosts.roots import Installation
from tests.hosts.running import EditorError, wait_for
from tests.hosts.running import Running as RunningEditor
from tests.trust.conversations import CONVERSATIONS, Conversation, Dialog, Step
from tests.trust.daemons import Running, comes_true, daemons_of, is_idle, running_daemon
from tests.trust.records import Finding, growth_percent
from tests.trust.relay import Relay
from tests.trust.shelf import Shelf, shelf

from flyaway_client.client import Client
from flyaway_client.errors import ClientError

SETTINGS = 'log_level = "warning"\nidle_exit_minutes = 0\nidle_unload_minutes = 0.03\n'
"""Pictures of dead editors' sessions are let go of in two seconds in place of ten minutes: the next uploads its own."""

SCRIPTS = Path(__file__).parents[1] / "hosts"
SIZE = (2400, 1800)
"""Width and height of the photo: two strips and some seconds of work, so that it is told how far it is."""

SUITE = "trixie"
PATIENCE_S = 120.0
STEP_S = 15.0
"""How long a step at a dialog may take to be heard."""


@dataclass(frozen=True)
class Death:
    """At which moment of which conversation an editor dies.

    Attributes:
        conversation: its name.
        moment: such as "before progress".
        nth: of the moments called so, from 1: how often work is told of differs from one time to the next.
    """

    conversation: str
    moment: str
    nth: int = 1


@dataclass
class Told:
    """What is measured: seconds until a fresh client was answered, and until nothing was worked on."""

    answered_s: list[float] = field(default_factory=list)
    idle_s: list[float] = field(default_factory=list)


def gimp(count: int, seconds: float, seed: int) -> Finding:
    """Let this many of all possible deaths happen in GIMP, chosen by the seed; all where there are no more."""
    return _killed(Gimp, "gimp", "gimp", count, seconds, seed)


def dialogs(count: int, seconds: float, seed: int) -> Finding:
    """The same at GIMP's dialogs."""
    return _killed(Gimp, "gimp", "dialogs", count, seconds, seed)


def krita(count: int, seconds: float, seed: int) -> Finding:
    """The same in Krita."""
    return _killed(Krita, "krita", "krita", count, seconds, seed)


def _killed(
    kind: type[Editor], name: str, run: str, count: int, seconds: float, seed: int
) -> Finding:
    finding, begun_s = Finding(seed), time.monotonic()
    installation = Installation(name, SUITE)
    with TemporaryDirectory() as folder:
        place = Path(folder) / "editor"
        place.mkdir()
        editor = kind(installation, place, used_home(kind, installation))
        try:
            editor.install_plugin()
            with staged(editor, run, Path(folder), SIZE) as stage:
                figures = _tried(stage, finding, count, begun_s + seconds)
        finally:
            editor.close()
    finding.figures = {"editor": f"{name} {installation.version}", **figures}
    finding.seconds = round(time.monotonic() - begun_s, 1)
    return finding


def _tried(stage: Stage, finding: Finding, count: int, until_s: float) -> dict[str, Any]:
    """Let an editor die again and again; the figures."""
    outcomes: Counter[str] = Counter()
    lengths = {name: stage.rehearse(name) for name in stage.conversations}
    possible = [
        Death(name, moment, all[: at + 1].count(moment))
        for name, all in lengths.items()
        for at, moment in enumerate(all)
    ]
    tried = finding.some_of(possible, count)
    before, done = stage.daemon.rest(), 0
    for death in tried:
        if time.monotonic() > until_s:
            break
        outcome, wrong = stage.play(death)
        outcomes[outcome] += 1
        done += 1
        finding.require(not wrong, f"{stage.editor}: {death}: {wrong}")
    for name in stage.conversations:
        wrong = stage.hold(name)
        finding.require(not wrong, f"{stage.editor}: the last {name}: {wrong}")
    finding.broken += stage.daemon.tracebacks()
    after = stage.daemon.rest()
    held = (before.threads, before.sockets, before.files)
    finding.require(
        (after.threads, after.sockets, after.files) == held, f"held before {before}, after {after}"
    )
    return {
        "conversations": done,
        "possible": len(possible),
        "moments_by_conversation": {name: len(length) for name, length in lengths.items()},
        "messages": sorted({one.partition(" ")[2] for all in lengths.values() for one in all}),
        "outcomes": dict(outcomes),
        "answered_s_at_most": round(max(stage.told.answered_s, default=0), 2),
        "idle_s_at_most": round(max(stage.told.idle_s, default=0), 2),
        "growth_percent": growth_percent(before.resident_bytes, after.resident_bytes),
    }


@contextlib.contextmanager
def staged(editor: Editor, run: str, folder: Path, size: tuple[int, int]) -> Iterator[Stage]:
    """An editor with the plug-in installed, and all that its conversations take.

    Args:
        editor: which.
        run: whose conversations.
        folder: for the daemon's home, and for the documents.
        size: of the photo: width and height.
    """
    home = folder / "daemon"
    home.mkdir()
    with (
        shelf() as weights,
        running_daemon(home, SETTINGS, weights.endpoint) as daemon,
        Stage(editor, CONVERSATIONS[run], daemon, weights, folder, size) as stage,
    ):
        yield stage


class Stage:
    """An editor whose plug-in reaches a daemon by a relay alone, and two documents for it; a context manager.

    Args:
        editor: with the plug-in installed.
        conversations: that it may hold.
        daemon: that runs, in a home of its own.
        weights: that has.
        folder: for the documents.
        size: of the photo: width and height.
    """

    def __init__(
        self,
        editor: Editor,
        conversations: Mapping[str, Conversation],
        daemon: Running,
        weights: Shelf,
        folder: Path,
        size: tuple[int, int],
    ) -> None:
        self.editor, self.daemon, self.told = editor, daemon, Told()
        self._weights = weights
        self.conversations = conversations
        self._folder = folder / "documents"
        self._folder.mkdir()
        self._size = size
        self._relay = Relay(daemon.file.address)
        self._expected: dict[str, tuple[Any, Any]] = {}
        self._kept: dict[str, str] = {}

    def __enter__(self) -> Stage:
        self._relay.__enter__()
        replace(self.daemon.file, address=self._relay.address).write(self.editor.flyaway_home)
        self._make_documents()
        self._kept = self._on_disk()
        return self

    def __exit__(self, *_: object) -> None:
        self._relay.__exit__()

    def rehearse(self, name: str) -> list[str]:
        """Hold a conversation unharmed, and keep what it comes to; its moments."""
        first, second = self._expected[name] = self._whole(name)
        is_so = self.conversations[name].dialog or first == second
        if (wrong := self.wrong()) or first[0] or not is_so:
            raise RuntimeError(f"{name}: {first}, {second}, {wrong}")
        return self._relay.moments

    def play(self, death: Death) -> tuple[str, list[str]]:
        """Let it happen: what became of it, and what is not as it should be afterwards."""
        running, first = self._started(death.conversation)
        expected = self._expected[death.conversation]
        wrong = _other_than(expected[0], first, "the request after a death")
        has_struck = threading.Event()

        def strike(passed: Sequence[str]) -> None:
            if passed[-1] == death.moment and passed.count(death.moment) == death.nth:
                has_struck.set()
                os.killpg(running.process.pid, signal.SIGKILL)
                running.process.wait()

        self._relay.count_anew(strike)
        try:
            second = self._second(death.conversation, running)
        except EditorError as error:
            if not has_struck.is_set():
                wrong.append(f"it failed: {error}")
            outcome = f"killed {death.moment}" if has_struck.is_set() else "failed"
        else:
            outcome = "it had ended before"
            wrong += _other_than(expected[1], second, "the request that went on")
        moments = self._relay.moments
        if "before session-opened" in moments and "before ready" not in moments:
            wrong.append("the picture of a dead editor is still there")
        return outcome, wrong + self.wrong()

    def hold(self, name: str) -> list[str]:
        """Hold a conversation unharmed once more: what is not as it was the first time."""
        return _other_than(self._expected[name], self._whole(name), "it") + self.wrong()

    def _whole(self, name: str) -> tuple[Any, Any]:
        """What the first and the second request come to; the moments of the second are counted."""
        running, first = self._started(name)
        self._relay.count_anew(lambda passed: None)
        return first, self._second(name, running)

    def _started(self, name: str) -> tuple[RunningEditor, Any]:
        """A fresh editor, and what its first request came to."""
        self._relay.count_anew(lambda passed: None)
        one, is_gimp = self.conversations[name], isinstance(self.editor, Gimp)
        self._weights.arrange(has_pointer=one.points)
        if isinstance(self.editor, Gimp):
            self.editor.forget_choices()  # such as the engine that was downloaded
        document = self._document(one.document)
        args = {
            "settings": {},
            "by_hand": one.dialog is not None,
            "makes_mask": not one.downloads,
            "document": str(document),
            **one.args,
        }
        running = self.editor.start(
            SCRIPTS / ("gimp_dying.py" if is_gimp else "krita_dying.py"),
            document=document if is_gimp else None,
            args=args,
            window=one.dialog is not None or not is_gimp,
            seconds=2 * PATIENCE_S,
        )
        return running, [*running.note("first", PATIENCE_S), self._weights.downloaded()]

    def _second(self, name: str, running: RunningEditor) -> Any:
        """What the second request comes to.

        Raises:
            EditorError: the editor has ended.
        """
        one = self.conversations[name]
        self._weights.arrange(has_pointer=one.points)
        running.signal("go on")
        if one.dialog is not None:
            self._use(running, one.document, one.dialog)
            running.signal("used")
        return [*running.result(PATIENCE_S), self._weights.downloaded()]

    def _use(self, running: RunningEditor, document: str, dialog: Dialog) -> None:
        """Have it done at the dialog, until that is closed or the editor has ended."""
        assert isinstance(self.editor, Gimp)
        display = running.display
        with _given_up_at_the_end_of(running):
            self.editor.ask_for_dialog(running, document, dialog.title)
            while not (found := display.windows(dialog.title)):
                if running.process.poll() is not None:
                    return
                time.sleep(0.1)
            display.activate(found[0])
            for step in dialog.steps:
                self._take(step, running, found[0])
            display.press_until([dialog.end], lambda: not display.windows(dialog.title), "no end")

    def _take(self, step: Step, running: RunningEditor, window: str) -> None:
        """Take a step, again where it was not heard."""

        def is_seen() -> bool:
            is_over = running.process.poll() is not None
            return is_over or self._relay.moments.count(step.seen) >= step.nth

        display = running.display
        for _ in range(PRESSES):
            if step.keys:
                display.key(*step.keys)
            elif step.clicks:
                left, top, width, height = display.place_of(window)
                display.click(left + width // 2, top + height // 2)
            with contextlib.suppress(EditorError):
                return wait_for(is_seen, "", STEP_S)
        raise TimeoutError(f"no {step.seen} after {PRESSES} times {STEP_S} s")

    def wrong(self) -> list[str]:
        """What is not as it should be once an editor has ended."""
        wrong, begun_s = [], time.monotonic()
        try:
            with Client.connect("fresh", start=False) as client:
                client.engines()
            self.told.answered_s.append(time.monotonic() - begun_s)
            if comes_true(is_idle):
                self.told.idle_s.append(time.monotonic() - begun_s)
            else:
                wrong.append("the daemon works on for the dead")
        except ClientError as error:
            wrong.append(f"a fresh client: {error.message}")
        found = [daemons_of(self.daemon.home), daemons_of(self.editor.flyaway_home)]
        if found != [[self.daemon.process.pid], []]:
            wrong.append(f"daemons: {found}")
        if self._kept and self._on_disk() != self._kept:
            wrong.append(f"documents: {self._on_disk()}")
        if not comes_true(lambda: not self._left()):
            wrong.append(f"of the editor live on: {self._left()}")
        processes.end_all_of(self.editor.home)  # the desktop's bus
        return wrong

    def _left(self) -> list[str]:
        """The programs of the editor that run, but for the bus that the desktop starts for it."""
        found = []
        for pid in processes.pids_of(self.editor.home):
            with contextlib.suppress(OSError):  # it ended meanwhile
                program = Path(f"/proc/{pid}/cmdline").read_bytes().split(b"\0")[0].decode()
                if not Path(program).name.startswith("dbus-"):
                    found.append(program)
        return found

    def _on_disk(self) -> dict[str, str]:
        """Every file beside the documents and what it holds, in short."""
        return {
            one.name: hashlib.sha256(one.read_bytes()).hexdigest()
            for one in sorted(self._folder.iterdir())
        }

    def _document(self, name: str) -> Path:
        suffix = "xcf" if isinstance(self.editor, Gimp) else "kra"
        return self._folder / f"{name}.{suffix}"

    def _make_documents(self) -> None:
        """Have the editor save the photo with an ellipse selected, and with a mask as well."""
        width, height = self._size
        place = (width // 5, height // 10, width * 3 // 5, height * 4 // 5)
        photo = write_png(self._folder.parent / "photo.png", portrait(width, height))
        selection = self._folder.parent / "selection"
        y, x = np.ogrid[:height, :width]
        reach = np.hypot((x - width / 2) / (0.3 * width), (y - height / 2) / (0.4 * height))
        selection.write_bytes(np.where(reach < 1, 255, 0).astype(np.uint8).tobytes())
        args = {name: str(self._document(name)) for name in ("plain", "masked")}
        script = "gimp_saved.py" if isinstance(self.editor, Gimp) else "krita_saved.py"
        said = self.editor.run(
            SCRIPTS / script,
            document=photo,
            args={"ellipse": place, "selection": str(selection), **args},
            seconds=PATIENCE_S,
        )
        if said:
            raise RuntimeError(said)


def _other_than(expected: Any, found: Any, what: str) -> list[str]:
    return [] if found == expected else [f"{what} came to {found}"]


@contextlib.contextmanager
def _given_up_at_the_end_of(running: RunningEditor) -> Any:
    """What a user does fails without a word once the editor has ended."""
    try:
        yield
    except Exception:
        if running.process.poll() is None:
            raise
