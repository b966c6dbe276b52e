"""The user's options as arguments of GIMP's procedure: GIMP shows most of them, and keeps them for the next time."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

import layers
import paid_work
import transparent
from gi.repository import Gimp, GObject

from flyaway_client import texts
from flyaway_client.menu_entries import SELECTION_ENTRIES, MenuEntry
from flyaway_client.messages import ExtractResult
from flyaway_client.options import (
    LAYER_MASK,
    MAX_EDGE_WIDTH_PX,
    NEW_LAYER,
    REFINED_MASK,
    SELECTION,
    Options,
)
from flyaway_client.wording import _

OUTPUT_ENTRIES = (
    MenuEntry(
        LAYER_MASK, _("Layer mask"), _("A mask on this layer; one it already has is replaced")
    ),
    MenuEntry(
        NEW_LAYER,
        _("New layer with layer mask, colours decontaminated"),
        _(
            "The subject's own colours, free of the background's. This layer is hidden and left as it is"
        ),
    ),
    MenuEntry(
        REFINED_MASK,
        _("Refined layer mask (inside the selection)"),
        _("The layer's mask, solved again inside the selection and left as it is outside"),
    ),
    MenuEntry(
        SELECTION, _("Selection"), _("In place of the present one; this layer is left as it is")
    ),
)

_HIDDEN = {
    "chosen-for": "Of which image the choices were",
    "advised": "What is worth fetching since the last result was but a guess",
}
"""No arguments: nobody chooses them, and they are kept with the others."""

_KEPT = ("engine", *paid_work.NAMES, "selection-is", "edge-width", "output", *_HIDDEN)
"""What holds for the next run; layers and other items of an image do not."""


def add_arguments(procedure: Gimp.Procedure) -> None:
    """Describe the options to GIMP, with underscores before the letters that are keys."""
    usual = Options()
    flags = GObject.ParamFlags.READWRITE
    # A string, for the daemon knows its engines, not GIMP: it would refuse names that came later.
    procedure.add_string_argument(
        "engine",
        _("_Engine"),
        _('Which engine finds the alpha; "auto" takes the best'),
        usual.engine,
        flags,
    )
    paid_work.add_arguments(procedure, texts.PAID_WORK.replace("licensed", "l_icensed"))
    transparent.add_argument(procedure)
    procedure.add_layer_argument(
        "plate", _("Photo of the empt_y scene"), texts.PLATE_ABOUT, True, flags
    )
    procedure.add_choice_argument(
        "selection-is",
        _("Selec_tion is"),
        texts.SELECTION_ABOUT,
        choice(SELECTION_ENTRIES),
        usual.selection_is,
        flags,
    )
    procedure.add_drawable_argument(
        "selection-from",
        _("{source}, if not from the selection").format(source=texts.SOURCE),
        texts.SOURCE_ABOUT,
        True,
        flags,
    )
    procedure.add_int_argument(
        "edge-width",
        _("Edge _width, at most (0: automatic)"),
        _("{about}; 0 scales with the image").format(about=texts.EDGE_WIDTH_ABOUT),
        0,
        MAX_EDGE_WIDTH_PX,
        usual.edge_width_px,
        flags,
    )
    procedure.add_choice_argument(
        "output",
        _("Out_put to"),
        _("Where the result goes"),
        choice(OUTPUT_ENTRIES),
        usual.output,
        flags,
    )

    for name, about in _HIDDEN.items():
        procedure.add_string_aux_argument(name, "", about, "", flags)


def forget_what_another_image_had(config: Gimp.ProcedureConfig, image: Gimp.Image) -> None:
    """Take back what said something of the last image's selection alone, where that was another one."""
    # GIMP counts images anew at each start.
    identity = f"{os.getppid()}:{image.get_id()}"
    if config.get_property("chosen-for") != identity:
        config.set_property("selection-is", Options().selection_is)
        config.set_property("selection-from", None)
        config.set_property("chosen-for", identity)


def forget_plate(config: Gimp.ProcedureConfig) -> None:
    """Take back last time's layer: GIMP's chooser has no way back to none, and it would stay for another photo."""
    config.set_property("plate", None)


def advise(config: Gimp.ProcedureConfig, result: ExtractResult) -> None:
    """Keep for the next dialog what it may offer to fetch."""
    config.set_property("advised", "" if result.advised is None else result.advised.name)


def keep(config: Gimp.ProcedureConfig) -> None:
    """Keep the choices for the next time: GIMP does so only at the end of a run that has succeeded.

    Into the file that GIMP 3 reads at the next run, as it writes it; it offers plug-ins no call for that.
    """
    folder = Path(Gimp.directory()) / "plug-in-settings"
    lines = (f"({name} {_written(config.get_property(name))})" for name in _KEPT)
    # A choice that is not kept is no reason to fail.
    with suppress(OSError):
        folder.mkdir(exist_ok=True)
        file = folder / f"{config.__gtype__.name}.last"
        file.write_text("\n".join(("# settings", "", *lines, "", "# end of settings", "")), "utf-8")


def _written(value: str | bool | int) -> str:
    """A value as GIMP's files of settings have it."""
    if isinstance(value, bool):
        return "yes" if value else "no"
    return json.dumps(value, ensure_ascii=False)


def load(config: Gimp.ProcedureConfig) -> Options:
    """The options of one run."""
    plate = config.get_property("plate")
    return Options(
        engine=config.get_property("engine"),
        # GIMP cannot ask which engines compare: a layer that the user has chosen goes along.
        needs_plate=plate is not None,
        plate="" if plate is None else layers.identity(plate),
        paid_work=paid_work.load(config),
        transparent=config.get_property(transparent.NAME),
        selection_is=config.get_property("selection-is"),
        selection_from=_source(config.get_property("selection-from")),
        edge_width_px=config.get_property("edge-width"),
        output=config.get_property("output"),
    )


def choice(entries: Sequence[MenuEntry]) -> Gimp.Choice:
    """A menu of GIMP's own with these entries."""
    choice = Gimp.Choice.new()
    for number, entry in enumerate(entries):
        choice.add(entry.name, number, entry.label, entry.about)
    return choice


def _source(drawable: Gimp.Drawable | None) -> str:
    """The identity of what the selection is taken from; "" for the selection, which a script may also hand over."""
    if drawable is None or isinstance(drawable, Gimp.Selection):
        return ""
    return layers.identity(drawable)
