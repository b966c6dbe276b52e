"""plugins: install and uninstall say in one line each what they did."""

from __future__ import annotations

import shutil
import zipfile
from pathlib import Path, PurePath

import pytest

import flyaway
from flyaway.cli.connecting import LAUNCH_ARGV
from flyaway.cli.main import main
from flyaway_client import launch
from flyaway_installer import editors
from flyaway_installer.places import Machine


@pytest.fixture
def user(tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The home folder of a user without editors, on a machine without editors."""
    user = tmp_path / "Ann Ö"
    user.mkdir()

    def names_in(folder: PurePath) -> list[str]:
        path = Path(folder)
        return [entry.name for entry in path.iterdir()] if path.is_dir() else []

    machine = Machine("linux", user, {}, tmp_path / "root", names_in)
    monkeypatch.setattr(editors, "this_machine", lambda: machine)
    monkeypatch.setenv("PATH", str(tmp_path))
    return user


@pytest.fixture
def krita(user: Path) -> Path:
    """Where the user's Krita keeps plugins."""
    (user / ".local" / "share" / "krita").mkdir(parents=True)
    return user / ".local" / "share" / "krita" / "pykrita"


@pytest.fixture
def gimp(user: Path) -> Path:
    """Where the user's GIMP keeps plug-ins."""
    (user / ".config" / "GIMP" / "3.0").mkdir(parents=True)
    return user / ".config" / "GIMP" / "3.0" / "plug-ins"


def test_installs_for_both_editors_and_records_how_to_start_the_daemon(
    krita: Path, gimp: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["install", "krita", "gimp"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines[0].startswith(f"Krita: installed in {krita}, switched on. Restart Krita")
    assert lines[1].startswith(f"GIMP 3.0: installed in {gimp}. Restart GIMP")
    assert lines[2] == f"How plugins start the daemon is recorded in {home / 'launch.json'}."
    assert (krita / "flyaway_krita" / "flyaway_client" / "client.py").is_file()
    assert (gimp / "flyaway_gimp" / "flyaway_gimp.py").is_file()
    assert launch.read_launch(home) == LAUNCH_ARGV


def test_without_names_both_editors_are_meant(krita: Path, gimp: Path) -> None:
    assert main(["install"]) == 0

    assert (krita / "flyaway_krita").is_dir()
    assert (gimp / "flyaway_gimp").is_dir()


def test_missing_editor_is_told_and_the_other_installed(
    krita: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["install", "gimp", "krita"]) == 1

    assert "GIMP 3 was not found. Install it and start it once" in capsys.readouterr().err
    assert (krita / "flyaway_krita").is_dir()


def test_nothing_is_recorded_where_nothing_was_installed(user: Path, home: Path) -> None:
    assert main(["install"]) == 1

    assert not home.exists()


def test_one_of_both_editors_is_enough_where_none_is_named(
    krita: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["install"]) == 0

    assert "GIMP 3 was not found." in capsys.readouterr().err


def test_unwritable_folder_is_a_sentence(
    gimp: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gimp.write_text("a file where the folder should be")

    assert main(["install", "gimp"]) == 1

    assert capsys.readouterr().err.startswith(f"flyaway: GIMP 3.0: {gimp}: ")
    assert not home.exists()


def test_links_for_developers(krita: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install", "--link", "krita"]) == 0

    assert "linked into" in capsys.readouterr().out
    assert (krita / "flyaway_krita" / "__init__.py").is_symlink()


def test_unknown_editor_is_refused(user: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["install", "photoshop"]) == 2

    assert "'photoshop'" in capsys.readouterr().err


def test_uninstalling_removes_what_installing_made(
    krita: Path, gimp: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["install"])
    capsys.readouterr()

    assert main(["uninstall"]) == 0

    lines = capsys.readouterr().out.splitlines()
    assert lines == [f"Krita: removed from {krita}.", f"GIMP 3.0: removed from {gimp}."]
    assert list(krita.iterdir()) == list(gimp.iterdir()) == []
    assert launch.read_launch(home) is None


def test_uninstalling_one_leaves_the_other_able_to_start_the_daemon(
    krita: Path, gimp: Path, home: Path
) -> None:
    main(["install"])

    assert main(["uninstall", "krita"]) == 0

    assert (gimp / "flyaway_gimp").is_dir()
    assert launch.read_launch(home) == LAUNCH_ARGV


def test_uninstalling_what_is_not_there_says_so(
    user: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["uninstall", "krita"]) == 0

    assert capsys.readouterr().out == "Krita: the plugin is not installed.\n"


def test_uninstalling_does_not_mind_a_home_that_cannot_be_used(
    krita: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main(["install", "krita"])
    shutil.rmtree(home)
    home.write_text("a file where the folder should be")
    capsys.readouterr()

    assert main(["uninstall", "krita"]) == 0

    assert capsys.readouterr().out == f"Krita: removed from {krita}.\n"


def test_zip_is_written_where_it_is_asked_for(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    name = f"flyaway_krita-{flyaway.__version__}.zip"

    assert main(["zip"]) == 0
    assert main(["zip", "krita", "-o", str(tmp_path / "p.zip")]) == 0

    assert capsys.readouterr().out == f"{name}\n{tmp_path / 'p.zip'}\n"
    assert zipfile.is_zipfile(tmp_path / name)
    assert (tmp_path / name).read_bytes() == (tmp_path / "p.zip").read_bytes()


def test_zip_that_cannot_be_written_is_a_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["zip", "-o", str(tmp_path / "none" / "p.zip")]) == 2

    assert "cannot be written: No such file" in capsys.readouterr().err
