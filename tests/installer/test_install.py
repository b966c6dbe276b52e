"""install: plugins get into the editors' folders whole, again and again, and out without a trace."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from flyaway_installer import install as installing
from flyaway_installer.assemble import PACKAGES, assemble
from flyaway_installer.install import (
    InstallError,
    install,
    is_installed,
    is_switched_on,
    state,
    switch_on,
    uninstall,
)
from flyaway_installer.places import Place

MakePlace = Callable[[str], Place]
BOTH = pytest.mark.parametrize("host", sorted(PACKAGES))


@pytest.fixture
def place_of(tmp_path: Path) -> MakePlace:
    """A place below a folder whose name is as awkward as users' names are."""
    home = tmp_path / "Ann Ö"

    def make(host: str) -> Place:
        if host == "gimp":
            profile = home / "GIMP" / "3.0"
            profile.mkdir(parents=True, exist_ok=True)
            return Place("gimp", "GIMP 3.0", profile / "plug-ins", (profile,), profile=profile)
        resources = home / "krita"
        return Place(
            "krita",
            "Krita",
            resources / "pykrita",
            (resources,),
            actions=resources / "actions",
            kritarc=home / "kritarc",
        )

    return make


def tree(folder: Path) -> set[str]:
    return {path.relative_to(folder).as_posix() for path in folder.rglob("*")}


@BOTH
def test_installs_what_assemble_makes_and_nothing_else(
    host: str, place_of: MakePlace, tmp_path: Path
) -> None:
    place = place_of(host)
    package = assemble(host, tmp_path / "assembled")

    install(place)

    installed = Path(place.plugins) / PACKAGES[host]
    assert tree(installed) == tree(package)
    assert state(place) == "same"
    beside = {path.name for path in Path(place.plugins).iterdir()} - {PACKAGES[host]}
    assert beside == ({"flyaway_krita.desktop"} if host == "krita" else set())


def test_krita_gets_the_action_file_where_it_looks_and_the_plugin_switched_on(
    place_of: MakePlace,
) -> None:
    place = place_of("krita")

    install(place)

    assert (Path(str(place.actions)) / "flyaway_krita.action").is_file()
    assert Path(str(place.kritarc)).read_bytes() == b"[python]\nenable_flyaway_krita=true\n"
    assert is_switched_on(place)


def test_gimp_script_can_be_executed(place_of: MakePlace) -> None:
    place = place_of("gimp")

    install(place)

    assert os.access(Path(place.plugins) / "flyaway_gimp" / "flyaway_gimp.py", os.X_OK)


@BOTH
def test_second_installation_changes_nothing(
    host: str, place_of: MakePlace, tmp_path: Path
) -> None:
    place = place_of(host)
    install(place)
    before = tree(tmp_path)

    install(place)

    assert tree(tmp_path) == before
    assert state(place) == "same"


@BOTH
def test_upgrade_leaves_no_file_of_the_old_version(host: str, place_of: MakePlace) -> None:
    place = place_of(host)
    install(place)
    package = Path(place.plugins) / PACKAGES[host]
    (package / "of_the_old_version.py").write_text("")
    (package / "__init__.py").write_text("changed")
    assert state(place) == "different"

    install(place)

    assert state(place) == "same"


@BOTH
def test_half_broken_installations_are_replaced(host: str, place_of: MakePlace) -> None:
    place = place_of(host)
    plugins = Path(place.plugins)
    plugins.mkdir(parents=True)
    (plugins / PACKAGES[host]).write_text("a file where the folder should be")
    (plugins / ".flyaway-interrupted" / PACKAGES[host]).mkdir(parents=True)

    install(place)

    assert state(place) == "same"
    assert not (plugins / ".flyaway-interrupted").exists()


@BOTH
def test_dangling_link_of_a_moved_checkout_is_replaced(host: str, place_of: MakePlace) -> None:
    place = place_of(host)
    plugins = Path(place.plugins)
    plugins.mkdir(parents=True)
    (plugins / PACKAGES[host]).symlink_to(plugins / "gone")

    install(place)

    assert state(place) == "same"


@BOTH
def test_linked_plugin_follows_the_checkout_and_is_replaced_by_copies(
    host: str, place_of: MakePlace
) -> None:
    place = place_of(host)

    install(place, link=True)
    assert state(place) == "linked"

    install(place)
    assert state(place) == "same"


def test_failed_swap_leaves_the_old_plugin(
    place_of: MakePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = place_of("gimp")
    install(place)
    script = Path(place.plugins) / "flyaway_gimp" / "flyaway_gimp.py"
    script.write_text("old")
    rename = Path.rename

    def refuse_the_new(path: Path, target: Path) -> Path:
        if path.parent.name.startswith(".flyaway-") and path.name == "flyaway_gimp":
            raise PermissionError(13, "in use", str(target))
        return rename(path, target)

    monkeypatch.setattr(Path, "rename", refuse_the_new)
    with pytest.raises(InstallError, match=r"may not be changed\. Close GIMP 3\.0"):
        install(place)

    assert script.read_text() == "old"


@BOTH
def test_uninstalling_undoes_installing(host: str, place_of: MakePlace, tmp_path: Path) -> None:
    place = place_of(host)
    other = Path(place.plugins) / "other_plugin"
    other.mkdir(parents=True)
    before = tree(tmp_path)
    install(place)

    assert uninstall(place)

    kept = {"Ann Ö/kritarc", "Ann Ö/krita/actions"} if host == "krita" else set()
    assert tree(tmp_path) - kept == before
    assert not is_installed(place)
    assert state(place) == "missing"


@BOTH
def test_uninstalling_what_is_not_there_says_so(host: str, place_of: MakePlace) -> None:
    assert not uninstall(place_of(host))


def test_settings_of_krita_keep_their_mode_their_link_and_the_rest_of_their_text(
    place_of: MakePlace, tmp_path: Path
) -> None:
    place = place_of("krita")
    dotfiles = tmp_path / "dotfiles"
    dotfiles.write_bytes(b"[General]\r\nx=1\r\n")
    dotfiles.chmod(0o600)
    rc = Path(str(place.kritarc))
    rc.parent.mkdir(parents=True)
    rc.symlink_to(dotfiles)

    install(place)

    assert rc.is_symlink()
    assert dotfiles.read_bytes().startswith(b"[General]\r\nx=1\r\n")
    assert dotfiles.stat().st_mode & 0o777 == 0o600
    uninstall(place)
    assert dotfiles.read_bytes() == b"[General]\r\nx=1\r\n"


def test_plugin_switched_off_in_krita_is_noticed(place_of: MakePlace) -> None:
    place = place_of("krita")
    install(place)

    Path(str(place.kritarc)).write_bytes(b"[python]\nenable_flyaway_krita=false\n")

    assert not is_switched_on(place)


def test_gimp_that_never_ran_is_to_be_started_first(place_of: MakePlace) -> None:
    place = place_of("gimp")
    shutil.rmtree(Path(str(place.profile)))

    with pytest.raises(InstallError, match="never been started here"):
        install(place)

    assert not Path(str(place.profile)).exists()


def test_folder_that_cannot_be_written_is_named(place_of: MakePlace) -> None:
    place = place_of("gimp")
    Path(place.plugins).write_text("a file where the folder should be")

    with pytest.raises(InstallError) as caught:
        install(place)

    assert str(place.plugins) in str(caught.value)


def test_names_the_plugins_folder_where_a_temporary_folder_was_refused(
    place_of: MakePlace, monkeypatch: pytest.MonkeyPatch
) -> None:
    place = place_of("gimp")

    def refuse(host: str, dest: Path, *, link: bool) -> Path:
        raise PermissionError(13, "no", str(dest / "flyaway_gimp"))

    monkeypatch.setattr(installing, "assemble", refuse)
    with pytest.raises(InstallError) as caught:
        install(place)

    assert f"{place.plugins} may not be changed" in str(caught.value)


def test_place_that_takes_no_plugins_says_what_works_instead(tmp_path: Path) -> None:
    place = Place("gimp", "GIMP (Store)", tmp_path / "store", (), refusal="Take another.")

    with pytest.raises(InstallError, match=r"^Take another\.$"):
        install(place)

    assert not is_installed(place)
    assert list(tmp_path.iterdir()) == []


def test_links_whose_checkout_is_gone_are_broken(place_of: MakePlace) -> None:
    place = place_of("gimp")
    install(place, link=True)
    link = Path(place.plugins) / "flyaway_gimp" / "host.py"
    link.unlink()
    link.symlink_to(link.parent / "gone")

    assert state(place) == "broken"


def test_switching_on_touches_the_editors_settings_alone(place_of: MakePlace) -> None:
    krita, gimp = place_of("krita"), place_of("gimp")

    switch_on(krita)
    switch_on(gimp)

    assert is_switched_on(krita)
    assert not is_installed(krita)
