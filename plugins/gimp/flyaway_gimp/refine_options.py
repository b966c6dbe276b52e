"""The options of Refine Edge as arguments of GIMP's procedure, which keeps most of them for the next time."""

from __future__ import annotations

import re
from dataclasses import fields

import options
import paid_work
import transparent
from finishing import Wish
from gi.repository import Gimp, GObject

from flyaway_client import adjustments, texts, views
from flyaway_client.adjustments import Adjustments
from flyaway_client.menu_entries import MenuEntry
from flyaway_client.messages import MessageError
from flyaway_client.options import CUTOUT, LAYER_MASK, NEW_LAYER, SELECTION, Options
from flyaway_client.refusals import DocumentError
from flyaway_client.views import Colour
from flyaway_client.wording import _

OUTPUT_ENTRIES = (
    MenuEntry(LAYER_MASK, _("Layer mask"), _("The layer's own mask, changed where it was touched")),
    MenuEntry(SELECTION, _("Selection"), _("In place of the present one; this layer is left as it is")),
    MenuEntry(
        CUTOUT, _("New layer"), _("A copy with the mask as its opacity. This layer is hidden and left as it is")
    ),
    MenuEntry(
        NEW_LAYER,
        _("New layer with layer mask"),
        _("A copy with the mask. This layer is hidden and left as it is"),
    ),
)  # fmt: skip

USUAL_AMOUNT_PERCENT = 100
USUAL_BRUSH_PX = 0
"""The brush is as wide as suits the layer."""


def add_arguments(procedure: Gimp.Procedure) -> None:
    """Describe the options to GIMP."""
    usual = Options()
    flags = GObject.ParamFlags.READWRITE
    procedure.add_string_argument("engine", _("_Engine"), texts.ENGINE_ABOUT, usual.engine, flags)
    paid_work.add_arguments(procedure)
    transparent.add_argument(procedure)
    procedure.add_choice_argument(
        "output",
        _("Out_put to"),
        texts.OUTPUT_ABOUT,
        options.choice(OUTPUT_ENTRIES),
        LAYER_MASK,
        flags,
    )
    procedure.add_int_argument(
        "amount",
        texts.AMOUNT,
        texts.AMOUNT_ABOUT,
        0,
        100,
        USUAL_AMOUNT_PERCENT,
        flags,
    )
    neutral = Adjustments()
    for name, (least, most) in adjustments.LIMITS.items():
        label, about = texts.ADJUSTMENTS[name]
        procedure.add_double_argument(
            _argument(name), label, about, least, most, getattr(neutral, name), flags
        )
    procedure.add_string_aux_argument("overlay", "", _("The overlay's colour"), "", flags)
    procedure.add_int_aux_argument(
        "brush", "", "How wide the brush was", 0, 10000, USUAL_BRUSH_PX, flags
    )


def adjusted(config: Gimp.ProcedureConfig) -> Adjustments:
    """How the mask is to be adjusted.

    Raises:
        DocumentError: the clips leave nothing between them.
    """
    names = (field.name for field in fields(Adjustments))
    values = {name: config.get_property(_argument(name)) for name in names}
    try:
        return Adjustments(**values)
    except MessageError as error:  # each alone is within its limits, of which GIMP takes care
        raise DocumentError(_("Black Clip must be below White Clip.")) from error


def set_adjusted(config: Gimp.ProcedureConfig, chosen: Adjustments) -> None:
    """Keep how the mask is to be adjusted."""
    for field in fields(Adjustments):
        config.set_property(_argument(field.name), getattr(chosen, field.name))


def wish(config: Gimp.ProcedureConfig) -> Wish:
    """What is to come of the mask.

    Raises:
        DocumentError: the clips leave nothing between them.
    """
    return Wish(config.get_property("output"), config.get_property("amount"), adjusted(config))


def load(config: Gimp.ProcedureConfig) -> Options:
    """The same options for the mask's refinement inside the selection."""
    return Options(
        engine=config.get_property("engine"),
        paid_work=paid_work.load(config),
        transparent=config.get_property(transparent.NAME),
        output="refined-mask",
    )


def overlay(config: Gimp.ProcedureConfig) -> Colour:
    """The overlay's colour."""
    kept = config.get_property("overlay")
    if not re.fullmatch("#[0-9a-f]{6}", kept):
        return views.OVERLAY_COLOUR
    red, green, blue = bytes.fromhex(kept[1:])
    return red, green, blue


def written(colour: Colour) -> str:
    """A colour as it is kept."""
    return f"#{bytes(colour).hex()}"


def _argument(name: str) -> str:
    """What GIMP calls an adjustment."""
    return name.removesuffix("_px").replace("_", "-")
