"""A real editor with the assembled plugin, a home folder and a daemon of its own, run by scripts.

What Krita and GIMP have in common; `krita_host.py` and `gimp_host.py` hold what differs.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from abc import ABC, abstractmethod
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from tests.hosts import processes
from tests.hosts.display import Display
from tests.hosts.drivers.talk import Talk
from tests.hosts.roots import REPOSITORY, Installation
from tests.hosts.running import Running, wait_for

from flyaway_client import launch
from flyaway_client.client import Client
from flyaway_installer.install import install
from flyaway_installer.places import Machine, Place, places

DAEMON_END_S = 10

DRIVERS = Path(__file__).parent / "drivers"
PACKAGES = [REPOSITORY / "daemon", REPOSITORY / "plugins" / "common", REPOSITORY / "installer"]


class Editor(ABC):
    """One installed editor, ready to be started any number of times, one after the other."""

    def __init__(
        self, installation: Installation, folder: Path, used_home: Path | None = None
    ) -> None:
        """Make its home in `folder`, as a copy of `used_home` if there is one; start its display."""
        self.installation = installation
        self.folder = folder
        self.home = folder / "home"
        if used_home:
            shutil.copytree(used_home, self.home, ignore=shutil.ignore_patterns(".dbus", "run"))
        else:
            self.home.mkdir()
        self.flyaway_home = self.home / ".local" / "share" / "flyaway"
        self.log = folder / f"{installation.editor}.log"
        self.language = ""
        """The code of the user's; English if empty."""
        self.python_path = ""
        """A folder that Python looks into first, in the editor and in its plug-ins."""
        self._started: list[Running] = []
        (self.home / "run").mkdir(mode=0o700)
        self._settle()
        self.display = Display(folder)

    def __repr__(self) -> str:
        """Name it as the plugin names itself to the daemon."""
        return f"<{self.installation.editor} {self.installation.version}>"

    @abstractmethod
    def _settle(self) -> None:
        """Write the editor's settings: no greeting, no questions; the driver where it needs one."""

    @abstractmethod
    def _argv(self, document: Path | None, *, window: bool) -> list[str]:
        """The command that starts it and, through the driver, the script."""

    def install_plugin(self) -> None:
        """Install the plugin as `flyaway install` does, and say how the daemon is started."""
        machine = Machine("linux", self.home, {}, Path("/"), names_in=lambda _: [])
        install(
            next(one for one in places(self.installation.editor, machine) if self._is_home(one))
        )
        # A cleaned environment has no PYTHONPATH, so this one is set by the command itself.
        command = ["/usr/bin/env", f"PYTHONPATH={os.pathsep.join(map(str, PACKAGES))}"]
        self.flyaway_home.mkdir(parents=True)
        launch.write_launch(
            self.flyaway_home, [*command, sys.executable, "-m", "flyaway", "daemon", "run"]
        )

    def run(
        self,
        script: Path | str,
        *,
        document: Path | None = None,
        args: Mapping[str, object] | None = None,
        window: bool = False,
        seconds: float = 60,
    ) -> Any:
        """Start the editor, run a script in it, quit it, and return what the script finished with."""
        return self.start(
            script, document=document, args=args, window=window, seconds=seconds
        ).result(seconds)

    def start(
        self,
        script: Path | str,
        *,
        document: Path | None = None,
        args: Mapping[str, object] | None = None,
        window: bool = True,
        seconds: float = 60,
    ) -> Running:
        """Start the editor with a script and return while it runs, to press keys or give signals.

        Args:
            script: a file, or the script's text itself; drivers/*_driver.py say what it sees.
            document: an image to open, under /tmp or in the checkout.
            args: the script's `args`, anything JSON can hold.
            window: for GIMP, its window rather than gimp-console; Krita has always a window.
            seconds: how long the script may take from the start of the editor.
        """
        talk = Talk(self._new_folder("talk"))
        if isinstance(script, str):
            text, script = script, talk.folder / "script.py"
            script.write_text(text, "utf-8")
        job = {
            "script": str(script),
            "document": str(document or ""),
            "args": dict(args or {}),
            "window": window,
            "seconds": seconds,
        }
        talk.put("job", job)
        argv = self.installation.command(self._argv(document, window=window), home=self.home)
        environ = self.environ() | {"FLYAWAY_TALK": str(talk.folder)}
        process = processes.start(argv, environ, self.log, folder=self.home)
        running = Running(str(self), process, talk, self.display, self.log)
        self._started.append(running)
        return running

    def environ(self) -> dict[str, str]:
        """The environment the editor is started in: nothing of this process's own but its threads."""
        kept = {name: os.environ[name] for name in ("OMP_NUM_THREADS",) if name in os.environ}
        roots = {"FLYAWAY_HOSTS": str(self.installation.root.parent)}
        return (
            kept
            | roots
            | {
                "PATH": "/usr/local/bin:/usr/bin:/bin:/usr/sbin:/sbin",
                "HOME": str(self.home),
                "XDG_RUNTIME_DIR": str(self.home / "run"),
                "LC_ALL": "C.UTF-8",
                "DISPLAY": self.display.name,
            }
            | ({"LANGUAGE": self.language} if self.language else {})
            | ({"PYTHONPATH": self.python_path} if self.python_path else {})
        )

    def client(self) -> Client:
        """A client of the daemon this editor uses; starts it when it does not run."""
        return Client.connect("tests")

    def daemon_pid(self) -> int:
        """The process number of the editor's daemon, which runs."""
        return int(json.loads((self.flyaway_home / "connection.json").read_text("utf-8"))["pid"])

    def kill_daemon(self) -> None:
        """Kill the daemon as a crash would, and return when it is gone."""
        pid = self.daemon_pid()
        os.kill(pid, signal.SIGKILL)
        wait_for(lambda: not _runs(pid), "the killed daemon is still there", 10)

    def evidence(self) -> dict[str, str]:
        """What to show when a test fails: ends of the logs, and where the screenshot is."""
        logs = [self.log, self.flyaway_home / "daemon.log"]
        found = {
            path.name: "\n".join(path.read_text("utf-8", "replace").splitlines()[-60:])
            for path in logs
            if path.is_file()
        }
        return found | {"screenshot": str(self.display.screenshot("failed"))}

    def close(self) -> None:
        """End everything that was started for it: editor, plugins, daemon, display; delete its home.

        Each whatever becomes of the others: a process that nobody waits for is a warning in a later test.
        """
        with ExitStack() as last_first:
            last_first.callback(
                shutil.rmtree, self.home
            )  # tens of megabytes; pytest keeps the rest
            last_first.callback(self.display.close)
            for daemon in launch._started:  # by `client`
                last_first.callback(_wait_for, daemon)
            last_first.callback(processes.end_all_of, self.home)
            for running in self._started:
                last_first.callback(processes.end, running.process)

    def _is_home(self, place: Place) -> bool:
        """Whether the editor looks for its plugins in this one of the places it may look in."""
        return Path(place.plugins) == self.plugin_folder

    @property
    @abstractmethod
    def plugin_folder(self) -> Path:
        """The folder of its user's plugins."""

    def _new_folder(self, name: str) -> Path:
        folder = self.folder / f"{name}-{len(self._started)}"
        folder.mkdir()
        return folder


def _wait_for(daemon: processes.Process) -> None:
    """Wait for a daemon that was told to end; on a busy machine that may take long, so it is killed then."""
    try:
        daemon.wait(DAEMON_END_S)
    except subprocess.TimeoutExpired:
        daemon.kill()
        daemon.wait()


def _runs(pid: int) -> bool:
    stat = Path(f"/proc/{pid}/stat")
    try:
        return stat.read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False
