"""An editor that is running a script, seen from the test."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.hosts.display import Display
from tests.hosts.drivers.talk import Talk
from tests.hosts.processes import Process

QUIT_S = 20
"""How long an editor may take to quit once its script has finished."""

_LAST_LINES = 20


class EditorError(AssertionError):
    """The script inside the editor failed, or the editor did."""


class Running:
    """An editor that is running a script."""

    def __init__(
        self, name: str, process: Process, talk: Talk, display: Display, log: Path
    ) -> None:
        """Made by `Editor.start`."""
        self.process = process
        self.display = display
        self._name = name
        self._talk = talk
        self._log = log

    def note(self, name: str, timeout_s: float = 60) -> Any:
        """Wait until the script notes something under `name`, and return its value."""
        self._wait_for(f"note-{name}", timeout_s)
        return self._talk.get(f"note-{name}")

    def signal(self, name: str) -> None:
        """Let the script go on that waits for this signal."""
        self._talk.put(f"signal-{name}", True)

    def result(self, timeout_s: float = 60) -> Any:
        """What the script finished with; returns after the editor has quit.

        Raises:
            EditorError: the script raised or took too long, or the editor crashed.
        """
        self._wait_for("end", timeout_s)
        end = self._talk.get("end")
        wait_for(lambda: self.process.poll() is not None, f"{self._name} does not quit", QUIT_S)
        if "failure" in end:
            raise EditorError(f"the script in {self._name} failed: {end['failure']}")
        if self.process.returncode != 0:
            raise self._ended()
        return end["result"]

    def _wait_for(self, name: str, timeout_s: float) -> None:
        """Wait for a file of the script's; what it says when it ends early is the error."""

        def is_there() -> bool:
            ended = self.process.poll() is not None  # looked at first: it may write, then end
            if self._talk.has(name):
                return True
            if name != "end" and self._talk.has("end"):
                raise EditorError(f"the script ended before {name}: {self._talk.get('end')}")
            if ended:
                raise self._ended()
            return False

        wait_for(is_there, f"no {name} from the script in {self._name}", timeout_s)

    def _ended(self) -> EditorError:
        """That it ended by itself, and what it said last."""
        said = self._log.read_text("utf-8", "replace").splitlines()[-_LAST_LINES:]
        return EditorError(
            "\n".join([f"{self._name} ended with code {self.process.returncode}:", *said])
        )


def wait_for(met: Callable[[], bool], otherwise: str, timeout_s: float) -> None:
    """Return as soon as met() is true.

    Raises:
        EditorError: it was not within `timeout_s`.
    """
    deadline = time.monotonic() + timeout_s
    while not met():
        if time.monotonic() > deadline:
            raise EditorError(f"{otherwise} after {timeout_s} s")
        time.sleep(0.05)
