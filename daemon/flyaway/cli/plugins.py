"""`flyaway install`, `uninstall` and `zip`: bring the plugins into the editors and out again."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

import flyaway
from flyaway.cli import autostart, terminal
from flyaway.cli.connecting import forget_launch, record_launch
from flyaway.errors import RequestError
from flyaway_client.wording import _
from flyaway_installer import editors, install
from flyaway_installer.archive import make_zip
from flyaway_installer.assemble import PACKAGES
from flyaway_installer.places import Place

if TYPE_CHECKING:
    from flyaway.cli import Commands

_NAMES = {"krita": "Krita", "gimp": "GIMP 3"}
_WHERE = {
    "krita": _("Restart Krita, then look under Tools > Scripts and Settings > Dockers"),
    "gimp": _("Restart GIMP, then look under Layer > Mask"),
}


def add_to(commands: Commands) -> None:
    """Describe the commands."""
    parser = commands.add_parser(
        "install",
        help=_("install the plugins for Krita and GIMP"),
        description=_(
            "Find the editors' plug-in folders, of Flatpaks and Snaps too, and install there."
        ),
    )
    _add_hosts(parser)
    parser.add_argument(
        "--link",
        action="store_true",
        help=_("for developers: link to this checkout's files in place of copying them"),
    )
    parser.add_argument(
        "--autostart",
        action="store_true",
        help=_("have the daemon started at login, without asking"),
    )
    parser.set_defaults(run=run_install)
    parser = commands.add_parser(
        "uninstall",
        help=_("remove the plugins"),
        description=_("Remove the plugins from the editors' folders."),
    )
    _add_hosts(parser)
    parser.set_defaults(run=run_uninstall)
    parser = commands.add_parser(
        "zip",
        help=_("make a zip of a plugin, for Krita's own importer"),
        description=_(
            "Make the zip that Krita's Tools > Scripts > Import Python Plugin from File takes."
        ),
    )
    parser.add_argument("host", choices=sorted(PACKAGES), nargs="?", default="krita")
    parser.add_argument("-o", "--output", type=Path, metavar="FILE", help=_("where to write it"))
    parser.set_defaults(run=run_zip)


def run_install(arguments: argparse.Namespace) -> int:
    """Install into every build of the editors that is here; fails if one that was named is not here, or none is."""
    results = [_install_host(host, arguments.link) for host in _hosts(arguments)]
    done = [place for installed in results for place in installed]
    if done:
        terminal.write_result(
            _("How plugins start the daemon is recorded in {file}.").format(file=record_launch())
        )
        _offer_autostart(done, arguments.autostart)
    return 0 if (all(results) if arguments.hosts else done) else 1


def run_uninstall(arguments: argparse.Namespace) -> int:
    """Remove the plugins wherever they are."""
    machine = editors.this_machine()
    is_fine = True
    for host in _hosts(arguments):
        removed = False
        for place in editors.find(host, machine):
            try:
                if install.uninstall(place):
                    terminal.write_result(
                        _("{title}: removed from {folder}.").format(
                            title=place.title, folder=place.plugins
                        )
                    )
                    removed = True
            except install.InstallError as error:
                terminal.write_remark(f"flyaway: {error}")
                is_fine = False
        if not removed and is_fine:
            terminal.write_result(
                _("{editor}: the plugin is not installed.").format(editor=_NAMES[host])
            )
    places = [place for host in PACKAGES for place in editors.find(host, machine)]
    if not any(map(install.is_installed, places)):
        forget_launch()
        off = autostart.switch_off()
        if off:
            terminal.write_result(off)
    return 0 if is_fine else 1


def run_zip(arguments: argparse.Namespace) -> int:
    """Write the zip and say where it is."""
    name = f"{PACKAGES[arguments.host]}-{flyaway.__version__}.zip"
    target = arguments.output or Path(name)
    target = target / name if target.is_dir() else target
    try:
        make_zip(arguments.host, target)
    except OSError as error:
        raise RequestError(
            _("{target} cannot be written: {why}.").format(
                target=target, why=error.strerror or error
            )
        ) from error
    terminal.write_result(str(target))
    if arguments.host == "krita":
        terminal.write_remark(
            _(
                "In Krita: Tools > Scripts > Import Python Plugin from File. So that Krita can start "
                "the daemon, run `flyaway daemon start` once."
            )
        )
    return 0


def _add_hosts(parser: argparse.ArgumentParser) -> None:
    parser.add_argument(
        "hosts", nargs="*", metavar="krita|gimp", help=_("for which editors (default: both)")
    )


def _hosts(arguments: argparse.Namespace) -> list[str]:
    unknown = sorted(set(arguments.hosts) - set(PACKAGES))
    if unknown:
        raise RequestError(
            _("There is no plugin for {name!r}, only for krita and gimp.").format(name=unknown[0])
        )
    return list(dict.fromkeys(arguments.hosts or ("krita", "gimp")))


def _offer_autostart(places: list[Place], is_wanted: bool) -> None:
    """Where an editor cannot start the daemon, have that done at login, if the user likes."""
    sandboxed = [place.title for place in places if editors.is_sandboxed(place)]
    before = autostart.state()
    if before == "stale":
        terminal.write_result(autostart.switch_on())
    is_due = before == "off" and (sandboxed or is_wanted)
    if is_due and sandboxed:
        terminal.write_result(
            _("{names}: as a Flatpak or Snap, it cannot start Flyaway's daemon by itself.").format(
                names=", ".join(sandboxed)
            )
        )
    if is_due and (is_wanted or terminal.confirm(_("Start it whenever you log in?"))):
        terminal.write_result(autostart.switch_on())
    elif is_due:
        terminal.write_result(
            _(
                "To start it whenever you log in, run `flyaway daemon autostart on`; for now, `flyaway "
                "daemon start`."
            )
        )


def _install_host(host: str, link: bool) -> list[Place]:
    """Install into each build of one editor; those where it worked."""
    found = editors.find(host, editors.this_machine())
    if not found:
        terminal.write_remark(
            _(
                "flyaway: {editor} was not found. Install it and start it once, then run `flyaway "
                "install {host}` again."
            ).format(editor=_NAMES[host], host=host)
        )
    return [place for place in found if _install_place(place, link)]


def _install_place(place: Place, link: bool) -> bool:
    try:
        install.install(place, link=link)
    except install.InstallError as error:
        terminal.write_remark(f"flyaway: {error}")
        return False
    how = _("linked into") if link else _("installed in")
    switched = _(", switched on") if place.kritarc else ""
    terminal.write_result(f"{place.title}: {how} {place.plugins}{switched}. {_WHERE[place.host]}.")
    return True
