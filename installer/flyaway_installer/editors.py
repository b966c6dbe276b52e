"""Looks around on this machine for the editors that places.py has rules for."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Callable
from pathlib import Path, PurePath

from .places import Machine, Place, places

_SYSTEMS = {"win32": "windows", "darwin": "darwin"}


def this_machine() -> Machine:
    """The machine and the user this runs on and for."""
    home = Path.home()
    return Machine(
        system=_SYSTEMS.get(sys.platform, "linux"),
        home=home,
        environ=os.environ,
        root=Path(home.anchor),
        names_in=_names_in,
    )


def find(
    host: str, machine: Machine, which: Callable[[str], str | None] = shutil.which
) -> list[Place]:
    """The builds of `host` that this machine shows signs of."""
    return [place for place in places(host, machine) if _is_there(place, which)]


def is_sandboxed(place: Place) -> bool:
    """Whether an editor that loads plugins from there cannot start the daemon."""
    return place.is_sandboxed or any(Path(sign).exists() for sign in place.sandboxes)


def _is_there(place: Place, which: Callable[[str], str | None]) -> bool:
    return any(Path(sign).exists() for sign in place.signs) or any(map(which, place.programs))


def _names_in(folder: PurePath) -> list[str]:
    try:
        return sorted(path.name for path in Path(folder).iterdir())
    except OSError:
        return []
