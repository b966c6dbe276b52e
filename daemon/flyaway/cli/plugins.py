"""`flyaway install`, `uninstall` and `zip`: bring the plugins into the editors and out again."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import flyaway
from flyaway.cli import terminal
from flyaway.cli.connecting import forget_launch, record_launch
from flyaway.errors import RequestError
from flyaway_installer import editors, install
from flyaway_installer.archive import make_zip
from flyaway_installer.assemble import PACKAGES
from flyaway_installer.places import Place

if TYPE_CHECKING:
    from flyaway.cli import Commands

_NAMES = {"krita": "Krita", "gimp": "GIMP 3"}
_WHERE = {
    "krita": "Restart Krita, then look under Tools > Scripts and Settings > Dockers",
    "gimp": "Restart GIMP, then look under Layer > Mask",
}


def add_to(commands: Commands) -> None:
    """Describe the commands."""
    parser = commands.add_parser(
        "install",
        help="install the plugins for Krita and GIMP",
        description="Find the editors' plug-in folders, of Flatpaks and Snaps too, and install there.",
    )
    _add_hosts(parser)
    parser.add_argument(
        "--link",
        action="store_true",
        help="for developers: link to this checkout's files in place of copying them",
    )
    parser.set_defaults(run=run_install)
    parser = commands.add_parser(
        "uninstall",
        help="remove the plugins",
        description="Remove the plugins from the editors' folders.",
    )
    _add_hosts(parser)
    parser.set_defaults(run=run_uninstall)
    parser = commands.add_parser(
        "zip",
        help="make a zip of a plugin, for Krita's own importer",
        description="Make the zip that Krita's Tools > Scripts > Import Python Plugin from File takes.",
    )
    parser.add_argument("host", choices=sorted(PACKAGES), nargs="?", default="krita")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help="where to write it")
    parser.set_defaults(run=run_zip)


def run_install(arguments: argparse.Namespace) -> int:
    """Install into every build of the editors that is here; fails if an editor is not here at all."""
    results = [_install_host(host, arguments.link) for host in _hosts(arguments)]
    if any(results):
        terminal.write_result(f"How plugins start the daemon is recorded in {record_launch()}.")
    return 0 if all(results) else 1


def run_uninstall(arguments: argparse.Namespace) -> int:
    """Remove the plugins wherever they are."""
    machine = editors.this_machine()
    is_fine = True
    for host in _hosts(arguments):
        removed = False
        for place in editors.find(host, machine):
            try:
                if install.uninstall(place):
                    terminal.write_result(f"{place.title}: removed from {place.plugins}.")
                    removed = True
            except install.InstallError as error:
                terminal.write_remark(f"flyaway: {error}")
                is_fine = False
        if not removed and is_fine:
            terminal.write_result(f"{_NAMES[host]}: the plugin is not installed.")
    places = [place for host in PACKAGES for place in editors.find(host, machine)]
    if not any(map(install.is_installed, places)):
        forget_launch()
    return 0 if is_fine else 1


def run_zip(arguments: argparse.Namespace) -> int:
    """Write the zip and say where it is."""
    name = f"{PACKAGES[arguments.host]}-{flyaway.__version__}.zip"
    target = arguments.output or Path(name)
    target = target / name if target.is_dir() else target
    try:
        make_zip(arguments.host, target)
    except OSError as error:
        raise RequestError(f"{target} cannot be written: {error.strerror or error}.") from error
    terminal.write_result(str(target))
    if arguments.host == "krita":
        terminal.write_remark(
            "In Krita: Tools > Scripts > Import Python Plugin from File. So that Krita can start the "
            "daemon, run `flyaway daemon start` once."
        )
    return 0


def _add_hosts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "hosts", nargs="*", metavar="krita|gimp", help="for which editors (default: both)"
    )


def _hosts(arguments: argparse.Namespace) -> list[str]:
    unknown = sorted(set(arguments.hosts) - set(PACKAGES))
    if unknown:
        raise RequestError(f"There is no plugin for {unknown[0]!r}, only for krita and gimp.")
    return list(dict.fromkeys(arguments.hosts or ("krita", "gimp")))


def _install_host(host: str, link: bool) -> bool:
    """Install into each build of one editor; whether at least one worked."""
    found = editors.find(host, editors.this_machine())
    if not found:
        terminal.write_remark(
            f"flyaway: {_NAMES[host]} was not found. Install it and start it once, then run `flyaway "
            f"install {host}` again."
        )
    done = [_install_place(place, link) for place in found]
    return any(done)


def _install_place(place: Place, link: bool) -> bool:
    try:
        install.install(place, link=link)
    except install.InstallError as error:
        terminal.write_remark(f"flyaway: {error}")
        return False
    how = "linked into" if link else "installed in"
    switched = ", switched on" if place.kritarc else ""
    terminal.write_result(f"{place.title}: {how} {place.plugins}{switched}. {_WHERE[place.host]}.")
    if place.is_sandboxed:
        terminal.write_result(
            f"{place.title}: its sandbox cannot start the daemon; run `flyaway daemon start` first."
        )
    return True
