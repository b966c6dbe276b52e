"""connecting: everybody is told how to start the daemon of the Flyaway that was used last."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.daemon.servers import Daemon

from flyaway.cli.connecting import LAUNCH_ARGV, connect, record_launch
from flyaway.errors import DaemonError
from flyaway_client import connection, launch
from flyaway_client.errors import DaemonUnreachableError


@pytest.mark.parametrize("recorded", [None, ("/no/such/python", "-m", "flyaway")])
def test_missing_or_stale_launch_record_is_mended(
    recorded: tuple[str, ...] | None, home: Path, daemon: Daemon
) -> None:
    daemon.file.write(home)
    if recorded:
        launch.write_launch(home, recorded)

    connect().close()

    assert launch.read_launch(home) == LAUNCH_ARGV


def test_launch_record_of_another_installation_is_left_alone(
    home: Path, daemon: Daemon, tmp_path: Path
) -> None:
    daemon.file.write(home)
    other = tmp_path / "python"
    other.touch()
    launch.write_launch(home, (str(other), "-m", "flyaway"))

    connect().close()

    assert launch.read_launch(home) == (str(other), "-m", "flyaway")


def test_looking_for_a_daemon_leaves_no_trace(home: Path) -> None:
    with pytest.raises(DaemonUnreachableError):
        connect(start=False)

    assert not home.exists()


def test_home_that_cannot_be_written_is_a_sentence(home: Path) -> None:
    home.write_text("a file where the folder should be")

    with pytest.raises(DaemonError, match=connection.HOME_VARIABLE):
        record_launch()
