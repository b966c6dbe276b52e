"""daemon: the commands that start, stop and look at a real daemon's process."""

from __future__ import annotations

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import pytest
from filelock import FileLock
from tests.daemon.servers import PATIENCE_S

from flyaway.cli import daemon as commands
from flyaway.cli.main import main
from flyaway.serving import lifetime
from flyaway_client import connection, discovery
from flyaway_client.connection import ConnectionFile


def held_lock(home: Path) -> AbstractContextManager[object]:
    """The lock that a daemon holds for as long as it lives."""
    home.mkdir(parents=True)
    return FileLock(home / connection.LOCK_NAME)


@pytest.fixture(autouse=True)
def stopped(home: Path) -> Iterator[None]:
    """Leave no daemon behind."""
    yield
    main(["daemon", "stop"])


def test_starts_once_tells_its_state_and_stops(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["daemon", "start"]) == 0
    first = ConnectionFile.read(home)
    assert first is not None
    assert f"process {first.pid}" in capsys.readouterr().out

    assert main(["daemon", "start"]) == 0
    assert ConnectionFile.read(home) == first

    assert main(["daemon", "status"]) == 0
    shown = capsys.readouterr().out
    assert f"process {first.pid}, up for" in shown
    assert "none loaded" in shown
    assert "0 running, 0 waiting, 0 done" in shown

    assert main(["daemon", "stop"]) == 0
    assert capsys.readouterr().out == "The daemon has stopped.\n"
    assert ConnectionFile.read(home) is None


@pytest.mark.skipif(sys.platform != "linux", reason="AppImages are Linux'")
def test_starts_from_within_an_appimage_whose_variables_would_break_it(
    home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mount = tmp_path / ".mount_krita"
    libraries = mount / "usr" / "lib"
    libraries.mkdir(parents=True)
    for name in ("libc.so.6", "libm.so.6"):
        (libraries / name).write_text("of another system")
    for variable, value in {
        "APPDIR": mount,
        "APPIMAGE": tmp_path / "krita.appimage",
        "LD_LIBRARY_PATH": libraries,
        "PYTHONHOME": mount / "usr",
        "PYTHONPATH": libraries / "python3",
        "QT_PLUGIN_PATH": libraries / "qt5",
    }.items():
        monkeypatch.setenv(variable, str(value))
    command = [sys.executable, "-m", "flyaway", "--version"]
    assert subprocess.run(command, capture_output=True, check=False).returncode != 0

    assert main(["daemon", "start"]) == 0
    assert main(["daemon", "status"]) == 0


def test_without_a_daemon_status_fails_and_stop_does_not(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["daemon", "status"]) == 1
    assert main(["daemon", "stop"]) == 0
    assert capsys.readouterr().out == "No daemon is running.\n" * 2
    assert not (home / connection.CONNECTION_NAME).exists()


def test_daemon_that_does_not_answer_is_not_taken_for_none(
    home: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(discovery, "ATTEMPT_S", 0.2)
    with held_lock(home), socket.create_server(("127.0.0.1", 0)) as hung:
        file = ConnectionFile.create(f"tcp://127.0.0.1:{hung.getsockname()[1]}")
        file.write(home)

        assert main(["daemon", "status"]) == 1

    shown = capsys.readouterr()
    assert shown.out == ""
    assert f"The daemon, process {file.pid}, is running but does not answer." in shown.err


HUNG = """
import os, pathlib, sys, time
from filelock import FileLock
home = pathlib.Path(sys.argv[1])  # as flyaway's daemon does
home.mkdir()
lock = FileLock(home / "daemon.lock")
lock.acquire()
(home / "daemon.pid").write_text(str(os.getpid()))
print("hung", flush=True)
time.sleep(1000)
"""


def test_daemon_that_does_not_answer_is_stopped_by_its_lock(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", HUNG, str(home)], stdout=subprocess.PIPE, text=True
    ) as hung:
        assert hung.stdout is not None
        assert hung.stdout.readline() == "hung\n"
        assert main(["daemon", "stop"]) == 0
        hung.wait(PATIENCE_S)
    assert not lifetime.is_running(home)
    assert "which did not answer, was ended" in capsys.readouterr().out


def test_daemon_whose_process_is_not_known_is_left_to_the_user(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with held_lock(home):
        assert main(["daemon", "stop"]) == 1
    assert "its process is not known" in capsys.readouterr().err


def test_daemon_that_has_not_told_its_address_yet_is_not_taken_for_none(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with held_lock(home):
        assert main(["daemon", "status"]) == 1

    assert "A daemon is running but does not answer. Try again" in capsys.readouterr().err


def test_lock_that_cannot_be_looked_at_is_a_sentence(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (home / connection.LOCK_NAME).mkdir(parents=True)

    assert main(["daemon", "status"]) == 1

    assert f"Flyaway's folder {home} cannot be used" in capsys.readouterr().err


def test_files_that_a_killed_daemon_left_are_no_daemon(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with held_lock(home), socket.create_server(("127.0.0.1", 0)) as gone:
        port = gone.getsockname()[1]
    ConnectionFile.create(f"tcp://127.0.0.1:{port}").write(home)

    assert main(["daemon", "status"]) == 1
    assert main(["daemon", "stop"]) == 0

    assert capsys.readouterr().out == "No daemon is running.\n" * 2


def test_second_daemon_says_that_there_is_one(home: Path) -> None:
    main(["daemon", "start"])

    command = [sys.executable, "-m", "flyaway", "daemon", "run"]
    second = subprocess.run(command, capture_output=True, text=True, check=False)

    assert second.returncode == 75
    assert "Another daemon of yours is running already." in second.stderr


def test_settings_that_cannot_be_used_are_named_in_the_log(home: Path, tmp_path: Path) -> None:
    (tmp_path / "config.toml").write_text("idle_exit_minutes = 'soon'")
    main(["daemon", "start"])
    log = (home / connection.LOG_NAME).read_text(encoding="utf-8")
    assert "idle_exit_minutes must be a number" in log


def test_home_that_cannot_be_used_is_a_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv(connection.HOME_VARIABLE, str(tmp_path / "file" / "home"))

    assert main(["daemon", "run"]) == 1
    assert main(["daemon", "start"]) == 1

    lines = capsys.readouterr().err.splitlines()
    assert [connection.HOME_VARIABLE in line for line in lines] == [True, True]


def test_logs_prints_the_last_lines(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    home.mkdir()
    lines = [f"line {number} ü\n" for number in range(60)]
    (home / connection.LOG_NAME).write_text("".join(lines), encoding="utf-8")

    assert main(["daemon", "logs"]) == 0
    assert capsys.readouterr().out == "".join(lines[-50:])
    assert main(["daemon", "logs", "-n", "2"]) == 0
    assert capsys.readouterr().out == "".join(lines[-2:])


def test_logs_without_a_log_says_where_it_will_be(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["daemon", "logs"]) == 1
    assert str(home / connection.LOG_NAME) in capsys.readouterr().err


@pytest.mark.parametrize(
    ("seconds", "words"), [(5, "5 seconds"), (600, "10 minutes"), (9000, "2.5 hours")]
)
def test_times_are_told_in_fitting_units(seconds: float, words: str) -> None:
    assert commands._duration(seconds) == words
