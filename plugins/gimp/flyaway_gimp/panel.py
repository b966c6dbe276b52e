"""Where the user chooses: the dialog, with GIMP's own rows for most options, and ours for the engine."""

from __future__ import annotations

from engine_row import EngineRow
from gi.repository import Gimp, GimpUi, GObject, Gtk


def ask_options(procedure: Gimp.Procedure, config: Gimp.ProcedureConfig) -> bool:
    """Let the user edit `config`; False if they chose not to go on."""
    GimpUi.init("flyaway")
    # GIMP's chooser has no way back to none: last time's would stay, for another photo too.
    config.set_property("plate", None)
    dialog = GimpUi.ProcedureDialog.new(procedure, config, "Extract Foreground")
    dialog.fill(["plate", "selection-is", "edge-width", "output"])

    def allow_ok(is_allowed: bool) -> None:
        dialog.set_response_sensitive(Gtk.ResponseType.OK, is_allowed)

    neighbour = dialog.get_widget("selection-is", GObject.TYPE_NONE)
    switch = dialog.get_widget("paid-work-only", GObject.TYPE_NONE)
    row = EngineRow(config, neighbour, switch, allow_ok)
    dialog.get_content_area().pack_start(row.grid, False, False, 0)
    dialog.get_content_area().reorder_child(row.grid, 0)
    accepted: bool = dialog.run()
    row.close()
    dialog.destroy()
    return accepted
