"""editors: an editor is there if a folder or a program of it is."""

from __future__ import annotations

from pathlib import Path

from flyaway_installer.editors import find, is_sandboxed, this_machine
from flyaway_installer.places import Machine


def machine(home: Path) -> Machine:
    def names_in(folder: object) -> list[str]:
        path = Path(str(folder))
        return [entry.name for entry in path.iterdir()] if path.is_dir() else []

    return Machine("linux", home, {}, home / "root", names_in)


def titles(host: str, home: Path, programs: set[str]) -> list[str]:
    return [
        place.title
        for place in find(host, machine(home), lambda name: name if name in programs else None)
    ]


def test_bare_machine_has_no_editor(tmp_path: Path) -> None:
    assert titles("krita", tmp_path, set()) == []
    assert titles("gimp", tmp_path, set()) == []


def test_program_on_the_path_is_a_sign(tmp_path: Path) -> None:
    assert titles("krita", tmp_path, {"krita"}) == ["Krita"]
    assert titles("gimp", tmp_path, {"gimp-3.0"}) == ["GIMP 3.0"]


def test_gimp_2_alone_is_no_sign_of_gimp_3(tmp_path: Path) -> None:
    (tmp_path / ".config" / "GIMP" / "2.10").mkdir(parents=True)

    assert titles("gimp", tmp_path, {"gimp", "gimp-2.10"}) == []


def test_folder_of_an_editor_is_a_sign(tmp_path: Path) -> None:
    (tmp_path / ".config" / "GIMP" / "3.2").mkdir(parents=True)
    (tmp_path / ".var" / "app" / "org.kde.krita").mkdir(parents=True)

    assert titles("gimp", tmp_path, set()) == ["GIMP 3.2"]
    assert titles("krita", tmp_path, set()) == ["Krita (Flatpak)"]


def test_flatpak_that_never_ran_is_a_sign(tmp_path: Path) -> None:
    (tmp_path / "root" / "var" / "lib" / "flatpak" / "app" / "org.gimp.GIMP").mkdir(parents=True)

    assert titles("gimp", tmp_path, set()) == ["GIMP 3.2"]


def test_this_machine_is_described_by_its_own_home_and_system() -> None:
    here = this_machine()

    assert here.home == Path.home()
    assert here.system in ("linux", "darwin", "windows")
    assert here.names_in(Path(__file__).parent / "no such folder") == []
    assert Path(__file__).name in here.names_in(Path(__file__).parent)


def test_sandbox_that_shares_a_folder_counts(tmp_path: Path) -> None:
    (tmp_path / ".config" / "GIMP" / "3.2").mkdir(parents=True)
    (native,) = find("gimp", machine(tmp_path))
    assert not is_sandboxed(native)

    (tmp_path / ".var" / "app" / "org.gimp.GIMP").mkdir(parents=True)
    assert is_sandboxed(native)
