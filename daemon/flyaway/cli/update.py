"""`flyaway update`: a newer Flyaway in the place of this one, and its plugins in the editors."""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from flyaway.cli import autostart, running, terminal
from flyaway.errors import DaemonError, RequestError
from flyaway_client import connection
from flyaway_client.wording import _
from flyaway_installer import editors, install
from flyaway_installer.assemble import PACKAGES, is_checkout

if TYPE_CHECKING:
    from flyaway.cli import Commands

APP_NAME = "app"
"""The folder in the home folder that the installer, installer/flyaway.sh or flyaway.ps1, keeps all it brought in."""

_SCRIPT = "flyaway.ps1" if sys.platform == "win32" else "flyaway.sh"
_NEW_CONSOLE = 0x00000010  # from the Windows headers; the subprocess module only has it there


def add_to(commands: Commands) -> None:
    """Describe the command."""
    parser = commands.add_parser(
        "update",
        help=_("bring the newest Flyaway and its plugins"),
        description=_("Bring the newest Flyaway, and its plugins into the editors that have them."),
    )
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Update in the way in which this Flyaway was installed."""
    prefix = Path(sys.prefix).resolve()
    app = prefix.parents[1]  # the installer puts Flyaway into tools/flyaway
    if (app / _SCRIPT).is_file() or app == (connection.home() / APP_NAME).resolve():
        return _run_installer(app)
    if (prefix / "uv-receipt.toml").is_file():
        return _upgrade_tool()
    if is_checkout():
        raise RequestError(
            _(
                "This Flyaway runs from its source code. Bring that up to date (`git pull`), then run "
                "`flyaway install`."
            )
        )
    raise RequestError(
        _(
            "This Flyaway was installed by hand, into {prefix}. Update it there as it was "
            "installed, such as by `pip install --upgrade`, then run `flyaway install`."
        ).format(prefix=prefix)
    )


def _run_installer(app: Path) -> int:
    """Let the installer do it, which knows where it had this Flyaway from; it takes the place of this process."""
    script = app / _SCRIPT
    if not script.is_file():
        raise DaemonError(
            _(
                "{script}, which installed this Flyaway, is gone. Install Flyaway anew by the line in "
                "its README."
            ).format(script=script)
        )
    if app != (connection.home() / APP_NAME).resolve():
        os.environ[connection.HOME_VARIABLE] = str(app.parent)  # as it was when this was installed
    terminal.flush()
    if sys.platform == "win32":
        _start_in_a_window(script)
        terminal.write_result(_("The update goes on in a window of its own."))
        return 0
    os.execv("/bin/sh", ["sh", str(script)])


def _start_in_a_window(script: Path) -> None:
    """Run the installer once this process has ended: Windows exchanges no program that runs."""
    shell = ("powershell", "-NoProfile", "-ExecutionPolicy", "Bypass", "-File", str(script))
    subprocess.Popen([*shell, "-After", str(os.getpid())], creationflags=_NEW_CONSOLE)


def _upgrade_tool() -> int:
    """Upgrade what the user has installed as a tool of uv; its new code does the rest."""
    machine = editors.this_machine()
    hosts = [
        host for host in PACKAGES if any(map(install.is_installed, editors.find(host, machine)))
    ]
    uv = shutil.which("uv")
    flyaway = (sys.executable, "-m", "flyaway")
    steps: list[Sequence[str]] = [(uv or "uv", "tool", "upgrade", "flyaway")]
    steps += [(*flyaway, "install", *hosts)] if hosts else []
    steps += [(*flyaway, "daemon", "autostart", "on")] if autostart.state() != "off" else []
    if uv is None or sys.platform == "win32":  # Windows exchanges no program that runs
        lines = "\n".join(f"    {subprocess.list2cmdline(step)}" for step in steps)
        raise RequestError(
            _("uv installed this Flyaway. To update it, run\n{lines}").format(lines=lines)
        )
    terminal.write_result(running.end())
    terminal.flush()
    for step in steps:
        if subprocess.run(step, check=False).returncode != 0:
            raise DaemonError(
                _("`{command}` failed (above). Mend that, then run `flyaway update` again.").format(
                    command=subprocess.list2cmdline(step)
                )
            )
    return 0
