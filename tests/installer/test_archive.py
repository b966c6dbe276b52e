"""archive: the zip is one that Krita's own importer accepts."""

from __future__ import annotations

import configparser
import zipfile
from pathlib import Path

from flyaway_installer.archive import make_zip
from flyaway_installer.assemble import assemble


def test_zip_holds_the_assembled_plugin(tmp_path: Path) -> None:
    assemble("krita", tmp_path / "assembled")

    with zipfile.ZipFile(make_zip("krita", tmp_path / "plugin.zip")) as archive:
        archive.extractall(tmp_path / "unpacked")

    def contents(folder: Path) -> dict[str, bytes]:
        files = [path for path in folder.rglob("*") if path.is_file()]
        return {path.relative_to(folder).as_posix(): path.read_bytes() for path in files}

    assert contents(tmp_path / "unpacked") == contents(tmp_path / "assembled")


def test_zip_has_what_kritas_importer_looks_for(tmp_path: Path) -> None:
    # The rules are those of KDE/krita plugins/python/plugin_importer/plugin_importer.py at 5.2.9.
    with zipfile.ZipFile(make_zip("krita", tmp_path / "plugin.zip")) as archive:
        names = archive.namelist()
        desktop = configparser.ConfigParser()
        desktop.read_string(archive.read("flyaway_krita.desktop").decode())

    module = desktop["Desktop Entry"]["X-KDE-Library"]
    assert desktop["Desktop Entry"]["Name"]
    assert f"{module}/" in names
    assert f"{module}/__init__.py" in names
    assert f"{module}.action" in names


def test_equal_plugins_make_equal_zips(tmp_path: Path) -> None:
    first = make_zip("gimp", tmp_path / "first.zip")
    second = make_zip("gimp", tmp_path / "second.zip")

    assert first.read_bytes() == second.read_bytes()


def test_executable_script_stays_executable(tmp_path: Path) -> None:
    with zipfile.ZipFile(make_zip("gimp", tmp_path / "plugin.zip")) as archive:
        mode = archive.getinfo("flyaway_gimp/flyaway_gimp.py").external_attr >> 16

    assert mode & 0o111 == 0o111


def test_nothing_is_left_of_a_zip_that_cannot_be_written(tmp_path: Path) -> None:
    target = tmp_path / "plugin.zip"
    target.mkdir()

    try:
        make_zip("gimp", target)
    except OSError:
        pass
    else:
        raise AssertionError("a folder was overwritten")

    assert list(tmp_path.iterdir()) == [target]
