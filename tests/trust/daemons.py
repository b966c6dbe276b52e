"""A daemon as a process of its own, in a home of its own, that reaches no network; and what it holds."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
from tests.benchmarks.wire import DAEMON_ARGV

from flyaway_client import connection
from flyaway_client.client import Client
from flyaway_client.connection import ConnectionFile
from flyaway_client.errors import ClientError

PATIENCE_S = 60.0
_NOWHERE = "http://127.0.0.1:9"


@dataclass(frozen=True)
class Holdings:
    """What a process holds: memory in bytes, threads, sockets and other open files by number."""

    resident_bytes: int
    threads: int
    sockets: int
    files: int


@dataclass(frozen=True)
class Running:
    """A daemon that runs, or should."""

    home: Path
    process: subprocess.Popen[bytes]
    file: ConnectionFile

    def has_ended(self) -> bool:
        """Whether the process is no more."""
        return self.process.poll() is not None

    def holds(self) -> Holdings:
        """What it holds now."""
        process = psutil.Process(self.process.pid)
        with process.oneshot():
            sockets = len(process.net_connections("inet"))
            return Holdings(
                process.memory_info().rss,
                process.num_threads(),
                sockets,
                process.num_fds() - sockets,
            )

    def tracebacks(self) -> list[str]:
        """Every traceback in its log, and what the log says around it."""
        text = (self.home / "stderr.txt").read_text(encoding="utf-8", errors="replace")
        return [part[:3000] for part in text.split("Traceback (most recent call last)")[1:]]

    def rest(self, seconds: float = 6.0) -> Holdings:
        """Wait until it has no work, and as long as it then takes to give memory back; what it holds afterwards."""
        deadline_s = time.monotonic() + PATIENCE_S
        while time.monotonic() < deadline_s:
            if is_idle():
                break
            time.sleep(0.1)
        time.sleep(seconds)
        return self.holds()


@contextmanager
def own_home(folder: Path, settings: str = "", hub: str = _NOWHERE) -> Iterator[Path]:
    """A home, settings and weights in `folder` for daemons and clients of this process and its children.

    Args:
        folder: where they are made.
        settings: the content of config.toml.
        hub: the address from which weights are downloaded.
    """
    (folder / "config.toml").write_text(settings, encoding="utf-8")
    home = folder / "home"
    connection.make_folder(home)
    ours = {
        connection.HOME_VARIABLE: str(home),
        "FLYAWAY_CONFIG": str(folder / "config.toml"),
        "FLYAWAY_WEIGHTS": str(folder / "weights"),
        "HF_ENDPOINT": hub,
        "HF_HOME": str(folder / "hub"),
        "no_proxy": "127.0.0.1",
    }
    before = {name: os.environ.get(name) for name in ours}
    os.environ.update(ours)
    try:
        yield home
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value


@contextmanager
def running_daemon(folder: Path, settings: str = "", hub: str = _NOWHERE) -> Iterator[Running]:
    """A fresh daemon for the length of a `with`; clients of this process find it, and no other.

    Args:
        folder: where its home, its settings and its weights are made.
        settings: the content of its config.toml.
        hub: the address from which it downloads weights.
    """
    with own_home(folder, settings, hub) as home:
        with (home / "stderr.txt").open("ab") as log:
            process = subprocess.Popen(DAEMON_ARGV, stderr=log, stdout=log, cwd=home)
        try:
            yield Running(home, process, _announced(home, process))
        finally:
            process.kill()
            process.wait(PATIENCE_S)


def daemons_of(home: Path) -> list[int]:
    """The processes of all daemons that live in a home folder."""
    found = []
    for process in psutil.process_iter():
        with suppress(psutil.Error):
            if process.cmdline()[1:] == DAEMON_ARGV[1:] and process.environ().get(
                connection.HOME_VARIABLE
            ) == str(home):
                found.append(process.pid)
    return found


def is_idle() -> bool:
    """Whether this process's daemon, which runs, works on nothing and has nothing to work on."""
    with Client.connect("idle", start=False) as client:
        status = client.status()
    return status.running + status.queued == 0


def _announced(home: Path, process: subprocess.Popen[bytes]) -> ConnectionFile:
    """The connection file that this process has written."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s and process.poll() is None:
        file = ConnectionFile.read(home)
        if file is not None and file.pid == process.pid:
            return file
        time.sleep(0.02)
    raise RuntimeError((home / "stderr.txt").read_text(errors="replace") or "no daemon has started")


def comes_true(is_so: Callable[[], bool]) -> bool:
    """Whether something comes true while one is patient."""
    deadline_s = time.monotonic() + PATIENCE_S / 2
    while time.monotonic() < deadline_s:
        if is_so():
            return True
        time.sleep(0.02)
    return False


class Watcher:
    """A good client in a process of its own that says hello again and again while a daemon is attacked."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _WATCH, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def stop(self) -> dict[str, float]:
        """How often it was answered, how often not, and the seconds that a connection and its hello took."""
        out, _ = self._process.communicate("stop", PATIENCE_S)
        seconds = sorted(float(line) for line in out.split())
        answered = [one for one in seconds if one >= 0]
        if not answered:
            return {"answered": 0, "unanswered": len(seconds)}
        return {
            "answered": len(answered),
            "unanswered": len(seconds) - len(answered),
            "median_s": round(answered[len(answered) // 2], 4),
            "p99_s": round(answered[len(answered) * 99 // 100], 4),
            "most_s": round(answered[-1], 4),
        }


_WATCH = """
import sys
sys.path[:] = sys.argv[1:]
from tests.trust import daemons
daemons.watch()
"""


def watch() -> None:
    """Say hello five times a second until standard input says to stop; a line of seconds for each, -1 for no answer."""
    is_over = threading.Event()

    def listen() -> None:
        sys.stdin.read()
        is_over.set()

    threading.Thread(target=listen, daemon=True).start()
    while not is_over.is_set():
        begun_s = time.perf_counter()
        try:
            Client.connect("watcher", start=False).close()
            sys.stdout.write(f"{time.perf_counter() - begun_s:.4f}\n")
        except ClientError:
            sys.stdout.write("-1\n")
        is_over.wait(0.2)
