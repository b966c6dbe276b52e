"""Which release of Flyaway this copy is of, and what to say, once, where the daemon is of a newer one."""

from __future__ import annotations

import contextlib
from pathlib import Path

from . import connection
from .wording import _

RELEASE = "0.1.0"

TOLD_NAME = "told.txt"
"""The file in the home folder that says to which plugin it was said."""

_told: set[str] = set()
"""What this process has said: a sandbox may let nobody write into the home folder."""


def remark(client: str, daemon: str, folder: Path) -> tuple[str, ...]:
    """The sentence for an older plugin, once for each release of the daemon; none otherwise.

    Args:
        client: how the plugin introduces itself, such as "krita 5.2.9".
        daemon: the daemon's release.
        folder: the home folder.
    """
    if not _numbers(RELEASE) < _numbers(daemon):
        return ()
    case = f"{client.split(' ')[0]} {RELEASE} {daemon}"
    known = _told | _recorded(folder)
    if case in known:
        return ()
    _told.add(case)
    with contextlib.suppress(OSError):
        lines = "".join(f"{line}\n" for line in sorted(known | {case}))
        connection.write_private(folder / TOLD_NAME, lines.encode())
    return (
        _(
            "This plugin is of Flyaway {release}, which is older than the daemon, {daemon}. "
            "Restart this program; if you read this again then, run `flyaway install` in a "
            "terminal."
        ).format(release=RELEASE, daemon=daemon),
    )


def _recorded(folder: Path) -> set[str]:
    try:
        return set(connection.read_file(folder / TOLD_NAME).decode("utf-8", "replace").splitlines())
    except OSError:
        return set()


def _numbers(release: str) -> tuple[int, ...]:
    """`release` to compare by; () for one that is no row of numbers, which is older than all."""
    parts = release.split(".")
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else ()
