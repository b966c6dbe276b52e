#!/usr/bin/env python3
"""Layer > Mask > Extract Foreground…, Extract by Clicking…, Refine Edge… and Compare Engines… for GIMP 3, by the Flyaway daemon.

GIMP runs this script in a process of its own and kills that when the user presses Cancel beside the
progress bar; the daemon then drops the work, because its client has gone.
"""

# ruff: noqa: E402 - the path and the versions of gi's modules are set before they are imported

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from pathlib import Path

# Where the plugin was installed by links, Python would look beside the script's source instead.
sys.path.insert(0, str(Path(__file__).parent))

import gi

for module, version in (
    ("Gimp", "3.0"),
    ("GimpUi", "3.0"),
    ("Gegl", "0.4"),
    ("Gtk", "3.0"),
    ("Gdk", "3.0"),
    ("GdkPixbuf", "2.0"),
):
    gi.require_version(module, version)

from gi.repository import Gimp, GLib, GObject

from flyaway_client import wording
from flyaway_client.wording import _

# Before what has texts is imported. GIMP tells its plug-ins the language of its preferences in the environment.
wording.speak(GLib.get_language_names())

import compare_options
import comparison
import extraction
import feedback
import kept_points
import layers
import options
import point_options
import refine_options
import refinement

from flyaway_client import outcome, refusals
from flyaway_client.comparing import Sheet
from flyaway_client.errors import CancelledError
from flyaway_client.messages import ExtractResult

EXTRACT = "plug-in-flyaway-extract-foreground"
REFINE = "plug-in-flyaway-refine-edge"
POINT = "plug-in-flyaway-extract-by-clicking"
COMPARE = "plug-in-flyaway-compare-engines"

_MENUS = ("<Image>/Layer/Mask", "<Image>/Select")


class Flyaway(Gimp.PlugIn):
    """Registers the procedures and runs them."""

    def do_query_procedures(self) -> list[str]:
        """The names of all procedures here."""
        return [EXTRACT, REFINE, POINT, COMPARE]

    def do_set_i18n(self, name: str) -> bool:
        """Our own words are there already; GIMP need not look for a catalogue of its form."""
        return False

    def do_create_procedure(self, name: str) -> Gimp.Procedure:
        """Describe a procedure to GIMP: its menu entry and its arguments."""
        run, describe = {
            EXTRACT: (self.extract, _describe_extract),
            POINT: (self.point, _describe_point),
            REFINE: (self.refine, _describe_refine),
            COMPARE: (self.compare, _describe_compare),
        }[name]
        procedure = Gimp.ImageProcedure.new(self, name, Gimp.PDBProcType.PLUGIN, run, None)
        procedure.set_image_types("*")
        procedure.set_sensitivity_mask(Gimp.ProcedureSensitivityMask.DRAWABLE)
        procedure.set_attribution("The Flyaway authors", "The Flyaway authors", "2026")
        describe(procedure)
        for path in _MENUS:
            procedure.add_menu_path(path)
        return procedure

    def extract(
        self,
        procedure: Gimp.Procedure,
        run_mode: Gimp.RunMode,
        image: Gimp.Image,
        drawables: Sequence[Gimp.Drawable],
        config: Gimp.ProcedureConfig,
        data: object,
    ) -> Gimp.ValueArray:
        """Cut a subject out."""

        def work() -> None:
            layer = layers.of_selected(image, drawables)
            if run_mode == Gimp.RunMode.WITH_LAST_VALS:
                options.forget_what_another_image_had(config, image)
            if run_mode == Gimp.RunMode.INTERACTIVE:
                result = _extract_in_dialog(procedure, config, layer)
            else:
                result = extraction.extract(layer, options.load(config), feedback.ProgressBar())
            feedback.show_result(result, run_mode)

        return _answer(procedure, work)

    def point(
        self,
        procedure: Gimp.Procedure,
        run_mode: Gimp.RunMode,
        image: Gimp.Image,
        drawables: Sequence[Gimp.Drawable],
        config: Gimp.ProcedureConfig,
        data: object,
    ) -> Gimp.ValueArray:
        """Cut out what is pointed at."""

        def work() -> None:
            layer = layers.of_selected(image, drawables)
            if run_mode == Gimp.RunMode.INTERACTIVE:
                result = _point_in_dialog(config, layer)
            else:
                result = _point_as_before(config, layer)
            feedback.show_result(result, run_mode)

        return _answer(procedure, work)

    def refine(
        self,
        procedure: Gimp.Procedure,
        run_mode: Gimp.RunMode,
        image: Gimp.Image,
        drawables: Sequence[Gimp.Drawable],
        config: Gimp.ProcedureConfig,
        data: object,
    ) -> Gimp.ValueArray:
        """Retouch a layer's mask."""

        def work() -> None:
            layer = layers.of_selected(image, drawables)
            if run_mode == Gimp.RunMode.INTERACTIVE:
                refinement.refine_in_dialog(config, layer)
            else:
                refinement.refine_in_selection(config, layer, feedback.ProgressBar())

        return _answer(procedure, work)

    def compare(
        self,
        procedure: Gimp.Procedure,
        run_mode: Gimp.RunMode,
        image: Gimp.Image,
        drawables: Sequence[Gimp.Drawable],
        config: Gimp.ProcedureConfig,
        data: object,
    ) -> Gimp.ValueArray:
        """Show what several engines make of a layer."""

        def work() -> Gimp.Image:
            layer = layers.of_selected(image, drawables)
            if run_mode == Gimp.RunMode.INTERACTIVE:
                sheet = _compare_in_dialog(config, layer)
            else:
                sheet = comparison.compare(layer, config, feedback.ProgressBar())
            made = comparison.as_image(sheet)
            if run_mode != Gimp.RunMode.NONINTERACTIVE:
                Gimp.Display.new(made)
            return made

        return _answer(procedure, work)


def _describe_extract(procedure: Gimp.Procedure) -> None:
    procedure.set_menu_label(_("E_xtract Foreground…"))
    # GIMP's action search looks through the label and this text.
    procedure.set_documentation(
        _("Flyaway: cut out the subject, hair and all; remove background into a mask (AI matting)"),
        _(
            "Sends the layer, with the selection if there is one, to the Flyaway daemon on this "
            "computer, and makes a layer mask of the alpha it finds. The daemon is started if need be."
        ),
        None,
    )
    options.add_arguments(procedure)


def _describe_point(procedure: Gimp.Procedure) -> None:
    procedure.set_menu_label(_("Extract by C_licking…"))
    procedure.set_documentation(
        _(
            "Flyaway: click on the subject, or drag a box around it, to cut it out; select object, pick subject"
        ),
        _(
            "Shows the layer; a small network finds what is clicked on, and the Flyaway daemon solves its edge, hair and "
            "all. Without its dialog it cuts out what was pointed at in the layer before."
        ),
        None,
    )
    point_options.add_arguments(procedure)


def _describe_refine(procedure: Gimp.Procedure) -> None:
    procedure.set_menu_label(_("_Refine Edge…"))
    procedure.set_documentation(
        _(
            "Flyaway: retouch the layer mask with strokes, lock by lock; select and mask, refine hair"
        ),
        _(
            "Opens the layer with its mask, has it solved again by the Flyaway daemon under each stroke, adjusts it, "
            "and puts it where it is wanted. Without its dialog it solves the mask again inside the selection."
        ),
        None,
    )
    refine_options.add_arguments(procedure)


def _describe_compare(procedure: Gimp.Procedure) -> None:
    procedure.set_menu_label(_("Compare E_ngines…"))
    procedure.set_documentation(
        _(
            "Flyaway: what several engines make of what is selected, side by side; compare models, matting"
        ),
        _(
            "Has the Flyaway daemon cut the subject out with each engine, and opens a new image that shows alpha, cut-outs, "
            "seconds and memory. The image itself is not changed."
        ),
        None,
    )
    compare_options.add_arguments(procedure)


def _answer(procedure: Gimp.Procedure, work: Callable[[], Gimp.Image | None]) -> Gimp.ValueArray:
    """Do the work. Whatever goes wrong becomes one sentence, which GIMP shows or hands its caller."""
    try:
        made = work()
    except CancelledError:
        return procedure.new_return_values(Gimp.PDBStatusType.CANCEL, None)
    except Exception as error:  # noqa: BLE001 - the edge to GIMP: each failure is one sentence
        sentence = GLib.Error(outcome.failure(error))
        return procedure.new_return_values(Gimp.PDBStatusType.EXECUTION_ERROR, sentence)
    if made is None:
        return procedure.new_return_values(Gimp.PDBStatusType.SUCCESS, None)
    success = GObject.Value(Gimp.PDBStatusType, Gimp.PDBStatusType.SUCCESS)
    return Gimp.ValueArray.new_from_values([success, GObject.Value(Gimp.Image, made)])


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
            raise CancelledError(_("The dialog was closed."))
        result = extraction.extract(layer, options.load(config), dialog)
        options.advise(config, result)
        return result
    finally:
        dialog.close()


def _point_in_dialog(config: Gimp.ProcedureConfig, layer: Gimp.Layer) -> ExtractResult:
    """Let the user point, and cut that out.

    Raises:
        CancelledError: the user wants none of it.
    """
    # Only here: without a window GIMP may run where there is no display to open GTK on.
    import point_panel

    dialog = point_panel.PointDialog(config, layer)
    try:
        while (kept := dialog.ask()) is not None:
            try:
                chosen = point_options.load(config)
                return extraction.extract(layer, chosen, dialog, kept, dialog.session)
            except CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - what was pointed at is not lost for it
                dialog.go_on(outcome.failure(error))
        raise CancelledError(_("The dialog was closed."))
    finally:
        dialog.close()


def _compare_in_dialog(config: Gimp.ProcedureConfig, layer: Gimp.Layer) -> Sheet:
    """Let the user choose engines, and compare them.

    Raises:
        CancelledError: the user wants none of it.
    """
    # Only here: without a window GIMP may run where there is no display to open GTK on.
    import compare_panel

    dialog = compare_panel.CompareDialog(config)
    try:
        while dialog.ask():
            try:
                return comparison.compare(layer, config, dialog)
            except CancelledError:
                raise
            except Exception as error:  # noqa: BLE001 - the choice is not lost for it
                dialog.go_on(outcome.failure(error))
        raise CancelledError(_("The dialog was closed."))
    finally:
        dialog.close()


def _point_as_before(config: Gimp.ProcedureConfig, layer: Gimp.Layer) -> ExtractResult:
    """Cut out what was pointed at before.

    Raises:
        DocumentError: nothing was.
    """
    kept = kept_points.read(layer)
    if kept is None or not kept.fits(layer.get_width(), layer.get_height()):
        raise refusals.nothing_pointed_at(layer.get_name())
    return extraction.extract(layer, point_options.load(config), feedback.ProgressBar(), kept)


Gimp.main(Flyaway.__gtype__, sys.argv)
