"""`flyaway daemon autostart`: whether the daemon is started at login, which editors in a sandbox need."""

from __future__ import annotations

import argparse
import os
import sys
from typing import TYPE_CHECKING

from flyaway.cli import running, terminal
from flyaway.errors import DaemonError
from flyaway_client import connection
from flyaway_client.wording import _
from flyaway_installer import autostart, editors
from flyaway_installer.autostart import AutostartError, Entry, State

if TYPE_CHECKING:
    from flyaway.cli import Commands

run_command = autostart.run_quietly
"""Runs the system's own commands."""


def add_to(verbs: Commands) -> None:
    """Describe the command."""
    text = _("start it at login, or not; say whether it is")
    parser = verbs.add_parser("autostart", help=text, description=f"{text.capitalize()}.")
    parser.add_argument("state", choices=("on", "off", "status"))
    parser.set_defaults(run=run)


def run(arguments: argparse.Namespace) -> int:
    """Do what was asked; "status" exits with 1 where the daemon is not started at login."""
    if arguments.state == "on":
        terminal.write_result(switch_on())
        return 0
    if arguments.state == "off":
        off = switch_off()
        terminal.write_result(off or _("The daemon is not started at login."))
        return 0
    found = state()
    terminal.write_result(
        {
            "on": _("The daemon is started at login."),
            "off": _("The daemon is not started at login."),
            "stale": _(
                "Another Flyaway's daemon is started at login. Run `flyaway daemon autostart on` to "
                "have this one's started."
            ),
        }[found]
    )
    return 0 if found == "on" else 1


def switch_on() -> str:
    """Have the daemon started now and at every login, and say how.

    It takes the place of one that runs, which would end once it is unused for long.

    Raises:
        DaemonError: that cannot be.
    """
    running.end()
    try:
        connection.make_folder(connection.home())  # the log goes there
        entry = autostart.switch_on(_ways(), run_command)
    except AutostartError as error:
        raise DaemonError(str(error)) from error
    except OSError as error:
        raise _unwritable(error) from error
    return _("The daemon is started at login ({title}: {path}).").format(
        title=entry.title, path=entry.path
    )


def switch_off() -> str:
    """Have it started at login no more, and say so; "" where it was not.

    Raises:
        DaemonError: that cannot be.
    """
    try:
        off = autostart.switch_off(_ways(), run_command)
    except OSError as error:
        raise _unwritable(error) from error
    return (
        _("The daemon is started at login no more ({names} removed).").format(names=", ".join(off))
        if off
        else ""
    )


def state() -> State:
    """Whether it is started at login.

    Raises:
        DaemonError: that cannot be read.
    """
    try:
        return autostart.state(_ways())
    except OSError as error:
        raise _unwritable(error) from error


def _ways() -> tuple[Entry, ...]:
    uid = os.getuid() if sys.platform != "win32" else 0
    return autostart.entries(editors.this_machine(), sys.executable, connection.home(), uid)


def _unwritable(error: OSError) -> DaemonError:
    return DaemonError(
        _("{path} cannot be used: {why}. Mend that, then try again.").format(
            path=error.filename or _("The entry"), why=error.strerror or error
        )
    )
