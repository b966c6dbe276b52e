"""What the user chose in the docker, kept in Krita's own settings file for the next start and for the actions."""

from __future__ import annotations

from krita import Krita

from .flyaway_client.choices import MAX_EDGE_WIDTH_PX, SELECTION_CHOICES
from .request import Settings

_GROUP = "flyaway_krita"
YES, NO = "true", "false"


def load() -> Settings:
    """The settings as last saved; what makes no sense, such as that of a later version, is left out."""
    selection_is = _read("selection_is")
    edge_width_px = _read("edge_width_px")
    known = {choice.name for choice in SELECTION_CHOICES}
    return Settings(
        engine=_read("engine") or Settings.engine,
        needs_plate=_read("needs_plate") == YES,
        plate=_read("plate"),
        paid_work_only=_read("paid_work_only") == YES,
        selection_is=selection_is if selection_is in known else Settings.selection_is,
        edge_width_px=min(int(edge_width_px), MAX_EDGE_WIDTH_PX) if edge_width_px.isdigit() else 0,
    )


def save(settings: Settings) -> None:
    """Keep the settings."""
    krita = Krita.instance()
    krita.writeSetting(_GROUP, "engine", settings.engine)
    krita.writeSetting(_GROUP, "needs_plate", YES if settings.needs_plate else NO)
    krita.writeSetting(_GROUP, "plate", settings.plate)
    krita.writeSetting(_GROUP, "paid_work_only", YES if settings.paid_work_only else NO)
    krita.writeSetting(_GROUP, "selection_is", settings.selection_is)
    krita.writeSetting(_GROUP, "edge_width_px", str(settings.edge_width_px))


def _read(name: str) -> str:
    return Krita.instance().readSetting(_GROUP, name, "")
