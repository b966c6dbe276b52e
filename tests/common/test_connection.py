"""The home folder on every platform, and the file in it: secrets, permissions, whole or not there."""

import hashlib
import hmac
import json
import os
import stat
from pathlib import Path

import pytest

from flyaway_client import connection, protocol
from flyaway_client.connection import ConnectionFile, home, proof
from flyaway_client.errors import DaemonUnreachableError

ADDRESS = "tcp://127.0.0.1:4711"
ANA = Path("/home/Ana Lúcia")


@pytest.mark.parametrize(
    ("platform", "environ", "expected"),
    [
        ("linux", {}, ANA / ".local/share/flyaway"),
        ("linux", {"XDG_DATA_HOME": "/sandbox"}, ANA / ".local/share/flyaway"),
        ("linux", {"LOCALAPPDATA": "/wine"}, ANA / ".local/share/flyaway"),
        ("darwin", {}, ANA / "Library/Application Support/flyaway"),
        ("win32", {}, ANA / "AppData/Local/flyaway"),
        ("win32", {"LOCALAPPDATA": "/D/Local"}, Path("/D/Local/flyaway")),
        ("linux", {"FLYAWAY_HOME": "/mnt/my daemon"}, Path("/mnt/my daemon")),
        ("darwin", {"FLYAWAY_HOME": "/mnt/my daemon"}, Path("/mnt/my daemon")),
        ("win32", {"FLYAWAY_HOME": "/mnt/x", "LOCALAPPDATA": "/D"}, Path("/mnt/x")),
        ("linux", {"FLYAWAY_HOME": ""}, ANA / ".local/share/flyaway"),
    ],
)
def test_home_follows_the_rule(platform: str, environ: dict[str, str], expected: Path) -> None:
    assert home(platform, environ, user_home=ANA) == expected


def test_home_in_a_snap_is_the_one_outside() -> None:
    environ = {"HOME": "/home/ana/snap/krita/72", "SNAP_REAL_HOME": "/home/ana"}
    assert home("linux", environ) == Path("/home/ana/.local/share/flyaway")


def test_home_may_be_given_from_here(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    assert home("linux", {"FLYAWAY_HOME": "here"}) == tmp_path / "here"
    assert home("linux", {"FLYAWAY_HOME": "~/here"}) == Path.home() / "here"


def test_home_is_this_processes_by_default(home: Path) -> None:
    assert connection.home() == home


def test_a_user_without_a_home_folder_is_told_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown() -> Path:
        raise RuntimeError

    monkeypatch.setattr(Path, "home", unknown)
    with pytest.raises(DaemonUnreachableError, match="Set FLYAWAY_HOME"):
        home("linux", {})


def test_every_file_has_secrets_of_its_own() -> None:
    files = [ConnectionFile.create(ADDRESS) for _ in range(3)]
    secrets = {file.password for file in files} | {file.secret for file in files}
    assert len(secrets) == 6
    assert {len(bytes.fromhex(secret)) for secret in secrets} == {32}
    assert files[0].pid == os.getpid()
    assert files[0].protocol == protocol.VERSION


def test_reads_what_was_written(home: Path) -> None:
    file = ConnectionFile.create(ADDRESS)
    file.write(home)
    assert ConnectionFile.read(home) == file


def test_a_later_file_replaces_an_earlier_one_and_leaves_nothing_behind(home: Path) -> None:
    ConnectionFile.create(ADDRESS).write(home)
    file = ConnectionFile.create(ADDRESS)
    file.write(home)
    assert ConnectionFile.read(home) == file
    assert [path.name for path in home.iterdir()] == ["connection.json"]


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no such permissions")
def test_only_the_owner_can_read_file_and_folder(home: Path) -> None:
    old_mask = os.umask(0)
    try:
        ConnectionFile.create(ADDRESS).write(home)
    finally:
        os.umask(old_mask)
    assert stat.S_IMODE((home / "connection.json").stat().st_mode) == 0o600
    assert stat.S_IMODE(home.stat().st_mode) == 0o700


def test_fields_of_a_newer_daemon_are_ignored(home: Path) -> None:
    file = ConnectionFile.create(ADDRESS)
    home.mkdir()
    (home / "connection.json").write_text(json.dumps({**file.to_header(), "mood": "sunny"}))
    assert ConnectionFile.read(home) == file


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"[]",
        b"null",
        b"\xff\xfe",
        b"[" * 60_000,
        b'{"address": "tcp://127.0.0.1:1"}',
        b'{"address": 1, "password": "a", "secret": "b", "pid": 1, "protocol": [1, 0]}',
        b'{"address": "a", "password": "a", "secret": "b", "pid": "1", "protocol": [1, 0]}',
        b'{"address": "a", "password": "a", "secret": "b", "pid": 1, "protocol": ["1"]}',
        b" " * 100_000,
    ],
)
def test_a_file_that_makes_no_sense_is_none(home: Path, content: bytes) -> None:
    home.mkdir()
    (home / "connection.json").write_bytes(content)
    assert ConnectionFile.read(home) is None


def test_no_file_is_none(home: Path) -> None:
    assert ConnectionFile.read(home) is None
    (home / "connection.json").mkdir(parents=True)
    assert ConnectionFile.read(home) is None


def test_removes_its_own_file(home: Path) -> None:
    file = ConnectionFile.create(ADDRESS)
    file.write(home)
    file.remove(home)
    assert list(home.iterdir()) == []
    file.remove(home)


def test_leaves_the_file_of_the_next_daemon_alone(home: Path) -> None:
    old, new = ConnectionFile.create(ADDRESS), ConnectionFile.create(ADDRESS)
    old.write(home)
    new.write(home)
    old.remove(home)
    assert ConnectionFile.read(home) == new


def test_leaves_the_file_alone_that_another_process_wrote(home: Path) -> None:
    theirs = ConnectionFile(ADDRESS, "a", "b", os.getpid() + 1, (1, 0))
    theirs.write(home)
    theirs.remove(home)
    assert ConnectionFile.read(home) == theirs


def test_a_failed_write_leaves_the_old_file_and_nothing_else(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old = ConnectionFile.create(ADDRESS)
    old.write(home)

    def refuse(self: Path, target: Path) -> Path:
        raise OSError("disk full")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(OSError, match="disk full"):
        ConnectionFile.create(ADDRESS).write(home)
    assert ConnectionFile.read(home) == old
    assert [path.name for path in home.iterdir()] == ["connection.json"]


@pytest.mark.parametrize("refusals", [1, 5])
def test_waits_for_a_reader_that_has_the_file_open_on_windows(
    home: Path, monkeypatch: pytest.MonkeyPatch, refusals: int
) -> None:
    replace, calls = Path.replace, []

    def refuse_at_first(self: Path, target: Path) -> Path:
        calls.append(target)
        if len(calls) <= refusals:
            raise PermissionError("in use")
        return replace(self, target)

    monkeypatch.setattr(Path, "replace", refuse_at_first)
    file = ConnectionFile.create(ADDRESS)
    file.write(home)
    assert ConnectionFile.read(home) == file


def test_does_not_wait_for_ever_for_such_a_reader(
    home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(self: Path, target: Path) -> Path:
        raise PermissionError("in use")

    monkeypatch.setattr(Path, "replace", refuse)
    with pytest.raises(PermissionError, match="in use"):
        ConnectionFile.create(ADDRESS).write(home)


def test_proof_is_an_hmac_of_the_nonce() -> None:
    expected = hmac.new(b"key", b"once", hashlib.sha256).hexdigest()
    assert proof("key", "once") == expected
    assert proof("another key", "once") != expected


def test_a_home_of_nobody_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(DaemonUnreachableError, match="no such home folder"):
        connection.home(environ={"FLYAWAY_HOME": "~nosuchuser/x"})


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no pipes here")
def test_a_pipe_in_the_files_place_is_no_file_and_holds_nobody_up(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / connection.CONNECTION_NAME)
    assert ConnectionFile.read(tmp_path) is None


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
@pytest.mark.parametrize("umask", [0o000, 0o022, 0o777])
def test_the_folder_is_its_owners_alone_whatever_the_umask(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        connection.make_folder(tmp_path / "home")
    finally:
        os.umask(before)
    assert (tmp_path / "home").stat().st_mode & 0o777 == 0o700


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_a_folder_that_all_may_write_is_not_trusted(tmp_path: Path) -> None:
    assert connection.refusal(tmp_path) is None
    assert connection.refusal(tmp_path / "not there yet") is None
    tmp_path.chmod(0o777)
    assert "every user" in (connection.refusal(tmp_path) or "")


@pytest.mark.skipif(os.name != "posix", reason="owners are POSIX's")
def test_anothers_folder_is_not_trusted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: os.getuid() + 1)
    assert "another user" in (connection.refusal(tmp_path) or "")


@pytest.mark.skipif(os.name == "nt", reason="Windows keeps no such permissions")
@pytest.mark.parametrize("umask", [0, 0o377])
def test_folders_above_are_for_their_owner_alone_too(home: Path, umask: int) -> None:
    folder = home / "share" / "flyaway"
    old_mask = os.umask(umask)
    try:
        connection.make_folder(folder)
        connection.make_folder(folder)
    finally:
        os.umask(old_mask)
    assert {stat.S_IMODE(one.stat().st_mode) for one in (home, home / "share", folder)} == {0o700}


def test_windows_keeps_folders_to_their_owner_by_itself(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tmp_path.chmod(0o777)
    monkeypatch.setattr("sys.platform", "win32")
    assert connection.refusal(tmp_path) is None
