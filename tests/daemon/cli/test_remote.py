"""`flyaway remote …` as a user types it."""

from __future__ import annotations

from pathlib import Path

import pytest
from filelock import FileLock
from tests.daemon.remote.studios import keys_of, studio

from flyaway.cli.main import main
from flyaway.remote import records
from flyaway_client import connection, launch


@pytest.fixture
def laptop(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FLYAWAY_HOME", str(tmp_path / "laptop"))
    return tmp_path / "laptop"


def test_key_is_printed_alone_and_again(laptop: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["remote", "key"]) == 0
    first = capsys.readouterr().out
    assert main(["remote", "key"]) == 0

    assert capsys.readouterr().out == first
    assert first == keys_of(laptop).public + "\n"
    assert keys_of(laptop).secret not in first


def test_daemon_does_not_listen_without_keys(
    laptop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["daemon", "run", "--listen", "127.0.0.1:7797"]) == 1
    assert "flyaway remote key" in capsys.readouterr().err

    main(["remote", "key"])
    assert main(["daemon", "run", "--listen", "127.0.0.1:7797"]) == 1
    assert "flyaway remote allow" in capsys.readouterr().err
    assert not (laptop / "connection.json").exists()


def test_daemon_does_not_listen_at_what_is_no_address(
    laptop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["daemon", "run", "--listen", "0.0.0.0"]) == 1

    assert "host and port" in capsys.readouterr().err


def test_added_one_that_is_used_is_asked_and_told(
    laptop: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    keys_of(laptop)
    with studio(tmp_path / "studio", laptop) as served:
        key = keys_of(served.home).public
        assert main(["remote", "add", "studio", served.address, "--key", key]) == 0
        assert main(["remote", "use", "studio"]) == 0
        capsys.readouterr()

        assert main(["remote", "status"]) == 0

    told = capsys.readouterr().out
    assert "work is done at studio" in told
    assert f"studio ({served.address}) answers: Flyaway" in told


def test_used_one_that_does_not_answer_is_status_one(
    laptop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["remote", "key"])
    main(["remote", "add", "studio", "127.0.0.1:9", "--key", "0a" * 32])
    assert main(["remote", "status"]) == 0  # it is not used

    assert main(["remote", "use", "studio"]) == 1
    assert main(["remote", "status"]) == 1
    assert "does not answer" in capsys.readouterr().err

    assert main(["remote", "use", "local"]) == 0
    assert "on this computer" in capsys.readouterr().out
    assert main(["remote", "remove", "studio"]) == 0
    assert records.remotes(laptop) == records.Remotes()


def test_who_is_let_in_is_told_until_revoked(
    laptop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["remote", "allow", "tablet", "0c" * 32]) == 0
    main(["remote", "status"])
    assert "let in here: tablet" in capsys.readouterr().out

    assert main(["remote", "revoke", "tablet"]) == 0
    main(["remote", "status"])
    assert "let in here" not in capsys.readouterr().out
    assert main(["remote", "revoke", "tablet"]) == 1
    assert "nobody" in capsys.readouterr().err


def test_listening_beside_a_daemon_that_does_not_says_what_to_do(
    laptop: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["remote", "key"])
    main(["remote", "allow", "tablet", "0c" * 32])
    with FileLock(laptop / connection.LOCK_NAME):
        assert main(["daemon", "run", "--listen", "127.0.0.1:7797"]) == launch.LOST_THE_RACE
    assert "flyaway daemon stop" in capsys.readouterr().err
