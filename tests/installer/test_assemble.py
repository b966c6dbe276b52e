"""assemble: a plugin is its own files and the shared client, byte for byte."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from flyaway_installer import assemble as assembling
from flyaway_installer.assemble import CHECKOUT, PACKAGES, AssemblyError, assemble

HOSTS = sorted(PACKAGES)


def contents(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@pytest.mark.parametrize("link", [False, True], ids=["copied", "linked"])
@pytest.mark.parametrize("host", HOSTS)
def test_plugin_holds_its_files_and_the_shared_client_byte_for_byte(
    host: str, link: bool, tmp_path: Path
) -> None:
    package = assemble(host, tmp_path, link=link)

    shared = {
        f"flyaway_client/{path}": data
        for path, data in contents(CHECKOUT / "common" / "flyaway_client").items()
    }
    assembled = {
        path.relative_to(package).as_posix(): path.read_bytes()
        for folder, _, files in os.walk(package, followlinks=True)
        for path in (Path(folder) / file for file in files)
        if "__pycache__" not in path.parts
    }
    licence = {"LICENSE": (CHECKOUT.parent / "LICENSE").read_bytes()}
    assert package == tmp_path / PACKAGES[host]
    assert assembled == contents(CHECKOUT / host / PACKAGES[host]) | shared | licence


def test_krita_plugin_has_its_desktop_file_beside_its_folder(tmp_path: Path) -> None:
    assemble("krita", tmp_path)

    assert (tmp_path / "flyaway_krita.desktop").read_bytes() == (
        CHECKOUT / "krita" / "flyaway_krita.desktop"
    ).read_bytes()


def test_gimp_script_bears_its_folders_name_and_can_be_executed(tmp_path: Path) -> None:
    package = assemble("gimp", tmp_path)

    assert os.access(package / f"{package.name}.py", os.X_OK)


def test_copies_do_not_change_with_the_sources(tmp_path: Path) -> None:
    package = assemble("gimp", tmp_path)

    assert not any(path.is_symlink() for path in package.rglob("*"))


@pytest.mark.parametrize("host", HOSTS)
def test_installed_wheel_assembles_what_the_checkout_does(
    host: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assemble(host, tmp_path / "wheel" / host)
    assemble(host, tmp_path / "from checkout")
    monkeypatch.setattr(assembling, "PACKAGED", tmp_path / "wheel")

    assemble(host, tmp_path / "from wheel")

    assert contents(tmp_path / "from wheel") == contents(tmp_path / "from checkout")


def test_links_are_refused_without_the_sources(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(assembling, "PACKAGED", tmp_path)

    with pytest.raises(AssemblyError, match="source code"):
        assemble("krita", tmp_path / "dest", link=True)
