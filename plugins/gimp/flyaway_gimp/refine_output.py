"""Where the retouched mask goes, and how far a new layer's colours are cleaned."""

from __future__ import annotations

import refine_options
from gi.repository import Gimp, Gtk
from sliders import Slider

from flyaway_client import texts
from flyaway_client.options import CUTOUT, LAYER_MASK, NEW_LAYER
from flyaway_client.wording import _


class RefineOutput:
    """Two rows of a grid.

    Args:
        config: where the choice is kept.
    """

    def __init__(self, config: Gimp.ProcedureConfig) -> None:
        self._config = config
        self._menu = Gtk.ComboBoxText(hexpand=True, focus_on_click=False)
        for entry in refine_options.OUTPUT_ENTRIES:
            self._menu.append(entry.name, entry.label)
        self._amount = Slider(
            texts.AMOUNT.replace("Decon", "Decon_"),
            texts.AMOUNT_ABOUT,
            0,
            100,
            config.get_property("amount"),
            lambda: config.set_property("amount", round(self._amount.value)),
        )
        self._label = Gtk.Label(label=_("Out_put to"), use_underline=True, xalign=0)
        self._label.set_mnemonic_widget(self._menu)
        self._menu.connect("changed", lambda *_: self._pick())
        self._menu.set_active_id(config.get_property("output"))

    def attach_to(self, grid: Gtk.Grid, row: int) -> None:
        """Become two rows of a grid."""
        grid.attach(self._label, 0, row, 1, 1)
        grid.attach(self._menu, 1, row, 2, 1)
        self._amount.attach_to(grid, row + 1)

    def _pick(self) -> None:
        name = self._menu.get_active_id() or LAYER_MASK
        self._config.set_property("output", name)
        about = {entry.name: entry.about for entry in refine_options.OUTPUT_ENTRIES}
        self._menu.set_tooltip_text(about[name])
        for widget in (self._amount.label, self._amount.slider, self._amount.digits):
            widget.set_sensitive(name in (NEW_LAYER, CUTOUT))
