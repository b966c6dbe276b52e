"""The options of Compare Engines as arguments of GIMP's procedure, which keeps them for the next time."""

from __future__ import annotations

from collections.abc import Sequence

from gi.repository import Gimp, GObject

from flyaway_client import texts
from flyaway_client.options import NEW_LAYER, Options
from flyaway_client.wording import _


def add_arguments(procedure: Gimp.Procedure) -> None:
    """Describe the options, and what comes back, to GIMP."""
    usual, flags = Options(), GObject.ParamFlags.READWRITE
    procedure.add_string_argument(
        "engines",
        _("_Engines"),
        _("Their names with commas between; nothing takes the best that are here"),
        "",
        flags,
    )
    procedure.add_boolean_argument(
        "paid-work-only", texts.PAID_WORK, texts.PAID_WORK_ABOUT, usual.paid_work_only, flags
    )
    procedure.add_image_return_value(
        "comparison", texts.COMPARISON, texts.COMPARE_ABOUT, False, flags
    )


def load(config: Gimp.ProcedureConfig) -> Options:
    """How each engine is to work."""
    # The cut-outs show the subject's own colours, as a new layer does.
    return Options(paid_work_only=config.get_property("paid-work-only"), output=NEW_LAYER)


def engines(config: Gimp.ProcedureConfig) -> tuple[str, ...]:
    """The names of the engines; none for the usual ones."""
    names = (name.strip() for name in config.get_property("engines").split(","))
    return tuple(name for name in names if name)


def keep_engines(config: Gimp.ProcedureConfig, names: Sequence[str]) -> None:
    """Take those from now on."""
    config.set_property("engines", ",".join(names))
