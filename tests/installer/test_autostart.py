"""autostart: each system's own entry, quoted as that system reads it, switched on and off without a trace."""

from __future__ import annotations

import plistlib
import re
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path, PurePosixPath, PureWindowsPath
from xml.etree import ElementTree

import pytest

from flyaway_client import launch
from flyaway_installer import autostart
from flyaway_installer.autostart import AutostartError, Entry, entries, switch_off, switch_on
from flyaway_installer.places import Machine

AWKWARD = r'/opt/Ann "Ö" 100%s $HOME \x `id`/python'
RUN = ["-m", "flyaway", "daemon", "run", "--stay"]
START = ["-m", "flyaway", "daemon", "start", "--stay"]


def linux(home: Path, environ: dict[str, str] | None = None, python: str = AWKWARD) -> list[Entry]:
    machine = Machine("linux", home, environ or {}, PurePosixPath("/"), lambda folder: [])
    return list(entries(machine, python, home / "flyaway home", 1000))


class Commands:
    """The system's commands as a test has them answer; all that ran is in `ran`."""

    def __init__(self, **status: int) -> None:
        self.status = status
        self.ran: list[str] = []

    def __call__(self, command: Sequence[str]) -> int:
        self.ran.append(" ".join(command))
        return next((code for word, code in self.status.items() if word in command), 0)


def test_systemd_unit_starts_the_daemon_that_stays(tmp_path: Path) -> None:
    run = Commands()

    entry = switch_on(linux(tmp_path), run)

    assert entry.title == "systemd user unit"
    assert entry.path == tmp_path / ".config" / "systemd" / "user" / "flyaway.service"
    assert run.ran == [
        "systemctl --user show-environment",
        "systemctl --user daemon-reload",
        "systemctl --user enable --now flyaway.service",
    ]
    assert systemd_words(value_of(entry, "ExecStart")) == [AWKWARD, *RUN]
    assert value_of(entry, "SuccessExitStatus") == str(launch.LOST_THE_RACE)
    assert value_of(entry, "StandardOutput").endswith("/flyaway home/daemon.log")


def test_systemd_unit_keeps_flyaways_variables_and_no_others(tmp_path: Path) -> None:
    environ = {"FLYAWAY_HOME": '/ a "b"', "LD_LIBRARY_PATH": "/lib", "FLYAWAY_CONFIG": ""}
    entry = linux(tmp_path, environ)[0]

    words = systemd_words(value_of(entry, "ExecStart"))

    assert words == ['FLYAWAY_HOME=/ a "b"', AWKWARD, *RUN]


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not here")
def test_systemd_itself_has_nothing_against_the_unit(tmp_path: Path) -> None:
    unit = tmp_path / "flyaway.service"
    unit.write_bytes(linux(tmp_path, {"FLYAWAY_HOME": "/ 100%"})[0].content)

    # Without a session bus of the user it can check system units alone, which are written alike.
    checked = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", str(unit)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert "flyaway" not in checked.stderr


def test_without_systemd_the_desktop_starts_it(tmp_path: Path) -> None:
    run = Commands(systemctl=1)

    entry = switch_on(linux(tmp_path), run)

    assert entry.path == tmp_path / ".config" / "autostart" / "flyaway.desktop"
    assert desktop_words(value_of(entry, "Exec")) == [AWKWARD, *START]
    assert run.ran[-1] == " ".join([AWKWARD, *START])


def test_desktop_entry_sets_flyaways_variables(tmp_path: Path) -> None:
    entry = linux(tmp_path, {"FLYAWAY_HOME": "/a b"})[1]

    words = desktop_words(value_of(entry, "Exec"))

    assert words == ["env", "FLYAWAY_HOME=/a b", AWKWARD, *START]


def test_launch_agent_is_a_property_list_of_the_user() -> None:
    home = PurePosixPath("/Users/ann")
    machine = Machine("darwin", home, {"FLYAWAY_HOME": "/x"}, PurePosixPath("/"), lambda folder: [])

    (entry,) = entries(
        machine, "/py", home / "Library" / "Application Support" / "flyaway", uid=501
    )

    agent = plistlib.loads(entry.content)
    assert str(entry.path) == "/Users/ann/Library/LaunchAgents/flyaway.daemon.plist"
    assert agent["ProgramArguments"] == ["/py", *RUN]
    assert agent["EnvironmentVariables"] == {"FLYAWAY_HOME": "/x"}
    assert agent["RunAtLoad"] is True
    assert agent["Label"] == "flyaway.daemon"
    assert agent["StandardErrorPath"] == (
        "/Users/ann/Library/Application Support/flyaway/daemon.log"
    )
    assert entry.on == (("launchctl", "bootstrap", "gui/501", str(entry.path)),)
    assert entry.off == (("launchctl", "bootout", "gui/501/flyaway.daemon"),)


def test_logon_task_is_of_the_user_alone_and_opens_no_window() -> None:
    home = PureWindowsPath(r"C:\Users\Ann & Ö\AppData\Local\flyaway")
    environ = {"USERDOMAIN": "STUDIO", "USERNAME": "Ann & Ö"}
    machine = Machine("windows", home, environ, PureWindowsPath("C:\\"), lambda folder: [])

    (entry,) = entries(machine, r"C:\Program Files\fly & away\python.exe", home, uid=0)

    task = ElementTree.fromstring(entry.content)
    space = "{http://schemas.microsoft.com/windows/2004/02/mit/task}"
    values = {node.tag.removeprefix(space): node.text for node in task.iter()}
    assert values["Command"] == r"C:\Program Files\fly & away\pythonw.exe"
    assert values["Arguments"] == "-m flyaway daemon start --stay"
    assert values["UserId"] == "STUDIO\\Ann & Ö"
    assert values["RunLevel"] == "LeastPrivilege"
    assert values["ExecutionTimeLimit"] == "PT0S"
    assert entry.content.startswith(b"\xff\xfe")
    create, begin = entry.on
    assert create[-2:] == (str(home / "logon-task.xml"), "/F")
    assert begin == ("schtasks", "/Run", "/TN", "Flyaway")
    assert entry.off == (("schtasks", "/Delete", "/TN", "Flyaway", "/F"),)


def test_switching_on_again_takes_the_place_of_a_stale_entry(tmp_path: Path) -> None:
    switch_on(linux(tmp_path, python="/moved/python"), Commands())
    ways = linux(tmp_path)
    assert autostart.state(ways) == "stale"

    run = Commands()
    switch_on(ways, run)

    assert run.ran[0] == "systemctl --user disable --now flyaway.service"
    assert autostart.state(ways) == "on"


def test_switching_off_leaves_nothing(tmp_path: Path) -> None:
    ways = linux(tmp_path)
    switch_on(ways, Commands())

    assert switch_off(ways, Commands(systemctl=1)) == ["systemd user unit"]

    assert autostart.state(ways) == "off"
    assert not [path for path in tmp_path.rglob("*") if path.is_file()]
    assert switch_off(ways, Commands()) == []


def test_entry_that_the_system_refuses_is_taken_back(tmp_path: Path) -> None:
    ways = linux(tmp_path)

    with pytest.raises(AutostartError, match="`systemctl --user enable --now"):
        switch_on(ways, Commands(enable=1))

    assert autostart.state(ways) == "off"


def test_command_that_is_not_there_fails() -> None:
    assert autostart.run_quietly(["/no/such/program"]) == 127
    assert autostart.run_quietly([sys.executable, "-c", "import sys; sys.exit(3)"]) == 3


def value_of(entry: Entry, key: str) -> str:
    (value,) = re.findall(f"^{key}=(.*)$", entry.content.decode(), re.MULTILINE)
    assert isinstance(value, str)
    return value


def systemd_words(line: str) -> list[str]:
    """A command line as systemd reads it: quotes and backslashes, then specifiers and variables."""
    words = re.findall(r'"((?:[^"\\]|\\.)*)"', line)
    unquoted = [re.sub(r"\\(.)", r"\1", word) for word in words]
    return [word.replace("%%", "%").replace("$$", "$") for word in unquoted]


def desktop_words(line: str) -> list[str]:
    """A command line as desktops read it: the escapes of a value, then quotes, then field codes."""
    value = re.sub(r"\\\\", r"\\", line)
    words = re.findall(r'"((?:[^"\\]|\\.)*)"', value)
    return [re.sub(r"\\(.)", r"\1", word).replace("%%", "%") for word in words]
