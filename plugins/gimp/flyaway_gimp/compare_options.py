"""The options of Compare Engines as arguments of GIMP's procedure, which keeps them for the next time."""

from __future__ import annotations

from collections.abc import Sequence

import paid_work
from gi.repository import Gimp, GObject

from flyaway_client import texts
from flyaway_client.options import NEW_LAYER, Options
from flyaway_client.wording import _


def add_arguments(procedure: Gimp.Procedure) -> None:
    """Describe the options, and what comes back, to GIMP."""
    flags = GObject.ParamFlags.READWRITE
    procedure.add_string_argument(
        "engines",
        _("_Engines"),
        _("Their names with commas between; nothing takes the best that are here"),
        "",
        flags,
    )
    paid_work.add_arguments(procedure)
    procedure.add_image_return_value(
        "comparison", texts.COMPARISON, texts.COMPARE_ABOUT, False, flags
    )


def load(config: Gimp.ProcedureConfig) -> Options:
    """How each engine is to work."""
    # The cut-outs show the subject's own colours, as a new layer does.
    return Options(paid_work=paid_work.load(config), output=NEW_LAYER)


def engines(config: Gimp.ProcedureConfig) -> tuple[str, ...]:
    """The names of the engines; none for the usual ones."""
    names = (name.strip() for name in config.get_property("engines").split(","))
    return tuple(name for name in names if name)


def keep_engines(config: Gimp.ProcedureConfig, names: Sequence[str]) -> None:
    """Take those from now on."""
    config.set_property("engines", ",".join(names))
