"""The user's options, kept in Krita's own settings file for the next start and for the actions."""

from __future__ import annotations

from collections.abc import Iterable

from krita import Krita

from . import layers
from .flyaway_client.menu_entries import MenuEntry
from .flyaway_client.options import (
    LAYER_MASK,
    MAX_EDGE_WIDTH_PX,
    NEW_LAYER,
    SELECTION,
    Options,
)
from .flyaway_client.paid_work import PaidWork
from .flyaway_client.wording import _

OUTPUT_ENTRIES = (
    MenuEntry(
        LAYER_MASK, _("Transparency mask"), _("A mask on the layer; one that it has is hidden")
    ),
    MenuEntry(
        NEW_LAYER,
        _("New layer with mask, colors decontaminated"),
        _(
            "The subject's own colours, free of the background's. The layer is hidden and left as it is"
        ),
    ),
    MenuEntry(
        SELECTION, _("Selection"), _("In place of the present one; the layer is left as it is")
    ),
)

_GROUP = "flyaway_krita"
YES, NO = "true", "false"

_meanings: dict[str, tuple[str, str]] = {}
"""What the user has said that a selection is, and what it is taken from, by image: it says nothing about another."""


def load() -> Options:
    """The options as last saved; what makes no sense, such as that of a later version, is left out."""
    usual = Options()
    edge_width_px = _read("edge_width_px")
    output = _read("output")
    selection_is, selection_from = _meanings.get(_image(), (usual.selection_is, ""))
    return Options(
        engine=_read("engine") or usual.engine,
        needs_plate=_read("needs_plate") == YES,
        plate=_read("plate"),
        paid_work=PaidWork.of(_read("paid_work_only") == YES, _read("paid_training_only") == YES),
        transparent=_read("transparent") == YES,
        selection_is=selection_is,
        selection_from=selection_from,
        edge_width_px=min(int(edge_width_px), MAX_EDGE_WIDTH_PX) if edge_width_px.isdigit() else 0,
        output=output if output in {entry.name for entry in OUTPUT_ENTRIES} else usual.output,
    )


def save(options: Options) -> None:
    """Keep the options, what the selection is and where it is taken from for the active image alone."""
    _meanings[_image()] = options.selection_is, options.selection_from
    krita = Krita.instance()
    krita.writeSetting(_GROUP, "engine", options.engine)
    krita.writeSetting(_GROUP, "needs_plate", YES if options.needs_plate else NO)
    krita.writeSetting(_GROUP, "plate", options.plate)
    krita.writeSetting(_GROUP, "paid_work_only", YES if options.paid_work.weights else NO)
    krita.writeSetting(_GROUP, "paid_training_only", YES if options.paid_work.training else NO)
    krita.writeSetting(_GROUP, "transparent", YES if options.transparent else NO)
    krita.writeSetting(_GROUP, "edge_width_px", str(options.edge_width_px))
    krita.writeSetting(_GROUP, "output", options.output)


def load_compared() -> tuple[str, ...]:
    """The engines that were compared the last time, by name."""
    return tuple(name for name in _read("compared").split(",") if name)


def save_compared(engines: Iterable[str]) -> None:
    """Keep those for the next time."""
    Krita.instance().writeSetting(_GROUP, "compared", ",".join(engines))


def _read(name: str) -> str:
    return Krita.instance().readSetting(_GROUP, name, "")


def _image() -> str:
    """What identifies the active image; "" where none is open."""
    document = Krita.instance().activeDocument()
    return "" if document is None else layers.identity(document.rootNode())
