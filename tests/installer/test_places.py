"""places: the folders of every build of both editors, on all three systems."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePath, PurePosixPath, PureWindowsPath

import pytest

from flyaway_installer.places import Machine, Place, places

LINUX_HOME = PurePosixPath("/home/ann")
MAC_HOME = PurePosixPath("/Users/ann")
WINDOWS_HOME = PureWindowsPath(r"C:\Users\Ann Ö")


def machine(
    system: str,
    home: PurePath,
    environ: Mapping[str, str] | None = None,
    folders: Mapping[str, list[str]] | None = None,
) -> Machine:
    folders = folders or {}
    return Machine(
        system=system,
        home=home,
        environ=environ or {},
        root=type(home)(home.anchor),
        names_in=lambda folder: folders.get(str(folder), []),
    )


def by_title(host: str, there: Machine) -> dict[str, Place]:
    return {place.title: place for place in places(host, there)}


def test_linux_krita_keeps_plugins_in_its_data_folder_and_settings_in_kritarc() -> None:
    krita = by_title("krita", machine("linux", LINUX_HOME))["Krita"]

    assert str(krita.plugins) == "/home/ann/.local/share/krita/pykrita"
    assert str(krita.actions) == "/home/ann/.local/share/krita/actions"
    assert str(krita.kritarc) == "/home/ann/.config/kritarc"
    assert not krita.is_sandboxed


def test_flatpak_krita_has_folders_of_its_own() -> None:
    krita = by_title("krita", machine("linux", LINUX_HOME))["Krita (Flatpak)"]

    assert str(krita.plugins) == "/home/ann/.var/app/org.kde.krita/data/krita/pykrita"
    assert str(krita.kritarc) == "/home/ann/.var/app/org.kde.krita/config/kritarc"
    assert PurePosixPath("/var/lib/flatpak/app/org.kde.krita") in krita.signs
    assert krita.is_sandboxed


def test_snap_krita_has_folders_of_its_own() -> None:
    krita = by_title("krita", machine("linux", LINUX_HOME))["Krita (Snap)"]

    assert str(krita.plugins) == "/home/ann/snap/krita/current/.local/share/krita/pykrita"
    assert str(krita.kritarc) == "/home/ann/snap/krita/current/.config/kritarc"


def test_moved_data_and_config_folders_are_followed_on_linux() -> None:
    there = machine("linux", LINUX_HOME, {"XDG_DATA_HOME": "/data", "XDG_CONFIG_HOME": "/settings"})

    assert str(by_title("krita", there)["Krita"].plugins) == "/data/krita/pykrita"
    assert str(by_title("krita", there)["Krita"].kritarc) == "/settings/kritarc"
    assert str(by_title("gimp", there)["GIMP 3.0"].plugins) == "/settings/GIMP/3.0/plug-ins"


@pytest.mark.parametrize("variable", ["FLATPAK_ID", "SNAP"])
def test_folders_of_a_sandboxed_terminal_are_not_taken_for_the_users(variable: str) -> None:
    environ = {variable: "some.terminal", "XDG_CONFIG_HOME": "/home/ann/.var/app/some.terminal"}

    krita = by_title("krita", machine("linux", LINUX_HOME, environ))["Krita"]

    assert str(krita.kritarc) == "/home/ann/.config/kritarc"


def test_relative_folder_variables_are_ignored() -> None:
    there = machine("linux", LINUX_HOME, {"XDG_CONFIG_HOME": "settings"})

    assert str(by_title("krita", there)["Krita"].kritarc) == "/home/ann/.config/kritarc"


def test_mac_krita_keeps_plugins_in_its_library() -> None:
    krita = by_title("krita", machine("darwin", MAC_HOME))["Krita"]

    assert str(krita.plugins) == "/Users/ann/Library/Application Support/krita/pykrita"
    assert str(krita.kritarc) == "/Users/ann/Library/Preferences/kritarc"
    assert PurePosixPath("/Applications/krita.app") in krita.signs


def test_windows_krita_keeps_plugins_in_roaming_and_settings_in_local_app_data() -> None:
    krita = by_title("krita", machine("windows", WINDOWS_HOME))["Krita"]

    assert str(krita.plugins) == r"C:\Users\Ann Ö\AppData\Roaming\krita\pykrita"
    assert str(krita.kritarc) == r"C:\Users\Ann Ö\AppData\Local\kritarc"
    assert PureWindowsPath(r"C:\Program Files\Krita (x64)") in krita.signs


def test_windows_folder_variables_are_followed() -> None:
    there = machine(
        "windows", WINDOWS_HOME, {"APPDATA": r"D:\Roaming", "LOCALAPPDATA": r"D:\Local"}
    )

    assert str(by_title("krita", there)["Krita"].plugins) == r"D:\Roaming\krita\pykrita"
    assert str(by_title("gimp", there)["GIMP 3.0"].plugins) == r"D:\Roaming\GIMP\3.0\plug-ins"


def test_krita_of_the_microsoft_store_is_found_by_its_package_folder() -> None:
    packages = r"C:\Users\Ann Ö\AppData\Local\Packages"
    there = machine(
        "windows", WINDOWS_HOME, folders={packages: ["49800Krita_abc123", "Other.App_x"]}
    )

    store = by_title("krita", there)["Krita (Store)"]

    cache = packages + r"\49800Krita_abc123\LocalCache"
    assert str(store.plugins) == cache + r"\Roaming\krita\pykrita"
    assert str(store.kritarc) == cache + r"\Local\kritarc"
    assert "Krita (Store)" not in by_title("krita", machine("windows", WINDOWS_HOME))


@pytest.mark.parametrize(
    ("system", "home", "plugins"),
    [
        ("linux", LINUX_HOME, "/home/ann/.config/GIMP/3.2/plug-ins"),
        ("darwin", MAC_HOME, "/Users/ann/Library/Application Support/GIMP/3.2/plug-ins"),
        ("windows", WINDOWS_HOME, r"C:\Users\Ann Ö\AppData\Roaming\GIMP\3.2\plug-ins"),
    ],
)
def test_gimp_has_a_folder_for_each_version(system: str, home: PurePath, plugins: str) -> None:
    found = by_title("gimp", machine(system, home))

    assert str(found["GIMP 3.2"].plugins) == plugins
    assert "GIMP 3.0" in found


def test_newer_gimp_is_used_where_its_folder_exists_and_gimp_2_never() -> None:
    there = machine(
        "linux", LINUX_HOME, folders={"/home/ann/.config/GIMP": ["2.10", "3.0", "3.10", "3.4"]}
    )

    titles = [title for title in by_title("gimp", there) if title.count(" ") == 1]

    assert titles == ["GIMP 3.0", "GIMP 3.2", "GIMP 3.4", "GIMP 3.10"]


def test_gimp_waits_for_the_folder_that_its_first_start_makes() -> None:
    gimp = by_title("gimp", machine("linux", LINUX_HOME))["GIMP 3.0"]

    assert str(gimp.profile) == "/home/ann/.config/GIMP/3.0"
    assert gimp.programs == ("gimp-3.0", "gimp-console-3.0")


def test_flatpak_gimp_uses_the_users_own_folder_and_older_ones_their_own() -> None:
    found = by_title("gimp", machine("linux", LINUX_HOME))

    assert PurePosixPath("/var/lib/flatpak/app/org.gimp.GIMP") in found["GIMP 3.2"].signs
    assert PurePosixPath("/var/lib/flatpak/app/org.gimp.GIMP") not in found["GIMP 3.0"].signs
    own = "/home/ann/.var/app/org.gimp.GIMP/config/GIMP/3.0/plug-ins"
    assert str(found["GIMP 3.0 (Flatpak)"].plugins) == own
    assert found["GIMP 3.0 (Flatpak)"].is_sandboxed
    assert not found["GIMP 3.0"].is_sandboxed


def test_installed_gimp_that_ran_once_is_the_version_that_ran() -> None:
    there = machine("linux", LINUX_HOME, folders={"/home/ann/.config/GIMP": ["3.0"]})

    flatpak = PurePosixPath("/var/lib/flatpak/app/org.gimp.GIMP")
    assert all(flatpak not in place.signs for place in places("gimp", there))


def test_gimp_of_the_microsoft_store_is_refused_with_what_works_instead() -> None:
    packages = r"C:\Users\Ann Ö\AppData\Local\Packages"
    there = machine("windows", WINDOWS_HOME, folders={packages: ["GIMP.43237F745459_abc"]})

    found = by_title("gimp", there)

    assert "gimp.org" in found["GIMP (Store)"].refusal
    assert found["GIMP 3.2"].refusal == ""
    # Its alias on the PATH is no sign of the GIMP that takes plug-ins.
    assert found["GIMP 3.2"].programs == ()
    assert "GIMP (Store)" not in by_title("gimp", machine("windows", WINDOWS_HOME))


def test_flatpak_and_snap_of_gimp_share_the_folder_of_the_native_one() -> None:
    gimp = by_title("gimp", machine("linux", LINUX_HOME))["GIMP 3.2"]

    assert PurePosixPath("/var/lib/flatpak/app/org.gimp.GIMP") in gimp.sandboxes
    assert PurePosixPath("/snap/gimp") in gimp.sandboxes
    assert by_title("gimp", machine("darwin", MAC_HOME))["GIMP 3.2"].sandboxes == ()
