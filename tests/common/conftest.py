"""What all tests of the client share."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.fakes import lone_daemon

from flyaway_client import connection, launch


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A home folder that is this test's own and not made yet; what is started in it ends with the test."""
    folder = tmp_path / "home of Ana Lúcia"
    monkeypatch.setenv(connection.HOME_VARIABLE, str(folder))
    end_started()
    yield folder
    end_started()


@pytest.fixture
def daemon_argv() -> list[str]:
    """The command line of a fake daemon that runs as a process of its own."""
    return [sys.executable, lone_daemon.__file__]


def end_started() -> None:
    """End what clients of this process have started, and wait for it: what is only forgotten is a warning."""
    while launch._started:
        process = launch._started.pop()
        process.kill()
        process.wait(30)
