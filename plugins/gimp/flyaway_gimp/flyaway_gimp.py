#!/usr/bin/env python3
"""Layer > Mask > Extract Foreground… for GIMP 3: a layer mask from the Flyaway daemon.

GIMP runs this script in a process of its own and kills that when the user presses Cancel beside the
progress bar; the daemon then drops the work, because its client has gone.
"""

# ruff: noqa: E402 - the path and the versions of gi's modules are set before they are imported

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

# Where the plugin was installed by links, Python would look beside the script's source instead.
sys.path.insert(0, str(Path(__file__).parent))

import gi

for module, version in (
    ("Gimp", "3.0"),
    ("GimpUi", "3.0"),
    ("Gegl", "0.4"),
    ("Gtk", "3.0"),
    ("GdkPixbuf", "2.0"),
):
    gi.require_version(module, version)

import extraction
import feedback
import layers
import options
from gi.repository import Gimp, GLib

from flyaway_client import outcome
from flyaway_client.errors import CancelledError
from flyaway_client.messages import ExtractResult

PROCEDURE = "plug-in-flyaway-extract-foreground"


class Flyaway(Gimp.PlugIn):
    """Registers the procedure and runs it."""

    def do_query_procedures(self) -> list[str]:
        """The names of all procedures here."""
        return [PROCEDURE]

    def do_set_i18n(self, name: str) -> bool:
        """There are no translations."""
        return False

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        """Describe the procedure to GIMP: its menu entry and its arguments."""
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, self.run, None)
        procedure.set_image_types("*")
        procedure.set_sensitivity_mask(Gimp.ProcedureSensitivityMask.DRAWABLE)
        procedure.set_menu_label("E_xtract Foreground…")
        for path in ("<Image>/Layer/Mask", "<Image>/Select"):
            procedure.add_menu_path(path)
        # GIMP's action search looks through the label and this text.
        procedure.set_documentation(
            "Flyaway: cut out the subject, hair and all; remove background into a mask (AI matting)",
            "Sends the layer, with the selection if there is one, to the Flyaway daemon on this "
            "computer, and makes a layer mask of the alpha it finds. The daemon is started if need be.",
            None,
        )
        procedure.set_attribution("The Flyaway authors", "The Flyaway authors", "2026")
        options.add_arguments(procedure)
        return procedure

    def run(
        self,
        procedure: Gimp.Procedure,
        run_mode: Gimp.RunMode,
        image: Gimp.Image,
        drawables: Sequence[Gimp.Drawable],
        config: Gimp.ProcedureConfig,
        data: object,
    ) -> Gimp.ValueArray:
        """Run once. Whatever goes wrong becomes one sentence, which GIMP shows or hands its caller."""
        try:
            layer = layers.of_selected(image, drawables)
            if run_mode == Gimp.RunMode.WITH_LAST_VALS:
                options.forget_what_another_image_had(config, image)
            if run_mode == Gimp.RunMode.INTERACTIVE:
                result = _extract_in_dialog(procedure, config, layer)
            else:
                result = extraction.extract(layer, options.load(config), feedback.ProgressBar())
            feedback.show_result(result, run_mode)
        except CancelledError:
            return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, None)
        except Exception as error:  # noqa: BLE001 - the edge to GIMP: each failure is one sentence
            sentence = GLib.Error(outcome.failure(error))
            return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, sentence)
        return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)


def _extract_in_dialog(
    procedure: Gimp.Procedure, config: Gimp.ProcedureConfig, layer: Gimp.Layer
) -> ExtractResult:
    """Let the user choose, and do it.

    Raises:
        CancelledError: the user wants none of it.
    """
    # Only here: without a window GIMP may run where there is no display to open GTK on.
    import panel

    dialog = panel.ExtractDialog(procedure, config, layer)
    try:
        if not dialog.ask():
            raise CancelledError("The dialog was closed.")
        result = extraction.extract(layer, options.load(config), dialog)
        options.advise(config, result)
        return result
    finally:
        dialog.close()


Gimp.main(Flyaway.__gtype__, sys.argv)
