"""The options of Extract by Clicking as arguments of GIMP's procedure, which keeps them for the next time."""

from __future__ import annotations

import options
import paid_work
import transparent
from gi.repository import Gimp, GObject

from flyaway_client import texts
from flyaway_client.options import REFINED_MASK, Options
from flyaway_client.wording import _

OUTPUT_ENTRIES = tuple(entry for entry in options.OUTPUT_ENTRIES if entry.name != REFINED_MASK)
"""What is pointed at is found anew: no mask is refined."""


def add_arguments(procedure: Gimp.Procedure) -> None:
    """Describe the options to GIMP."""
    usual = Options()
    flags = GObject.ParamFlags.READWRITE
    paid_work.add_arguments(procedure)
    transparent.add_argument(procedure)
    procedure.add_choice_argument(
        "output",
        _("Out_put to"),
        texts.OUTPUT_ABOUT,
        options.choice(OUTPUT_ENTRIES),
        usual.output,
        flags,
    )


def load(config: Gimp.ProcedureConfig) -> Options:
    """The options of one run."""
    return Options(
        paid_work=paid_work.load(config),
        transparent=config.get_property(transparent.NAME),
        selection_is="automatic",
        output=config.get_property("output"),
    )
