"""Where the result goes: a menu of the outputs."""

from __future__ import annotations

from . import options
from .flyaway_client import texts
from .menu import Menu


class OutputRow(Menu):
    """A menu of the outputs."""

    def __init__(self) -> None:
        super().__init__()
        self.setToolTip(texts.OUTPUT_ABOUT)
        for entry in options.OUTPUT_ENTRIES:
            self.add(entry.name, entry.label, entry.about)

    @property
    def chosen(self) -> str:
        """One of flyaway_client.options."""
        return str(self.currentData())

    def choose(self, name: str) -> None:
        """Show that output as the chosen one."""
        self.setCurrentIndex(self.findData(name))
