"""`flyaway doctor`: a page about this installation, made to be pasted into a bug report.

Every part of it is looked at on its own: what cannot be found out is said, and the page goes on.
"""

from __future__ import annotations

import argparse
import os
import platform
import sys
from collections.abc import Callable, Iterator
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING

import flyaway
from flyaway import config
from flyaway.cli import autostart, repairs, terminal
from flyaway.cli.connecting import connect
from flyaway.errors import DaemonError
from flyaway_client import connection, launch, protocol, wording
from flyaway_client.client import Client, new_request_id
from flyaway_client.errors import ClientError
from flyaway_client.messages import ExtractRequest, ImageHeader
from flyaway_client.wording import _
from flyaway_installer import editors, install
from flyaway_installer.assemble import PACKAGES, AssemblyError
from flyaway_installer.places import Place

if TYPE_CHECKING:
    from flyaway.cli import Commands

_LIBRARIES = ("torch", "numpy", "scipy", "opencv-python-headless", "pillow", "pyzmq")
_TEST_SIDE_PX = 64
_PLUGIN_STATES = {
    "missing": "not installed; run `flyaway install`",
    "same": "installed, the same as this Flyaway's",
    "different": "installed, but another version's; run `flyaway install`",
    "linked": "linked to a checkout",
    "broken": "linked to a checkout that is gone; run `flyaway install`",
}

_HOST_TITLES = {"gimp": "GIMP", "krita": "Krita"}

Lines = Iterator[tuple[str, str]]
"""What is told about, and what is found."""


def add_to(commands: Commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "doctor",
        help=_("check the installation and print a page for a bug report"),
        description=_(
            "Check the installation and print a page to paste into a bug report. It holds no "
            "password and no picture."
        ),
    )
    parser.add_argument("--fix", action="store_true", help=_("mend what can be mended, then check"))
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Print the page; exit status 1 if the test call failed. It is English: whoever mends it shall read it."""
    wording.speak(())
    if arguments.fix:
        _print("Mended", _mended())
    _print("Flyaway", _versions())
    _print("Files", _files())
    _print("Editors", _editors())
    _print("Faults", _faults())
    failures: list[str] = []
    _print("Daemon", _daemon(failures))
    return 1 if failures else 0


def _print(title: str, lines: Lines) -> None:
    terminal.write_result(f"{title}")
    for name, text in lines:
        terminal.write_result(f"  {name:<22} {_private(text)}")


def _mended() -> Lines:
    """Mend one fault after the other; what cannot be mended does not keep the others from it."""
    faults = repairs.faults()
    for fault in faults:
        try:
            yield fault.where, f"{fault.what} {fault.mend()}"
        except repairs.ERRORS as error:
            yield fault.where, f"{fault.what} It could not be mended: {error}"
    if not faults:
        yield "nothing", "there was nothing to mend"


def _faults() -> Lines:
    faults = repairs.faults()
    for fault in faults:
        yield fault.where, f"{fault.what} `flyaway doctor --fix` mends that."
    if not faults:
        yield "none", "nothing that `flyaway doctor --fix` could mend"


def _private(text: str) -> str:
    """`text` without the user's name where it is part of a path."""
    return text.replace(str(Path.home()), "~") if len(str(Path.home())) > 1 else text


def _versions() -> Lines:
    yield "flyaway", f"{flyaway.__version__}, protocol {_dotted(protocol.VERSION)}"
    yield "Python", f"{platform.python_version()} at {sys.executable}"
    yield "system", f"{platform.platform()}, {os.cpu_count()} processor threads"
    for name in _LIBRARIES:
        yield name, _version(name)


def _version(name: str) -> str:
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return "missing; install Flyaway again"


def _files() -> Lines:
    home = connection.home()
    yield "home", _described(home)
    yield "connection file", _connection_file(home)
    argv = launch.read_launch(home)
    yield "launch record", " ".join(argv) if argv else "none; run `flyaway install`"
    yield "autostart", _autostart()
    yield "log", _described(home / connection.LOG_NAME)
    settings = config.path()
    yield "settings", str(settings) if _is_there(settings) else f"{settings} (none, all defaults)"
    for problem in config.load().problems:
        yield "settings", problem


def _autostart() -> str:
    try:
        return autostart.state()
    except DaemonError as error:
        return str(error)


def _described(path: Path) -> str:
    if not _is_there(path):
        return f"{path} (not there yet)"
    return str(path) if os.access(path, os.W_OK) else f"{path} (cannot be written)"


def _is_there(path: Path) -> bool:
    """Whether there is something; no where the system does not say, which `Path.exists` raises."""
    return os.access(path, os.F_OK)


def _connection_file(home: Path) -> str:
    """Everything but the secrets."""
    path = home / connection.CONNECTION_NAME
    file = connection.ConnectionFile.read(home)
    if file is None:
        return "damaged or unreadable" if _is_there(path) else "none, no daemon has been running"
    mode = path.stat().st_mode & 0o777
    return f"{file.address}, process {file.pid}, protocol {_dotted(file.protocol)}, mode {mode:o}"


def _editors() -> Lines:
    machine = editors.this_machine()
    for host in sorted(PACKAGES):
        found = editors.find(host, machine)
        if not found:
            yield _HOST_TITLES[host], "not found"
        for place in found:
            yield place.title, f"{place.plugins}: {_plugin(place)}"


def _plugin(place: Place) -> str:
    if place.refusal:
        return place.refusal
    try:
        state = _PLUGIN_STATES[install.state(place)]
        is_on = install.is_switched_on(place)
    except (OSError, AssemblyError) as error:
        return f"cannot be looked at: {error}"
    return state if is_on or not install.is_installed(place) else f"{state}, but switched off"


def _daemon(failures: list[str]) -> Lines:
    """Connect, ask, and let it do a small piece of work; what fails is added to `failures`."""
    try:
        with connect() as client:
            yield "daemon", f"{client.hello.daemon}, process {client.hello.pid}"
            yield "limit", f"{client.hello.max_pixels / 1e6:.4g} megapixels"
            is_right, work = _test_call(client)
            yield "test call", work
            if not is_right:
                failures.append(work)
            yield "engines", ", ".join(info.name for info in client.engines())
    except (ClientError, DaemonError) as error:
        failures.append(str(error))
        yield "FAILED", str(error)


def _test_call(client: Client) -> tuple[bool, str]:
    """Cut a white square out of a black ground: whether that went right, and who did it."""
    side = _TEST_SIDE_PX
    square = _square(side, lambda near: 255 if near else 0)
    header = ImageHeader(side, side, "gray", "u8")
    request = ExtractRequest(
        id=new_request_id(),
        image=header,
        selection=header,
        selection_is="outline",
        edge_width_px=3,
    )
    extracted = client.extract(request, {"image": square, "selection": square})
    result = extracted.result
    is_right = extracted.alpha[side // 2 * side + side // 2] == 255 and extracted.alpha[0] == 0
    verdict = "right" if is_right else "WRONG"
    return is_right, f"{verdict}: {result.worker}, {result.seconds:.2f} s"


def _square(side: int, value: Callable[[bool], int]) -> bytes:
    """A side x side grey picture of a centred square of half that side."""
    inside = range(side // 4, side - side // 4)
    return bytes(
        value(row in inside and column in inside) for row in range(side) for column in range(side)
    )


def _dotted(version: tuple[int, ...]) -> str:
    return ".".join(map(str, version))
