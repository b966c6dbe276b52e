"""Puts a plugin together: its own files, the licence, and a copy of flyaway_client nested inside its package.

The nesting is needed because Krita's zip importer takes one folder per plugin. Zips, the wheel's data,
installation and tests all come through `assemble`.
"""

from __future__ import annotations

import shutil
from pathlib import Path

from flyaway_client.wording import _

PACKAGES = {"krita": "flyaway_krita", "gimp": "flyaway_gimp"}
"""Host -> the plugin's package, which is also the name of its folder and of its files."""

CLIENT = "flyaway_client"

COMPANIONS = {".desktop", ".action"}
"""Suffixes of the files beside a plugin's folder that belong to it."""

PACKAGED = Path(__file__).parent / "_plugins"
"""In an installed wheel: the plugins as `assemble` made them when the wheel was built."""

CHECKOUT = Path(__file__).resolve().parents[2] / "plugins"
"""In a checkout: the plugins' sources."""

LICENCE = "LICENSE"
"""The text of our licence, which goes with every plugin; it lies beside the checkout's `plugins`."""


class AssemblyError(Exception):
    """A plugin cannot be put together here; the text says why."""


def assemble(host: str, dest: Path, *, link: bool = False) -> Path:
    """Put the plugin for `host` into the folder `dest` and return its package's folder there.

    For Krita, `dest` then holds flyaway_krita/, flyaway_krita.desktop and flyaway_krita.action; for GIMP
    flyaway_gimp/. `dest` is made if need be and must not hold that package yet.

    Args:
        host: "krita" or "gimp".
        dest: the folder to put the plugin in.
        link: for developers: symbolic links to the checkout's files in place of copies.

    Raises:
        AssemblyError: the plugin's files are not here, or links cannot be made of them.
    """
    place = _copy if not link else _link
    name = PACKAGES[host]
    sources = _sources(host, link=link)
    package = dest / name
    package.mkdir(parents=True)
    for source in sources:
        target = dest if source.suffix in COMPANIONS else package
        place(source, target / source.name)
    if not link and host == "gimp":
        # GIMP starts the script itself, and neither zips nor Windows checkouts keep its mode.
        (package / f"{name}.py").chmod(0o755)
    return package


def is_checkout() -> bool:
    """Whether this runs from the project's sources rather than from an installed wheel."""
    return not PACKAGED.is_dir() and CHECKOUT.is_dir()


def _sources(host: str, *, link: bool) -> list[Path]:
    """Everything that makes up the plugin: files and folders of its package, and files beside it."""
    name = PACKAGES[host]
    if link and not is_checkout():
        raise AssemblyError(
            _("--link needs Flyaway's source code; install from a checkout to use it")
        )
    root = CHECKOUT / host if is_checkout() else PACKAGED / host
    if not (root / name).is_dir():
        raise AssemblyError(
            _("the {host} plugin's files are missing; install Flyaway again").format(host=host)
        )
    beside = [path for path in root.iterdir() if path.suffix in COMPANIONS]
    inside = [path for path in (root / name).iterdir() if path.name != "__pycache__"]
    shared = [CHECKOUT / "common" / CLIENT, CHECKOUT.parent / LICENCE] if is_checkout() else []
    return sorted(beside + inside + shared)


def _copy(source: Path, target: Path) -> None:
    if source.is_dir():
        shutil.copytree(source, target, ignore=shutil.ignore_patterns("__pycache__", "*.pyc"))
    else:
        shutil.copyfile(source, target)


def _link(source: Path, target: Path) -> None:
    try:
        target.symlink_to(source, target_is_directory=source.is_dir())
    except OSError as error:
        raise AssemblyError(
            _(
                "no link could be made at {target} ({why}); on Windows, turn on Developer Mode"
            ).format(target=target, why=error.strerror)
        ) from error
