"""What all tests of the client share."""

import sys
from pathlib import Path

import pytest
from tests.fakes import lone_daemon

from flyaway_client import connection


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home folder that is this test's own and not made yet."""
    folder = tmp_path / "home of Ana Lúcia"
    monkeypatch.setenv(connection.HOME_VARIABLE, str(folder))
    return folder


@pytest.fixture
def daemon_argv() -> list[str]:
    """The command line of a fake daemon that runs as a process of its own."""
    return [sys.executable, lone_daemon.__file__]
