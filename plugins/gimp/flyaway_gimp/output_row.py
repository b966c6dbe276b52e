"""Where the result goes: a menu that says what would be lost."""

from __future__ import annotations

from collections.abc import Sequence

import options
from gi.repository import Gimp, Gtk

from flyaway_client.menu_entries import MenuEntry
from flyaway_client.options import LAYER_MASK
from flyaway_client.wording import _


class OutputRow:
    """A menu of the outputs.

    Args:
        config: where the choice is kept.
        layer: what is to be cut out of.
        entries: the outputs.
    """

    def __init__(
        self,
        config: Gimp.ProcedureConfig,
        layer: Gimp.Layer,
        entries: Sequence[MenuEntry] = options.OUTPUT_ENTRIES,
    ) -> None:
        self._config, self._entries = config, entries
        self.menu = Gtk.ComboBoxText(hexpand=True)
        for entry in entries:
            is_replacing = entry.name == LAYER_MASK and layer.get_mask() is not None
            remark = _(" (replaces the present one)") if is_replacing else ""
            self.menu.append(entry.name, entry.label + remark)
        self._show()
        config.connect("notify::output", lambda *_: self._show())
        self.menu.connect("changed", lambda *_: self._pick())

    def _show(self) -> None:
        name = self._config.get_property("output")
        self.menu.set_active_id(name)
        about = {entry.name: entry.about for entry in self._entries}
        self.menu.set_tooltip_text(about[name])

    def _pick(self) -> None:
        if (name := self.menu.get_active_id()) is not None:
            self._config.set_property("output", name)
