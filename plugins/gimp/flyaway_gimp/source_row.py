"""The choice of what the selection is taken from, seen where there is something else than the selection."""

from __future__ import annotations

import options
import selections
from gi.repository import Gimp, Gtk

from flyaway_client import texts


class SourceRow:
    """A menu of the selection, and of the image's masks, channels and layers.

    Args:
        config: where the choice is kept.
        layer: what is to be cut out of.
    """

    def __init__(self, config: Gimp.ProcedureConfig, layer: Gimp.Layer) -> None:
        self._config, self._layer = config, layer
        self._entries: list[tuple[str, str]] = []
        self._row: Gtk.Widget | None = None
        self._is_filling = False
        if self._chosen not in dict(selections.candidates(layer)):
            # Last time's, such as a mask that an extraction has replaced since, or another layer's.
            config.set_property("selection-from", None)
        self.menu = Gtk.ComboBoxText(hexpand=True, tooltip_text=texts.SOURCE_ABOUT)
        config.connect("notify::selection-from", lambda *_: self._show_chosen())
        self.menu.connect("changed", lambda *_: self._pick())

    @property
    def _chosen(self) -> str:
        return options.load(self._config).selection_from

    def show_in(self, row: Gtk.Widget) -> None:
        """Be a part of that row, which is hidden where there is no choice."""
        self._row = row
        row.show_all()
        row.set_no_show_all(True)
        self.refresh()

    def refresh(self) -> None:
        """List what there is now; what was chosen stays so, even where it is gone."""
        if not self._layer.is_valid():
            return
        entries = selections.candidates(self._layer)
        if entries != self._entries:
            self._entries = entries
            self._is_filling = True
            self.menu.remove_all()
            for identity, label in entries:
                self.menu.append(identity, label)
            self._is_filling = False
        self._show_chosen()

    def _show_chosen(self) -> None:
        self._is_filling = True
        if not self.menu.set_active_id(self._chosen):
            self.menu.set_active_id(None)
        self._is_filling = False
        if self._row is not None:
            self._row.set_visible(len(self._entries) > 1 or self._chosen != "")

    def _pick(self) -> None:
        identity = self.menu.get_active_id()
        if not self._is_filling and identity is not None:
            drawable = Gimp.Item.get_by_id(int(identity)) if identity else None
            self._config.set_property("selection-from", drawable)
