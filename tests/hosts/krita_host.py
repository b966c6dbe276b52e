"""Krita under test: its settings, where its plugins lie, how it is started."""

from __future__ import annotations

import shutil
from pathlib import Path

from tests.hosts.editor import DRIVERS, Editor

SETTINGS = """\
[python]
enable_krita_driver=true
"""

DISPLAY_SETTINGS = """\
[General]
OpenGLRenderer=none
"""
"""Krita's OpenGL canvas ends in an assertion of its own when scripts resize or close images this fast."""


class Krita(Editor):
    """A real Krita; its scripts are run by drivers/krita_driver.py."""

    @property
    def plugin_folder(self) -> Path:
        """Where Krita looks for Python plugins."""
        return self.home / ".local" / "share" / "krita" / "pykrita"

    def _settle(self) -> None:
        (self.home / ".config").mkdir(exist_ok=True)
        (self.home / ".config" / "kritarc").write_text(SETTINGS, "utf-8")
        (self.home / ".config" / "kritadisplayrc").write_text(DISPLAY_SETTINGS, "utf-8")
        driver = self.plugin_folder / "krita_driver"
        driver.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(
            DRIVERS / "krita_driver.desktop", self.plugin_folder / "krita_driver.desktop"
        )
        shutil.copyfile(DRIVERS / "krita_driver.py", driver / "__init__.py")
        shutil.copyfile(DRIVERS / "talk.py", driver / "talk.py")

    def _argv(self, document: Path | None, *, window: bool) -> list[str]:
        return ["krita", "--nosplash", *([str(document)] if document else [])]
