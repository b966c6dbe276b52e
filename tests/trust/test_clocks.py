"""Clocks that jump and programs that are put to sleep: no wait goes by the time of day, and a request outlasts a pause."""

from __future__ import annotations

import ast
import os
import signal
import threading
from pathlib import Path

import pytest
from tests.benchmarks.provenance import REPOSITORY
from tests.trust.daemons import running_daemon
from tests.trust.jobs import jobs

from flyaway_client.client import Client
from flyaway_client.zmtp import Dealer

WITH_TIME_OF_DAY = {
    "daemon/flyaway/weights/store.py": "beside the times of files, which are the system's"
}
"""Where the time of day is asked for, and why."""


def test_no_wait_goes_by_the_time_of_day() -> None:
    """A clock that is set, by a user or over the network, moves `time.time` and leaves `time.monotonic` alone."""
    found = set()
    for folder in ("daemon/flyaway", "plugins"):
        for file in (REPOSITORY / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and ast.unparse(node) in (
                    "time.time",
                    "time.time_ns",
                ):
                    found.add(file.relative_to(REPOSITORY).as_posix())
    assert found == WITH_TIME_OF_DAY.keys()


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_a_daemon_that_is_stopped_in_the_middle_of_a_request_ends_it_rightly(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (job,) = (job for job in jobs() if job.name == "trimap, 240 x 160")
    with running_daemon(tmp_path) as running:
        with Client.connect("before", start=False) as client:
            expected = job.run(client, None)
        pid, sent, send = running.process.pid, [], Dealer.send

        def stopping_send(*arguments: object) -> None:
            send(*arguments)  # type: ignore[arg-type]
            sent.append(1)
            if len(sent) == 2:  # the first of its pixels
                os.kill(pid, signal.SIGSTOP)
                threading.Timer(2.0, os.kill, (pid, signal.SIGCONT)).start()

        with Client.connect("during", start=False) as client:
            monkeypatch.setattr(Dealer, "send", stopping_send)
            assert job.run(client, None) == expected
        assert len(sent) >= 2
