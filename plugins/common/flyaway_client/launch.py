"""Start the daemon from inside another program, so that it outlives that program and owes it nothing.

How it is started stands in `launch.json`, which `flyaway install` and the command line write.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from . import connection
from .wording import _

LOST_THE_RACE = 75
"""Exit status of a daemon that found another one running (EX_TEMPFAIL of sysexits.h)."""

_LOG_BYTES = 1024 * 1024
"""A log longer than this is put aside at the next start, in place of the one before."""

_HOST_PREFIXES = (
    "APPIMAGE",
    "APPRUN",
    "BABL_",
    "DYLD_",
    "GDK_",
    "GEGL_",
    "GI_",
    "GIMP",
    "GIO_",
    "GSETTINGS_",
    "GST_",
    "GTK_",
    "LD_",
    "PYTHON",
    "QML",
    "QT_",
)
"""Variables by which a host finds its own libraries; with them the daemon would load those."""

_HOST_NAMES = ("APPDIR", "ARGV0", "OWD", "__PYVENV_LAUNCHER__")
_ORIGINALS = ("APPIMAGE_ORIGINAL_", "APPRUN_ORIGINAL_")
"""Where AppImages keep what a variable was before they changed it."""

# From the Windows headers; the subprocess module only has them there.
_CREATE_NEW_PROCESS_GROUP = 0x00000200
_CREATE_BREAKAWAY_FROM_JOB = 0x01000000
_CREATE_NO_WINDOW = 0x08000000

_started: list[subprocess.Popen[bytes]] = []
"""Kept until they end, so that a daemon that ends before its editor leaves no zombie."""


def read_launch(folder: Path) -> tuple[str, ...] | None:
    """The recorded command line; None where there is none that makes sense."""
    try:
        content = json.loads(connection.read_file(folder / connection.LAUNCH_NAME))
        argv = content["argv"]
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None
    if not isinstance(argv, list) or not argv:
        return None
    if not all(map(_is_word, argv)):
        return None
    return tuple(argv)


def write_launch(folder: Path, argv: Sequence[str]) -> None:
    """Record how to start the daemon.

    Raises:
        OSError: the folder cannot be made or written.
    """
    connection.make_folder(folder)
    content = json.dumps({"argv": list(argv)}, indent=2).encode()
    connection.write_private(folder / connection.LAUNCH_NAME, content)


def start(argv: Sequence[str], folder: Path) -> subprocess.Popen[bytes]:
    """Start the daemon detached from this process, its output in the log in `folder`.

    Raises:
        OSError: the program or the folder is not there or may not be used.
    """
    _started[:] = [process for process in _started if process.poll() is None]
    connection.make_folder(folder)
    environment = clean_environment(os.environ)
    environment[connection.HOME_VARIABLE] = str(folder)
    path = folder / connection.LOG_NAME
    if path.exists() and path.stat().st_size > _LOG_BYTES:
        with contextlib.suppress(OSError):  # Windows keeps it while an ending daemon has it open
            path.replace(path.with_suffix(".log.1"))
    # A pipe in its place is refused rather than waited for.
    flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND | getattr(os, "O_NONBLOCK", 0)
    log = os.open(path, flags, 0o600)
    try:
        process = _spawn(argv, cwd=folder, env=environment, stdout=log)
    finally:
        os.close(log)
    _started.append(process)
    return process


def clean_environment(environ: Mapping[str, str]) -> dict[str, str]:
    """`environ` as it was before a host made itself at home in it.

    Variables that steer loaders, Python, Qt and GTK are dropped, those an AppImage changed are
    restored, and search paths lose what lies inside the AppImage.
    """
    clean = {name: value for name, value in environ.items() if not _is_hosts(name)}
    for name, value in environ.items():
        for prefix in _ORIGINALS:
            if name.startswith(prefix):
                clean[name[len(prefix) :]] = value
    mount = environ.get("APPDIR")
    if mount:
        clean = {name: _outside(value, mount) for name, value in clean.items()}
    return {name: value for name, value in clean.items() if value}


def sandbox_advice(root: Path = Path("/")) -> str | None:
    """What to do where this program may not start others; None where it may.

    A Snap is known by its confinement: its variables also reach programs started from its terminal.
    """
    if (root / ".flatpak-info").exists():
        return _(
            "Flyaway's daemon is not running, and a Flatpak may not start it. Run `flyaway daemon "
            "start` in a terminal, then try again."
        )
    if _is_confined_snap(root / "proc" / "self" / "attr" / "current"):
        return _(
            "Flyaway's daemon is not running, or this Snap may not see it. Set {variable} to "
            "a folder of your home whose name has no leading dot, run `flyaway daemon start` in a "
            "terminal, then try again."
        ).format(variable=connection.HOME_VARIABLE)
    return None


def _is_confined_snap(label_file: Path) -> bool:
    """Whether AppArmor's label of this process is a Snap's, and enforced; classic Snaps are free."""
    try:
        label = label_file.read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return label.startswith("snap.") and "(enforce)" in label


def _spawn(argv: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    """Popen, detached; a Windows job that lets nobody go keeps the daemon for as long as it lives."""
    attempts = detachment(sys.platform)
    for attempt in attempts[:-1]:
        try:
            return _popen(argv, **options, **attempt)
        except PermissionError:
            continue
    return _popen(argv, **options, **attempts[-1])


def _popen(argv: Sequence[str], **options: Any) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        list(argv), stdin=subprocess.DEVNULL, stderr=subprocess.STDOUT, **options
    )


def detachment(platform: str) -> tuple[dict[str, Any], ...]:
    """Popen's options that part a child from this process, to be tried in this order."""
    if platform != "win32":
        return ({"start_new_session": True},)
    quiet = _CREATE_NO_WINDOW | _CREATE_NEW_PROCESS_GROUP
    return ({"creationflags": quiet | _CREATE_BREAKAWAY_FROM_JOB}, {"creationflags": quiet})


def _is_word(word: object) -> bool:
    """Whether the system can take it as part of a command line."""
    if not isinstance(word, str) or "\0" in word:
        return False
    try:
        os.fsencode(word)
    except UnicodeEncodeError:  # half a surrogate pair
        return False
    return True


def _is_hosts(name: str) -> bool:
    return name.startswith(_HOST_PREFIXES) or name in _HOST_NAMES


def _outside(value: str, mount: str) -> str:
    """A search path without its entries below `mount`; other values as they are."""
    if mount not in value:
        return value
    entries = value.split(os.pathsep)
    return os.pathsep.join(entry for entry in entries if not entry.startswith(mount))
