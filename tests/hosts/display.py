"""A screen of its own for one editor: an X server without hardware, a window manager, keys, pictures."""

from __future__ import annotations

import os
import re
import subprocess
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from tests.hosts import processes

PATIENCE_S = 5
"""A click or key that has had no effect by then has been lost."""
PRESSES = 6

# Windows fill the screen, dialogs do not; a click gives the keyboard. No key is openbox's own.
SETTINGS = """\
<openbox_config xmlns="http://openbox.org/3.4/rc">
  <mouse><context name="Client"><mousebind button="Left" action="Press">
    <action name="Focus"/><action name="Raise"/>
  </mousebind></context></mouse>
  <applications><application type="normal"><maximized>yes</maximized></application></applications>
</openbox_config>
"""


class Display:
    """An Xvfb server with openbox, which GIMP's dialogs need to get the keyboard."""

    def __init__(self, folder: Path) -> None:
        """Start both; their output goes to display.log in `folder`."""
        self._folder = folder
        log = folder / "display.log"
        reading, writing = os.pipe()
        # -ac: the roots do not see an authority file of ours.
        server = ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1280x800x24"]
        server += ["-nolisten", "tcp", "-ac", "-noreset"]
        self._server = processes.start(server, {"PATH": os.defpath}, log, keep_open=(writing,))
        os.close(writing)
        with os.fdopen(reading) as answer:
            number = answer.readline().strip()
        if not number:
            self._server.wait()
            raise RuntimeError(f"Xvfb did not start: {log.read_text('utf-8', 'replace')}")
        self.name = f":{number}"
        try:
            self._manager = self._manage(log)
        except BaseException:
            processes.end(self._server)
            raise

    def _manage(self, log: Path) -> processes.Process:
        """Start the window manager."""
        settings = self._folder / "openbox.xml"
        settings.write_text(SETTINGS, "utf-8")
        return processes.start(
            ["openbox", "--sm-disable", "--config-file", str(settings)],
            self._environ() | {"HOME": str(self._folder)},
            log,
        )

    def close(self) -> None:
        """End both."""
        processes.end(self._manager)
        processes.end(self._server)

    def xdotool(self, *words: str, timeout_s: float = 20) -> str:
        """What one xdotool command prints; "" when it finds nothing or fails."""
        done = subprocess.run(
            ["xdotool", *words],
            env=self._environ(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
            timeout=timeout_s,
            check=False,
        )
        return done.stdout.strip()

    def windows(self, title: str) -> list[str]:
        """Ids of the visible windows in whose title the regular expression `title` is found."""
        return [one for one, name in self._named_windows() if re.search(title, name)]

    def titles(self) -> list[str]:
        """Titles of all visible windows, to say what is there instead of the one waited for."""
        return [name for _, name in self._named_windows()]

    def wait_for_window(self, title: str, timeout_s: float = 30) -> str:
        """The id of the first visible window whose title matches, once there is one."""
        deadline = time.monotonic() + timeout_s
        while time.monotonic() < deadline:
            if found := self.windows(title):
                return found[0]
            time.sleep(0.2)
        raise TimeoutError(f"no window {title!r} after {timeout_s} s; there are {self.titles()}")

    def wait_until_gone(self, title: str, timeout_s: float = 30) -> None:
        """Return once no visible window's title matches."""
        deadline = time.monotonic() + timeout_s
        while self.windows(title):
            if time.monotonic() > deadline:
                raise TimeoutError(f"the window {title!r} is still there after {timeout_s} s")
            time.sleep(0.2)

    def place_of(self, window: str) -> tuple[int, int, int, int]:
        """Where a window lies on the screen: left, top, width, height."""
        said = self.xdotool("getwindowgeometry", "--shell", window)
        values = dict(line.split("=") for line in said.splitlines())
        left, top, width, height = (int(values[name]) for name in ("X", "Y", "WIDTH", "HEIGHT"))
        return left, top, width, height

    def activate(self, window: str) -> None:
        """Give a window the keyboard."""
        self.xdotool("windowactivate", "--sync", window)

    def key(self, *keys: str) -> None:
        """Press keys one after the other, such as "alt+t" or "Return", where the keyboard is."""
        self.xdotool("key", "--clearmodifiers", "--delay", "80", *keys)

    def press_until(
        self,
        keys: Sequence[str],
        met: Callable[[], object],
        otherwise: str,
        patience_s: float = PATIENCE_S,
    ) -> None:
        """Press keys until they have had their effect: a window that has just come may miss them.

        Raises:
            TimeoutError: they have none, however often they are pressed.
        """
        for _ in range(PRESSES):
            self.key(*keys)
            deadline = time.monotonic() + patience_s
            while time.monotonic() < deadline:
                if met():
                    return
                time.sleep(0.1)
        raise TimeoutError(f"{otherwise} after pressing {keys} {PRESSES} times")

    def type(self, text: str) -> None:
        """Type text where the keyboard is."""
        self.xdotool("type", "--delay", "40", text)

    def click(self, x: int, y: int, *, window: str | None = None) -> None:
        """Click the left button at a place of the screen, or of a window."""
        where = ["--window", window] if window else []
        # Without --sync, which waits 15 s for a pointer that is there already; one connection keeps the order.
        self.xdotool("mousemove", *where, str(x), str(y), "click", "1")

    def drag(self, points: Sequence[tuple[int, int]]) -> None:
        """Press the left button at the first of these places of the screen, go along all, let go at the last."""
        (x, y), *others = points
        # Programs leave out all but the last of moves that come at once.
        moves = [word for one in others for word in ("sleep", "0.01", "mousemove", *map(str, one))]
        begin = ["mousemove", str(x), str(y), "sleep", "0.03", "mousedown", "1"]
        self.xdotool(*begin, *moves, "sleep", "0.03", "mouseup", "1")

    def screenshot(self, name: str) -> Path:
        """Save the screen as NAME.png beside the log, and say where."""
        path = self._folder / f"{name}.png"
        subprocess.run(
            ["import", "-silent", "-window", "root", str(path)],
            env=self._environ(),
            stdin=subprocess.DEVNULL,
            timeout=20,
            check=False,
        )
        return path

    def _named_windows(self) -> list[tuple[str, str]]:
        # xdotool's own search by name misses Krita's window, whose older title property is empty.
        found = self.xdotool("search", "--onlyvisible", "--class", ".").split()
        return [(one, name) for one in found if (name := self.xdotool("getwindowname", one))]

    def _environ(self) -> dict[str, str]:
        return {"PATH": os.defpath, "DISPLAY": self.name, "LC_ALL": "C.UTF-8"}
