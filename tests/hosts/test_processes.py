"""What a test has started ends with it."""

from __future__ import annotations

import signal
import sys
from pathlib import Path

import pytest
from tests.hosts import processes
from tests.hosts.running import wait_for

pytestmark = pytest.mark.skipif(
    sys.platform != "linux", reason="the editors are driven on Linux alone"
)


@pytest.mark.parametrize("variable", ["HOME", "FLYAWAY_HOME"])
def test_ends_what_belongs_to_a_home_and_nothing_else(tmp_path: Path, variable: str) -> None:
    log = tmp_path / "log"
    own = {variable: str(tmp_path / "home" / "below"), "PATH": "/bin"}
    inside = processes.start(["sleep", "60"], own, log)
    outside = processes.start(["sleep", "60"], {"HOME": str(tmp_path), "PATH": "/bin"}, log)
    try:
        processes.end_all_of(tmp_path / "home")
        assert inside.wait(5) == -signal.SIGTERM
        assert outside.poll() is None
    finally:
        processes.end(outside)


def test_kills_what_does_not_listen(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path), "PATH": "/bin"}
    started = tmp_path / "started"
    script = f"trap '' TERM; touch {started}; while :; do sleep 0.1; done"
    process = processes.start(["sh", "-c", script], environ, tmp_path / "log")
    wait_for(started.exists, "the shell has not started", 10)
    processes.end_all_of(tmp_path, patience_s=0.2)
    assert process.wait(5) == -signal.SIGKILL
