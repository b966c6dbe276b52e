"""Races: a dozen programs want a daemon in the same moment, where there is none or a killed one's file lies about."""

from __future__ import annotations

import contextlib
import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.benchmarks.wire import DAEMON_ARGV
from tests.trust.daemons import comes_true, daemons_of, own_home
from tests.trust.records import Finding

from flyaway_client import launch
from flyaway_client.client import Client
from flyaway_client.connection import ConnectionFile
from flyaway_client.errors import ClientError

RACERS = 12
STARTING_S = 60.0


def races(count: int, seconds: float, seed: int) -> Finding:
    """Run this many races, for this long at most; before each the daemon is killed, stopped, or left as it is."""
    finding, begun_s = Finding(seed), time.monotonic()
    chance, before = random.Random(seed), Counter[str]()
    with (
        TemporaryDirectory() as folder,
        own_home(Path(folder), 'log_level = "warning"\n') as home,
    ):
        launch.write_launch(home, DAEMON_ARGV)
        with _racers() as racers:
            while before.total() < count and time.monotonic() < begun_s + seconds:
                beginning = chance.choice(("killed", "killed", "stopped", "running"))
                _prepare(home, beginning)
                before[beginning] += 1
                wrong = _race(home, racers)
                finding.require(not wrong, f"race {before.total()}, {beginning}: {wrong}")
        _prepare(home, "stopped")
        log = (home / "daemon.log").read_text(encoding="utf-8", errors="replace")
        finding.require("Traceback" not in log, f"a traceback in the log: {log[-3000:]}")
        names = {path.name for path in home.iterdir()}
        finding.require(
            not any(name.startswith("connection.json") for name in names), f"left lying: {names}"
        )
    finding.figures = {"races": before.total(), "clients": RACERS, "daemon_before": dict(before)}
    finding.seconds = round(time.monotonic() - begun_s, 1)
    return finding


def _race(home: Path, racers: list[subprocess.Popen[str]]) -> list[str]:
    """Let all run at once: what is not as it should be."""
    for racer in racers:
        assert racer.stdin is not None
        racer.stdin.write("go\n")
        racer.stdin.flush()
    answers = [racer.stdout.readline().strip() for racer in racers if racer.stdout is not None]
    wrong = [] if len(set(answers)) == 1 else [f"not one answer: {Counter(answers)}"]
    if not comes_true(lambda: list(map(str, daemons_of(home))) == answers[:1]):
        wrong.append(f"daemons {daemons_of(home)}, answers {Counter(answers)}")
    return wrong


def _prepare(home: Path, beginning: str) -> None:
    """Bring the daemon into the state from which a race begins."""
    file = ConnectionFile.read(home)
    if file is None or beginning == "running":
        return
    if beginning == "killed":
        with contextlib.suppress(ProcessLookupError):
            os.kill(file.pid, signal.SIGKILL)
    else:
        with contextlib.suppress(ClientError), Client.connect("races", start=False) as client:
            client.shutdown()
    comes_true(lambda: not daemons_of(home))


@contextmanager
def _racers() -> Iterator[list[subprocess.Popen[str]]]:
    """Programs that have all imported what they need, and wait for the word."""
    racers = [
        subprocess.Popen(
            [sys.executable, "-c", _RACER, *sys.path],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for _ in range(RACERS)
    ]
    try:
        yield racers
    finally:
        for racer in racers:
            racer.communicate(timeout=STARTING_S)


_RACER = f"""
import sys
sys.path[:] = sys.argv[1:]
from flyaway_client.client import Client
from flyaway_client.errors import ClientError
for line in sys.stdin:
    try:
        with Client.connect("racer", timeout_s={STARTING_S}) as client:
            print(client.hello.pid, flush=True)
    except ClientError as error:
        print(error.message, flush=True)
"""
