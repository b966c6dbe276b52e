"""`scripts/fuzz`: almost right messages to the daemon and to our client, over real sockets, from seeds that are printed."""

from __future__ import annotations

import gc
import os
import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from tests.trust import runs
from tests.trust.daemons import Watcher, running_daemon
from tests.trust.hostile_clients import Attack
from tests.trust.hostile_daemons import Ordeal, lying_daemon
from tests.trust.records import Finding, growth_percent

from flyaway_client import connection

SETTINGS = """
max_megapixels = 0.05
max_waiting = 50
log_level = "warning"
idle_exit_minutes = 0
"""
"""A daemon that takes only small pictures, so that what is attacked is how it listens."""

WARM_SHARE = 0.2
"""Of a run, how much comes before memory is first looked at: libraries are loaded and pools filled by then."""

MOST_GROWTH_PERCENT = 5.0
STEADY_COUNT = 20_000
"""In runs of fewer messages pools still fill, and growth says nothing."""


def daemon(count: int, seconds: float, seed: int) -> Finding:
    """Send a daemon this many almost right messages, for this long at most."""
    finding, begun_s = Finding(seed), time.monotonic()
    rest_s = 6.0 if count >= STEADY_COUNT else 1.0  # it gives memory back after four
    with (
        TemporaryDirectory() as folder,
        running_daemon(Path(folder), SETTINGS) as running,
    ):
        attack = Attack(running, seed)
        try:
            attack.go_on(round(count * WARM_SHARE), begun_s + seconds * WARM_SHARE)
            before = running.rest(rest_s)
            watcher = Watcher()
            attack.go_on(count, begun_s + seconds)
            hello = watcher.stop()
            has_ended = running.has_ended()
            after = before if has_ended else running.rest(rest_s)
        finally:
            attack.close()
        growth = growth_percent(before.resident_bytes, after.resident_bytes)
        finding.figures = {
            "messages": attack.messages,
            "connections": attack.connections,
            "sent": dict(attack.sent),
            "answered": dict(attack.answered),
            "hello_meanwhile": hello,
            "resident_mib": [one.resident_bytes >> 20 for one in (before, after)],
            "growth_percent": growth,
            "threads": [before.threads, after.threads],
            "sockets": [before.sockets, after.sockets],
            "files": [before.files, after.files],
        }
        finding.require(not has_ended, "the daemon has ended")
        is_flat = growth <= MOST_GROWTH_PERCENT or count < STEADY_COUNT
        finding.require(is_flat, f"memory grew by {growth} %")
        finding.require(not hello["unanswered"], "a good client's hello was not answered")
        finding.require(after.files <= before.files, "files are left open")
        finding.require(after.sockets <= before.sockets, "sockets are left open")
        finding.broken += running.tracebacks()
    finding.seconds = round(time.monotonic() - begun_s, 1)
    return finding


def client(count: int, seconds: float, seed: int) -> Finding:
    """Have our client bear this many messages of a daemon that lies, for this long at most."""
    finding, begun_s = Finding(seed), time.monotonic()
    home_before = os.environ.get(connection.HOME_VARIABLE)
    with TemporaryDirectory() as folder:
        home = Path(folder) / "home"
        os.environ[connection.HOME_VARIABLE] = str(home)
        try:
            with lying_daemon(home) as liar:
                ordeal = Ordeal(liar, seed)
                ordeal.go_on(round(count * WARM_SHARE), begun_s + seconds * WARM_SHARE)
                before = _resident_bytes()
                ordeal.go_on(count, begun_s + seconds)
                after = _resident_bytes()
        finally:
            if home_before is None:
                del os.environ[connection.HOME_VARIABLE]
            else:
                os.environ[connection.HOME_VARIABLE] = home_before
    growth = growth_percent(before, after)
    finding.figures = {
        "messages": ordeal.messages,
        "lies": liar.lies,
        "requests": ordeal.requests,
        "sent": dict(liar.sent),
        "outcomes": dict(ordeal.outcomes),
        "resident_mib": [before >> 20, after >> 20],
        "growth_percent": growth,
    }
    is_flat = growth <= MOST_GROWTH_PERCENT or count < STEADY_COUNT
    finding.require(is_flat, f"memory grew by {growth} %")
    finding.broken += ordeal.failures
    finding.seconds = round(time.monotonic() - begun_s, 1)
    return finding


def _resident_bytes() -> int:
    gc.collect()
    return int(psutil.Process().memory_info().rss)


COUNT = 100_000


if __name__ == "__main__":
    sys.exit(
        runs.main(
            "scripts/fuzz", __doc__ or "", {"daemon": (daemon, COUNT), "client": (client, COUNT)}
        )
    )
