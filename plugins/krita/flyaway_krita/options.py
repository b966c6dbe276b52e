"""The user's options, kept in Krita's own settings file for the next start and for the actions."""

from __future__ import annotations

from krita import Krita

from .flyaway_client.menu_entries import SELECTION_ENTRIES
from .flyaway_client.options import MAX_EDGE_WIDTH_PX, Options

_GROUP = "flyaway_krita"
YES, NO = "true", "false"


def load() -> Options:
    """The options as last saved; what makes no sense, such as that of a later version, is left out."""
    usual = Options()
    selection_is = _read("selection_is")
    edge_width_px = _read("edge_width_px")
    known = {entry.name for entry in SELECTION_ENTRIES}
    return Options(
        engine=_read("engine") or usual.engine,
        needs_plate=_read("needs_plate") == YES,
        plate=_read("plate"),
        paid_work_only=_read("paid_work_only") == YES,
        selection_is=selection_is if selection_is in known else usual.selection_is,
        edge_width_px=min(int(edge_width_px), MAX_EDGE_WIDTH_PX) if edge_width_px.isdigit() else 0,
    )


def save(options: Options) -> None:
    """Keep the options."""
    krita = Krita.instance()
    krita.writeSetting(_GROUP, "engine", options.engine)
    krita.writeSetting(_GROUP, "needs_plate", YES if options.needs_plate else NO)
    krita.writeSetting(_GROUP, "plate", options.plate)
    krita.writeSetting(_GROUP, "paid_work_only", YES if options.paid_work_only else NO)
    krita.writeSetting(_GROUP, "selection_is", options.selection_is)
    krita.writeSetting(_GROUP, "edge_width_px", str(options.edge_width_px))


def _read(name: str) -> str:
    return Krita.instance().readSetting(_GROUP, name, "")
