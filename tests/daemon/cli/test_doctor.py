"""doctor: a page that tells what is there, keeps secrets, and goes on where something is wrong."""

from __future__ import annotations

import os
from pathlib import Path, PureWindowsPath

import numpy as np
import pytest
from tests.daemon.servers import Daemon, serving

import flyaway
from flyaway.cli import doctor
from flyaway.cli.connecting import record_launch
from flyaway.cli.main import main
from flyaway.extraction.pipeline import Outcome
from flyaway.serving.tasks import ExtractionTask
from flyaway_client import connection, protocol
from flyaway_client.errors import DaemonUnreachableError
from flyaway_installer import editors
from flyaway_installer.install import install
from flyaway_installer.places import Machine, places


@pytest.fixture(autouse=True)
def machine(tmp_path: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> Machine:
    """A user with a Krita and without GIMP, who has no weights."""
    (tmp_path / ".local" / "share" / "krita").mkdir(parents=True)
    machine = Machine("linux", tmp_path, {}, tmp_path / "root", lambda folder: [])
    monkeypatch.setattr(editors, "this_machine", lambda: machine)
    monkeypatch.setenv("PATH", str(tmp_path))
    return machine


def page(capsys: pytest.CaptureFixture[str], status: int = 0) -> str:
    assert main(["doctor"]) == status
    return capsys.readouterr().out


def test_page_tells_versions_files_editors_and_a_test_call(
    home: Path, daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon.file.write(home)
    record_launch()

    shown = page(capsys)

    version = ".".join(map(str, protocol.VERSION))
    assert f"{flyaway.__version__}, protocol {version}" in shown
    assert daemon.file.address in shown
    assert "-m flyaway daemon run" in shown
    assert "config.toml (none, all defaults)" in shown
    assert "autostart              off" in shown
    assert "GIMP                   not found" in shown
    assert "not installed; run `flyaway install`" in shown
    assert "right: copy on test bench" in shown


def test_page_holds_no_secret(
    home: Path, daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon.file.write(home)

    shown = page(capsys)

    assert daemon.file.password not in shown
    assert daemon.file.secret not in shown


def test_wrong_alpha_of_the_test_call_is_noticed(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(task: ExtractionTask) -> Outcome:
        image = task.request.image
        return Outcome(np.zeros((image.height, image.width), np.uint8), "broken", "here", ())

    with serving(work) as running:
        running.file.write(home)

        assert "WRONG: broken on here" in page(capsys, status=1)


def test_plugins_state_is_told(
    machine: Machine, home: Path, daemon: Daemon, capsys: pytest.CaptureFixture[str]
) -> None:
    daemon.file.write(home)
    krita = places("krita", machine)[0]

    install(krita)
    assert "installed, the same as this Flyaway's" in page(capsys)

    Path(str(krita.kritarc)).write_bytes(b"")
    assert "but switched off" in page(capsys)

    (Path(krita.plugins) / "flyaway_krita" / "__init__.py").write_text("older")
    assert "another version's; run `flyaway install`" in page(capsys)


def test_gimp_of_the_microsoft_store_is_told_what_works_instead(
    home: Path,
    daemon: Daemon,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    daemon.file.write(home)
    user = PureWindowsPath(r"C:\Users\Ann")

    def names_in(folder: object) -> list[str]:
        return ["GIMP.43237F745459_abc"] if str(folder).endswith("Packages") else []

    windows = Machine("windows", user, {}, PureWindowsPath("C:\\"), names_in)
    monkeypatch.setattr(editors, "this_machine", lambda: windows)
    monkeypatch.setattr(editors, "_is_there", lambda place, which: "Store" in place.title)

    shown = page(capsys)

    assert "GIMP (Store)" in shown
    assert "takes plug-ins only as signed packages" in shown
    assert "`flyaway extract`, which needs no editor" in shown


def test_missing_daemon_is_told_at_the_end_of_a_whole_page(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail() -> None:
        raise DaemonUnreachableError("There is none.")

    monkeypatch.setattr(doctor, "connect", fail)

    shown = page(capsys, status=1)

    assert "none, no daemon has been running" in shown
    assert "none; run `flyaway install`" in shown
    assert shown.endswith("FAILED                 There is none.\n")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() == 0, reason="root may look at all")
def test_folders_that_may_not_be_looked_at_are_told_on_a_whole_page(
    home: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    closed = home.parent / "closed"
    closed.mkdir(mode=0)
    monkeypatch.setenv(connection.HOME_VARIABLE, str(closed))
    monkeypatch.setenv("FLYAWAY_CONFIG", str(closed / "config.toml"))

    shown = page(capsys, status=1)

    assert f"{closed} (cannot be written)" in shown
    assert "FAILED                 Flyaway's folder" in shown


def test_home_that_cannot_be_used_is_told_on_the_page(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    home.write_text("a file where the folder should be")

    shown = page(capsys, status=1)

    assert f"FAILED                 Flyaway's folder {home} cannot be used" in shown


def test_damaged_connection_file_and_wrong_settings_are_told(
    home: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail() -> None:
        raise DaemonUnreachableError("There is none.")

    monkeypatch.setattr(doctor, "connect", fail)
    home.mkdir()
    (home / connection.CONNECTION_NAME).write_text("{")
    (tmp_path / "config.toml").write_text("nonsense = 1")

    shown = page(capsys, status=1)

    assert "damaged or unreadable" in shown
    assert "there is no setting 'nonsense'" in shown


def test_users_name_is_kept_out_of_paths(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "home", lambda: Path("/home/ann"))

    assert doctor._private("/home/ann/.local") == "~/.local"
