#!/usr/bin/env python3
"""Layer > Mask > Extract Foreground… for GIMP 3: a layer mask from the Flyaway daemon.

GIMP runs this script in a process of its own and kills that when the user presses Cancel beside the
progress bar; the daemon then drops the work, because its client has gone.
"""

# ruff: noqa: E402 - the path and the versions of gi's modules are set before they are imported

from __future__ import annotations

import sys
import traceback
from collections.abc import Sequence
from pathlib import Path

# Where the plugin was installed by links, Python would look beside the script's source instead.
sys.path.insert(0, str(Path(__file__).parent))

import gi

for module, version in (("Gimp", "3.0"), ("GimpUi", "3.0"), ("Gegl", "0.4"), ("Gtk", "3.0")):
    gi.require_version(module, version)

import host
from extraction import LAYER_MASK, NEW_LAYER, Settings, build_request
from gi.repository import Gimp, GLib, GObject

from flyaway_client.choices import (
    MAX_EDGE_WIDTH_PX,
    PAID_WORK_ABOUT,
    PAID_WORK_LABEL,
    PLATE_ABOUT,
    SELECTION_CHOICES,
    Choice,
    report,
)
from flyaway_client.client import Client
from flyaway_client.errors import CancelledError, ClientError

PROCEDURE = "plug-in-flyaway-extract-foreground"

OUTPUT_CHOICES = (
    Choice(LAYER_MASK, "Layer mask", "A mask on this layer; one it already has is replaced"),
    Choice(
        NEW_LAYER,
        "New layer with layer mask, colours decontaminated",
        "The subject's own colours, free of the background's. This layer is hidden and left as it is",
    ),
)


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
        procedure.add_menu_path("<Image>/Layer/Mask")
        procedure.set_documentation(
            "Cut the subject out, hair and all, with a layer mask (AI matting)",
            "Sends the layer, with the selection if there is one, to the Flyaway daemon on this "
            "computer, and makes a layer mask of the alpha it finds. The daemon is started if need be.",
            None,
        )
        procedure.set_attribution("The Flyaway authors", "The Flyaway authors", "2026")
        _add_arguments(procedure)
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
            layer = host.find_layer(image, drawables)
            if run_mode == Gimp.RunMode.INTERACTIVE and not _ask_settings(procedure, config):
                return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, None)
            _extract(layer, config.get_property("plate"), _settings(config), run_mode)
        except CancelledError:
            return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, None)
        except (host.DocumentError, ClientError) as error:
            return _failure(procedure, str(error))
        except Exception as error:  # noqa: BLE001 - the edge to GIMP: each failure is one message
            return _failure(procedure, f"Extract Foreground met a defect of its own: {error!r}")
        return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)


def _add_arguments(procedure: Gimp.Procedure) -> None:
    flags = GObject.ParamFlags.READWRITE
    # A string, for the daemon knows its engines, not GIMP: it would refuse names that came later.
    procedure.add_string_argument(
        "engine", "_Engine", 'Which engine finds the alpha; "auto" takes the best', "auto", flags
    )
    procedure.add_boolean_argument(
        "paid-work-only", PAID_WORK_LABEL.replace("allow", "_allow"), PAID_WORK_ABOUT, False, flags
    )
    procedure.add_layer_argument("plate", "Photo of the empt_y scene", PLATE_ABOUT, True, flags)
    procedure.add_choice_argument(
        "selection-is",
        "Selec_tion is",
        "What the selection means. With nothing selected, the subject is found by itself",
        _choice(SELECTION_CHOICES),
        "guess",
        flags,
    )
    procedure.add_int_argument(
        "edge-width",
        "Edge _width in pixels",
        "How far from an outline hair is looked for, on each side; 0 scales with the image",
        0,
        MAX_EDGE_WIDTH_PX,
        0,
        flags,
    )
    procedure.add_choice_argument(
        "output",
        "Out_put to",
        "Where the result goes",
        _choice(OUTPUT_CHOICES),
        LAYER_MASK,
        flags,
    )


def _choice(options: Sequence[Choice]) -> Gimp.Choice:
    choice = Gimp.Choice.new()
    for number, option in enumerate(options):
        choice.add(option.name, number, option.label, option.about)
    return choice


def _ask_settings(procedure: Gimp.Procedure, config: Gimp.ProcedureConfig) -> bool:
    # Only here: without a window GIMP may run where there is no display to open GTK on.
    import dialog

    return dialog.ask_settings(procedure, config)


def _settings(config: Gimp.ProcedureConfig) -> Settings:
    return Settings(
        engine=config.get_property("engine"),
        paid_work_only=config.get_property("paid-work-only"),
        selection_is=config.get_property("selection-is"),
        edge_width_px=config.get_property("edge-width"),
        output=config.get_property("output"),
    )


def _extract(
    layer: Gimp.Layer, plate: Gimp.Layer | None, settings: Settings, run_mode: Gimp.RunMode
) -> None:
    """From the layer, and the empty scene's if there is one, to its mask."""
    host.check_output(layer, settings.output)
    if plate is not None:
        host.check_plate(layer, plate)
    Gimp.progress_init("Reading the layer")
    pixels = host.read_layer(layer, with_selection=settings.uses_selection, plate=plate)
    request, parts = build_request(pixels, settings)
    Gimp.progress_set_text("Starting Flyaway")
    with Client.connect(host.client_name()) as client:
        extracted = client.extract(request, parts, on_progress=host.show_progress)
    host.put_alpha(layer, pixels, extracted, settings.output)
    if extracted.result.notes and run_mode != Gimp.RunMode.NONINTERACTIVE:
        # While there is a progress bar, GIMP shows what fits there for some seconds: no dialog to close. But
        # always with the sign of a warning, so only where there is something to say.
        Gimp.message(report(extracted.result))
    Gimp.progress_end()


def _failure(procedure: Gimp.Procedure, message: str) -> Gimp.ValueArray:
    """The one message of a failure; where it happened goes to stderr, for a bug report."""
    traceback.print_exc()
    return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, GLib.Error(message))


Gimp.main(Flyaway.__gtype__, sys.argv)
