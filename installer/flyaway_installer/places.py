"""Where each build of Krita and GIMP looks for plugins: rules alone, nothing is touched.

The rules take the system, the home folder and the environment as arguments, so that those of Windows and
macOS can be tested anywhere. What was read where: Krita's manual and forum, GIMP's manual, and both
projects' Flatpak and Snap manifests.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import PurePath

from flyaway_client.wording import _

GIMP_VERSIONS = ("3.0", "3.2")
"""Known folder names; newer ones are used where they exist."""

GIMP_3 = re.compile(r"3\.\d+")
KRITA_FLATPAK = "org.kde.krita"
GIMP_FLATPAK = "org.gimp.GIMP"
KRITA_STORE = "49800Krita_"
GIMP_STORE = "GIMP."
"""How the folders of Krita and GIMP from the Microsoft Store begin."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What the rules need to know of a computer.

    Attributes:
        system: "linux", "darwin" or "windows".
        home: the user's home folder.
        environ: the environment variables.
        root: where the system's own folders are; "/" but in tests.
        names_in: lists the names in a folder, none if there is no such folder.
    """

    system: str
    home: PurePath
    environ: Mapping[str, str]
    root: PurePath
    names_in: Callable[[PurePath], list[str]]

    def folder(self, variable: str, default: PurePath) -> PurePath:
        """The folder that an environment variable names, else `default`.

        Inside a sandbox XDG variables tell of that sandbox's folders, not of the user's.
        """
        value = self.environ.get(variable, "")
        sandboxed = "FLATPAK_ID" in self.environ or "SNAP" in self.environ
        if variable.startswith("XDG_") and sandboxed:
            return default
        folder = type(self.home)(value)
        return folder if folder.is_absolute() else default

    @property
    def config(self) -> PurePath:
        """Linux programs' folder for settings."""
        return self.folder("XDG_CONFIG_HOME", self.home / ".config")

    @property
    def data(self) -> PurePath:
        """Linux programs' folder for data."""
        return self.folder("XDG_DATA_HOME", self.home / ".local" / "share")

    @property
    def roaming(self) -> PurePath:
        """Windows' %APPDATA%."""
        return self.folder("APPDATA", self.home / "AppData" / "Roaming")

    @property
    def local(self) -> PurePath:
        """Windows' %LOCALAPPDATA%."""
        return self.folder("LOCALAPPDATA", self.home / "AppData" / "Local")

    def program_files(self, name: str) -> tuple[PurePath, ...]:
        """Where Windows keeps a program of this name."""
        installed = self.folder("ProgramFiles", self.root / "Program Files") / name
        return (installed, self.local / "Programs" / name)

    def flatpak(self, app: str) -> tuple[PurePath, ...]:
        """Folders that exist where a Flatpak app is installed or has run."""
        exports = ("var", "lib", "flatpak", "app", app)
        own = self.home / ".local" / "share" / "flatpak" / "app" / app
        return (self.home / ".var" / "app" / app, self.root.joinpath(*exports), own)


@dataclass(frozen=True, slots=True)
class Place:
    """One build of an editor, and where it keeps things.

    Attributes:
        host: "krita" or "gimp".
        title: the build's name for people.
        plugins: the folder that holds plugins, each in a folder of its own.
        signs: if any of these exists, the editor is here.
        programs: if any of these is on the PATH, the editor is here.
        actions: Krita's folder for .action files.
        kritarc: Krita's settings, where plugins are switched on.
        profile: the editor's own folder, if plugins must wait until it has made that itself: GIMP
            leaves out its first set-up, and with it the settings of older versions, where it exists.
        is_sandboxed: whether the editor cannot start programs outside its own package.
        sandboxes: if any of these exists, a build of which that is true uses the folder too.
        refusal: why no plugin can be installed there, and what works instead; "" where one can.
    """

    host: str
    title: str
    plugins: PurePath
    signs: tuple[PurePath, ...]
    programs: tuple[str, ...] = ()
    actions: PurePath | None = None
    kritarc: PurePath | None = None
    profile: PurePath | None = None
    is_sandboxed: bool = False
    sandboxes: tuple[PurePath, ...] = ()
    refusal: str = ""


def places(host: str, machine: Machine) -> list[Place]:
    """All places where `host` ("krita" or "gimp") may look for plugins on this machine."""
    return _krita_places(machine) if host == "krita" else _gimp_places(machine)


def _krita(
    title: str,
    resources: PurePath,
    kritarc: PurePath,
    signs: tuple[PurePath, ...] = (),
    programs: tuple[str, ...] = (),
    is_sandboxed: bool = False,
) -> Place:
    return Place(
        host="krita",
        title=title,
        plugins=resources / "pykrita",
        actions=resources / "actions",
        kritarc=kritarc,
        signs=(resources, kritarc, *signs),
        programs=programs,
        is_sandboxed=is_sandboxed,
    )


def _krita_places(machine: Machine) -> list[Place]:
    if machine.system == "windows":
        return _windows_krita_places(machine)
    if machine.system == "darwin":
        library = machine.home / "Library"
        resources = library / "Application Support" / "krita"
        app = machine.root / "Applications" / "krita.app"
        return [_krita("Krita", resources, library / "Preferences" / "kritarc", (app,))]
    sandbox = machine.home / ".var" / "app" / KRITA_FLATPAK
    snap = machine.home / "snap" / "krita" / "current"
    return [
        # The AppImage uses the folders of an installed Krita.
        _krita("Krita", machine.data / "krita", machine.config / "kritarc", programs=("krita",)),
        _krita(
            "Krita (Flatpak)",
            sandbox / "data" / "krita",
            sandbox / "config" / "kritarc",
            machine.flatpak(KRITA_FLATPAK),
            is_sandboxed=True,
        ),
        _krita(
            "Krita (Snap)",
            snap / ".local" / "share" / "krita",
            snap / ".config" / "kritarc",
            (snap,),
            is_sandboxed=True,
        ),
    ]


def _windows_krita_places(machine: Machine) -> list[Place]:
    installed = machine.program_files("Krita (x64)")
    found = [_krita("Krita", machine.roaming / "krita", machine.local / "kritarc", installed)]
    packages = machine.local / "Packages"
    for name in machine.names_in(packages):
        if name.startswith(KRITA_STORE):
            cache = packages / name / "LocalCache"
            resources = cache / "Roaming" / "krita"
            found.append(_krita("Krita (Store)", resources, cache / "Local" / "kritarc", (cache,)))
    return found


def _gimp_places(machine: Machine) -> list[Place]:
    if machine.system == "windows":
        installed = machine.program_files("GIMP 3")
        versions = _gimp_versions(machine, "", machine.roaming / "GIMP", newest_if=installed)
        return [*versions, *_store_gimps(machine)]
    if machine.system == "darwin":
        folder = machine.home / "Library" / "Application Support" / "GIMP"
        app = machine.root / "Applications" / "GIMP.app"
        return _gimp_versions(machine, "", folder, newest_if=(app,))
    # The Flatpak and the Snap use the real ~/.config/GIMP; older ones had a folder of their own.
    flatpak = machine.home / ".var" / "app" / GIMP_FLATPAK / "config" / "GIMP"
    snap = machine.home / "snap" / "gimp" / "current" / ".config" / "GIMP"
    sandboxes = (*machine.flatpak(GIMP_FLATPAK), machine.root / "snap" / "gimp")
    return [
        *_gimp_versions(machine, "", machine.config / "GIMP", sandboxes, sandboxes),
        *_gimp_versions(machine, " (Flatpak)", flatpak),
        *_gimp_versions(machine, " (Snap)", snap),
    ]


def _store_gimps(machine: Machine) -> list[Place]:
    packages = machine.local / "Packages"
    return [
        Place(
            host="gimp",
            title="GIMP (Store)",
            plugins=packages / name / "LocalCache" / "Roaming" / "GIMP",
            signs=(packages / name,),
            refusal=_(
                "The GIMP of the Microsoft Store takes plug-ins only as signed packages of the Store, "
                "and Flyaway is none. Install GIMP from gimp.org, start it once, and run `flyaway "
                "install gimp`; or use `flyaway extract`, which needs no editor."
            ),
        )
        for name in machine.names_in(packages)
        if name.startswith(GIMP_STORE)
    ]


def _gimp_versions(
    machine: Machine,
    build: str,
    folder: PurePath,
    newest_if: tuple[PurePath, ...] = (),
    sandboxes: tuple[PurePath, ...] = (),
) -> list[Place]:
    """A place for each version of GIMP 3.

    Where any of `newest_if` exists and GIMP never ran, the newest version is taken to be there.
    """
    there = [name for name in machine.names_in(folder) if GIMP_3.fullmatch(name)]
    versions = sorted({*GIMP_VERSIONS, *there}, key=_as_numbers)
    # On Windows only the Store's GIMP is on the PATH.
    has_programs = not build and machine.system != "windows"
    return [
        Place(
            host="gimp",
            title=f"GIMP {version}{build}",
            plugins=folder / version / "plug-ins",
            signs=(folder / version, *(newest_if if version == versions[-1] and not there else ())),
            programs=(f"gimp-{version}", f"gimp-console-{version}") if has_programs else (),
            profile=folder / version,
            is_sandboxed=bool(build),
            sandboxes=sandboxes,
        )
        for version in versions
    ]


def _as_numbers(version: str) -> list[int]:
    return [int(number) for number in version.split(".")]
