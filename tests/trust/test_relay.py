"""The relay between a client and its daemon: it changes nothing, counts every message, and can end a conversation at one."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from tests.trust.daemons import comes_true, running_daemon
from tests.trust.jobs import jobs
from tests.trust.relay import Relay

from flyaway_client import connection
from flyaway_client.client import Client
from flyaway_client.errors import ClientError


@pytest.fixture
def relay(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Relay]:
    """Between clients of this process and a daemon in a home that they do not see."""
    with running_daemon(tmp_path) as running, Relay(running.file.address) as relay:
        seen = tmp_path / "seen"
        replace(running.file, address=relay.address).write(seen)
        monkeypatch.setenv(connection.HOME_VARIABLE, str(seen))
        yield relay
        monkeypatch.undo()


def test_every_message_of_a_conversation_is_told_twice(relay: Relay) -> None:
    (job,) = (job for job in jobs() if job.name == "trimap, 17 x 9")
    told: list[int] = []
    relay.count_anew(lambda passed: told.append(len(passed)))
    with Client.connect("tests", start=False) as client:
        answer = job.run(client, None)
    assert comes_true(lambda: told == list(range(1, len(relay.moments) + 1)) and len(told) % 2 == 0)
    passed = relay.moments
    before = [name.removeprefix("before ") for name in passed if name.startswith("before ")]
    assert before[:4] == ["hello", "hello-reply", "extract", "ready"]
    assert before[-2:] == ["result", "strip"]
    assert sorted(passed) == sorted(
        f"{when} {name}" for name in before for when in ("after", "before")
    )
    with Client.connect("tests", start=False) as client:
        assert job.run(client, None) == answer


def test_whoever_hangs_up_is_hung_up_on(relay: Relay) -> None:
    with Client.connect("tests", start=False) as client:
        client.shutdown()
    with pytest.raises(ClientError):
        Client.connect("tests", start=False)
