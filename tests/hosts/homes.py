"""Home folders in which an editor has been before: its first start takes up to a minute, later ones few seconds.

Krita builds its databases of brushes and fonts then, GIMP asks all its plug-ins what they do.
"""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from tests.hosts.editor import Editor
from tests.hosts.roots import ROOTS, Installation

FIRST_START_S = 150
HOMES = ROOTS / "homes"


def used_home(kind: type[Editor], installation: Installation) -> Path:
    """A home to copy, without the plugin; made at first use, kept for this version of the editor."""
    home = HOMES / f"{installation.editor}-{installation.suite}-{installation.version}"
    if not home.is_dir():
        with tempfile.TemporaryDirectory(prefix="flyaway-") as folder:
            editor = kind(installation, Path(folder))
            try:
                editor.run("finish(None)", seconds=FIRST_START_S)
                _keep(editor.home, home)
            finally:
                editor.close()
    return home


def _keep(made: Path, home: Path) -> None:
    """Copy it to its place in one step: another test session may be at the same."""
    HOMES.mkdir(parents=True, exist_ok=True)
    part = Path(tempfile.mkdtemp(dir=HOMES))
    shutil.copytree(made, part / "home")
    if not home.is_dir():
        (part / "home").rename(home)
    shutil.rmtree(part)
