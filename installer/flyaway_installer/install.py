"""Installs a plugin into one place, takes it out again, and tells what is installed there.

A plugin is assembled beside its final folder and then renamed into it, so that an editor starting at
that moment, or a machine that loses power, sees the old plugin or the new one, never half of either.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Literal

from flyaway_client.wording import _

from . import kritarc
from .assemble import COMPANIONS, PACKAGES, AssemblyError, assemble
from .places import Place

State = Literal["missing", "same", "different", "linked", "broken"]
"""What is installed: nothing, exactly this Flyaway's plugin, another version's, links to a checkout, and
such links whose checkout is gone."""

_STAGING = ".flyaway-"


class InstallError(Exception):
    """A plugin cannot be installed or removed; the text says what to do."""


def install(place: Place, *, link: bool = False) -> None:
    """Put the plugin into the place, over whatever was there, and switch it on.

    Raises:
        InstallError: a folder or file cannot be written, or the plugin's files are not here.
    """
    if place.refusal:
        raise InstallError(place.refusal)
    with _explained(place):
        if place.profile and not Path(place.profile).is_dir():
            raise InstallError(
                _(
                    "{title} has never been started here. Start it once, close it, then run `flyaway "
                    "install {host}` again."
                ).format(title=place.title, host=place.host)
            )
        plugins = Path(place.plugins)
        plugins.mkdir(parents=True, exist_ok=True)
        _remove_leftovers(plugins)
        with tempfile.TemporaryDirectory(dir=plugins, prefix=_STAGING) as staging:
            package = assemble(place.host, Path(staging), link=link)
            companions = [path for path in Path(staging).iterdir() if path.suffix in COMPANIONS]
            _swap(package, plugins / package.name, Path(staging) / "old")
            for companion in companions:
                target = _companion_target(place, companion.name)
                target.parent.mkdir(parents=True, exist_ok=True)
                companion.replace(target)
        switch_on(place)


def switch_on(place: Place) -> None:
    """Make the editor load the plugin; GIMP loads all that it finds.

    Raises:
        InstallError: the editor's settings cannot be written.
    """
    with _explained(place):
        if place.kritarc:
            _edit(Path(place.kritarc), kritarc.switch_on)


def uninstall(place: Place) -> bool:
    """Take the plugin out of the place; False if it was not in there.

    Raises:
        InstallError: a folder or file cannot be written.
    """
    name = PACKAGES[place.host]
    with _explained(place):
        plugins = Path(place.plugins)
        _remove_leftovers(plugins)
        gone = [plugins / name]
        if place.host == "krita":
            gone += [_companion_target(place, name + suffix) for suffix in sorted(COMPANIONS)]
        found = [path for path in gone if path.exists() or path.is_symlink()]
        if found:
            with tempfile.TemporaryDirectory(dir=plugins, prefix=_STAGING) as bin_:
                for path in found:
                    path.rename(Path(bin_) / path.name)
        if place.kritarc:
            _edit(Path(place.kritarc), kritarc.switch_off)
        return bool(found)


def is_installed(place: Place) -> bool:
    """Whether any version of the plugin is in the place."""
    return (Path(place.plugins) / PACKAGES[place.host]).is_dir()


def state(place: Place) -> State:
    """What is installed in the place, compared byte by byte with what `install` would put there."""
    installed = Path(place.plugins) / PACKAGES[place.host]
    if not is_installed(place):
        return "missing"
    links = [path for path in (installed, *installed.iterdir()) if path.is_symlink()]
    if links:
        return "linked" if all(path.exists() for path in links) else "broken"
    with tempfile.TemporaryDirectory(prefix=_STAGING) as folder:
        package = assemble(place.host, Path(folder))
        companions = [path for path in Path(folder).iterdir() if path.suffix in COMPANIONS]
        is_same = _contents(package) == _contents(installed) and all(
            _companion_target(place, path.name).is_file()
            and _companion_target(place, path.name).read_bytes() == path.read_bytes()
            for path in companions
        )
    return "same" if is_same else "different"


def is_switched_on(place: Place) -> bool:
    """Whether the editor will load the plugin; GIMP loads all that it finds."""
    if not place.kritarc:
        return True
    rc = Path(place.kritarc)
    return rc.is_file() and kritarc.is_on(rc.read_bytes(), PACKAGES[place.host])


def _companion_target(place: Place, name: str) -> Path:
    """Where a file beside the plugin's folder belongs."""
    folder = place.actions if name.endswith(".action") and place.actions else place.plugins
    return Path(folder) / name


def _swap(fresh: Path, target: Path, old: Path) -> None:
    """Rename `fresh` to `target`, which goes to `old`; if that fails, all is as it was."""
    had_one = target.exists() or target.is_symlink()
    if had_one:
        target.rename(old)
    try:
        fresh.rename(target)
    except OSError:
        if had_one:
            old.rename(target)
        raise


def _edit(rc: Path, change: Callable[[bytes, str], bytes]) -> None:
    """Change kritarc in one step, keeping its mode; a link to it elsewhere stays a link."""
    rc = rc.resolve()
    before = rc.read_bytes() if rc.exists() else b""
    after = change(before, PACKAGES["krita"])
    if after == before:
        return
    rc.parent.mkdir(parents=True, exist_ok=True)
    fresh = rc.with_name(f"{rc.name}.flyaway")
    fresh.write_bytes(after)
    if rc.exists():
        shutil.copymode(rc, fresh)
    fresh.replace(rc)


def _remove_leftovers(plugins: Path) -> None:
    """Delete what an interrupted installation left."""
    for path in plugins.glob(f"{_STAGING}*"):
        _remove(path)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink()


def _contents(folder: Path) -> dict[str, bytes]:
    """All files below a folder but Python's caches: name -> bytes."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file() and "__pycache__" not in path.parts
    }


@contextlib.contextmanager
def _explained(place: Place) -> Iterator[None]:
    """Turn the system's errors into sentences."""
    try:
        yield
    except AssemblyError as error:
        raise InstallError(f"{place.title}: {error}.") from error
    except PermissionError as error:
        raise InstallError(
            _(
                "{title}: {path} may not be changed. Close {title}, make sure that the folder is "
                "yours, then try again."
            ).format(title=place.title, path=_blamed(error, place))
        ) from error
    except OSError as error:
        raise InstallError(
            _("{title}: {path}: {why}. Mend that, then try again.").format(
                title=place.title, path=_blamed(error, place), why=error.strerror or error
            )
        ) from error


def _blamed(error: OSError, place: Place) -> str:
    """The path to name to the user: that of the error, unless it is one of our own making."""
    named = str(error.filename or place.plugins)
    return str(place.plugins) if _STAGING in named else named
