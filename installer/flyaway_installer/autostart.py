"""How each system starts the daemon when its user logs in: what is written where, and the commands for it.

The rules take the system, the folders and the environment as arguments, as those of places.py do; commands go
through a function that is handed in.
"""

from __future__ import annotations

import plistlib
import re
import subprocess
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePath, PureWindowsPath
from typing import Literal
from xml.sax.saxutils import escape

from flyaway_client.wording import _

from .places import Machine

NAME = "flyaway"
LABEL = "flyaway.daemon"
"""How launchd calls it."""

LOST_THE_RACE = 75
"""Exit status of a daemon that found another one running."""

_KEPT = ("FLYAWAY_HOME", "FLYAWAY_CONFIG", "FLYAWAY_WEIGHTS")
"""Variables that the daemon shall find as they are now; Windows keeps the user's own at every login."""

Run = Callable[[Sequence[str]], int]
"""Runs a command and returns its exit status."""

State = Literal["off", "on", "stale"]
"""Whether it starts at login; "stale": yes, but another Flyaway or in another way than this one would."""


class AutostartError(Exception):
    """The system does not take the entry; the text says what to do."""


@dataclass(frozen=True, slots=True)
class Entry:
    """One way in which a system starts the daemon at login.

    Attributes:
        title: what it is, for people.
        path: the file that says it.
        content: what stands in that file.
        on: commands that make it hold, now and from now on.
        off: commands that undo that.
        probe: a command that fails where this way is not to be had; () if it always is.
    """

    title: str
    path: PurePath
    content: bytes
    on: tuple[tuple[str, ...], ...]
    off: tuple[tuple[str, ...], ...]
    probe: tuple[str, ...] = ()


def entries(machine: Machine, python: str, home: PurePath, uid: int) -> tuple[Entry, ...]:
    """The ways of this system, the best first.

    Args:
        machine: which system, and whose.
        python: the Python that Flyaway is installed in.
        home: the daemon's folder.
        uid: the user's number, for macOS.
    """
    command = (python, "-m", "flyaway", "daemon")
    kept = {name: machine.environ[name] for name in _KEPT if machine.environ.get(name)}
    log = str(home / "daemon.log")
    if machine.system == "windows":
        return (_logon_task(machine, command, home),)
    if machine.system == "darwin":
        return (_launch_agent(machine, command, kept, log, uid),)
    return (_systemd_unit(machine, command, kept, log), _xdg_entry(machine, command, kept))


def switch_on(ways: Iterable[Entry], run: Run) -> Entry:
    """Have the daemon started now and at every login, by the best way that is to be had here.

    Raises:
        AutostartError: a command failed.
        OSError: the file cannot be written.
    """
    ways = tuple(ways)
    switch_off(ways, run)
    entry = next(way for way in ways if not way.probe or run(way.probe) == 0)
    path = Path(entry.path)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(entry.content)
    for command in entry.on:
        if run(command) != 0:
            switch_off(ways, run)
            raise AutostartError(
                _(
                    "The daemon cannot be started at login: `{command}` failed. Run `flyaway daemon start` "
                    "by hand after each login."
                ).format(command=" ".join(command))
            )
    return entry


def switch_off(ways: Iterable[Entry], run: Run) -> list[str]:
    """Undo it; returns the titles of the ways that were on.

    Raises:
        OSError: a file cannot be deleted.
    """
    there = [way for way in ways if Path(way.path).exists()]
    for way in there:
        for command in way.off:
            run(command)  # fails where the system has forgotten it already
        Path(way.path).unlink()
    return [way.title for way in there]


def state(ways: Iterable[Entry]) -> State:
    """Whether the daemon is started at login."""
    there = [way for way in ways if Path(way.path).is_file()]
    if not there:
        return "off"
    return "on" if all(Path(way.path).read_bytes() == way.content for way in there) else "stale"


def run_quietly(command: Sequence[str]) -> int:
    """Run a command, its output thrown away; 127 where there is no such program."""
    try:
        return subprocess.run(
            command, stdin=subprocess.DEVNULL, capture_output=True, check=False
        ).returncode
    except OSError:
        return 127


def _systemd_unit(
    machine: Machine, command: tuple[str, ...], kept: Mapping[str, str], log: str
) -> Entry:
    settings = (f"{name}={value}" for name, value in kept.items())
    words = " ".join(map(_systemd_word, (*settings, *command, "run", "--stay")))
    content = (
        "[Unit]\n"
        "Description=Flyaway, which cuts subjects out of photos for Krita and GIMP\n"
        "\n"
        "[Service]\n"
        f"ExecStart=/usr/bin/env {words}\n"  # as the program itself, some names are refused
        f"StandardOutput=append:{log.replace('%', '%%')}\n"
        "StandardError=inherit\n"
        "Restart=on-failure\n"
        "RestartSec=10\n"
        f"SuccessExitStatus={LOST_THE_RACE}\n"
        "\n"
        "[Install]\n"
        "WantedBy=default.target\n"
    )
    unit = f"{NAME}.service"
    systemctl = ("systemctl", "--user")
    return Entry(
        title=_("systemd user unit"),
        path=machine.config / "systemd" / "user" / unit,
        content=content.encode(),
        on=((*systemctl, "daemon-reload"), (*systemctl, "enable", "--now", unit)),
        off=((*systemctl, "disable", "--now", unit),),
        probe=(*systemctl, "show-environment"),
    )


def _systemd_word(word: str) -> str:
    """One argument as systemd.service(5) quotes it."""
    escaped = word.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped.replace("%", "%%").replace("$", "$$")}"'


def _xdg_entry(machine: Machine, command: tuple[str, ...], kept: Mapping[str, str]) -> Entry:
    settings = ("env", *(f"{name}={value}" for name, value in kept.items())) if kept else ()
    start = (*command, "start", "--stay")
    words = " ".join(map(_desktop_word, (*settings, *start)))
    content = (
        "[Desktop Entry]\n"
        "Type=Application\n"
        "Name=Flyaway\n"
        "Comment=Cuts subjects out of photos for Krita and GIMP\n"
        f"Exec={words}\n"
        "NoDisplay=true\n"
    )
    return Entry(
        title=_("autostart entry"),
        path=machine.config / "autostart" / f"{NAME}.desktop",
        content=content.encode(),
        on=(start,),
        off=(),
    )


def _desktop_word(word: str) -> str:
    """One argument as the desktop entry specification quotes it: for Exec, then for a string's value."""
    quoted = re.sub(r'(["`$\\])', r"\\\1", word)
    return '"' + quoted.replace("\\", "\\\\").replace("%", "%%") + '"'


def _launch_agent(
    machine: Machine, command: tuple[str, ...], kept: Mapping[str, str], log: str, uid: int
) -> Entry:
    content = {
        "Label": LABEL,
        "ProgramArguments": [*command, "run", "--stay"],
        "EnvironmentVariables": dict(kept),
        "RunAtLoad": True,
        "ProcessType": "Interactive",  # an editor waits for it; others are slowed down
        "StandardOutPath": log,
        "StandardErrorPath": log,
    }
    path = machine.home / "Library" / "LaunchAgents" / f"{LABEL}.plist"
    domain = f"gui/{uid}"
    return Entry(
        title="LaunchAgent",
        path=path,
        content=plistlib.dumps(content),
        on=(("launchctl", "bootstrap", domain, str(path)),),
        off=(("launchctl", "bootout", f"{domain}/{LABEL}"),),
    )


def _logon_task(machine: Machine, command: tuple[str, ...], home: PurePath) -> Entry:
    """A task of the user alone, which needs no administrator; PT0S: without a limit of time."""
    program, arguments = PureWindowsPath(command[0]), (*command[1:], "start", "--stay")
    if program.name.lower() == "python.exe":
        program = program.with_name("pythonw.exe")  # opens no window
    user = "\\".join(filter(None, map(machine.environ.get, ("USERDOMAIN", "USERNAME"))))
    content = f"""<?xml version="1.0" encoding="UTF-16"?>
<Task version="1.2" xmlns="http://schemas.microsoft.com/windows/2004/02/mit/task">
  <Triggers><LogonTrigger><UserId>{escape(user)}</UserId></LogonTrigger></Triggers>
  <Principals><Principal id="user">
    <UserId>{escape(user)}</UserId>
    <LogonType>InteractiveToken</LogonType>
    <RunLevel>LeastPrivilege</RunLevel>
  </Principal></Principals>
  <Settings>
    <DisallowStartIfOnBatteries>false</DisallowStartIfOnBatteries>
    <StopIfGoingOnBatteries>false</StopIfGoingOnBatteries>
    <ExecutionTimeLimit>PT0S</ExecutionTimeLimit>
  </Settings>
  <Actions Context="user"><Exec>
    <Command>{escape(str(program))}</Command>
    <Arguments>{escape(subprocess.list2cmdline(arguments))}</Arguments>
  </Exec></Actions>
</Task>
"""
    path = home / "logon-task.xml"
    task = ("/TN", "Flyaway")
    return Entry(
        title=_("logon task"),
        path=path,
        content=content.replace("\n", "\r\n").encode("utf-16"),
        on=(("schtasks", "/Create", *task, "/XML", str(path), "/F"), ("schtasks", "/Run", *task)),
        off=(("schtasks", "/Delete", *task, "/F"),),
    )
