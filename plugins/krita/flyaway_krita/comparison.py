"""Runs one comparison of engines, from the layer to the sheet as a document of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from krita import Krita

from . import host, options, profiles
from .flyaway_client import calls, texts
from .flyaway_client.background import Work
from .flyaway_client.comparing import Sheet
from .flyaway_client.conversation import Report, ShouldStop
from .flyaway_client.options import NEW_LAYER
from .flyaway_client.paid_work import PaidWork

_RESOLUTION_PPI = 72.0


@dataclass(frozen=True, slots=True)
class Shown:
    """A sheet as Krita takes it: HxW of B, G, R and A, 8 bits each."""

    width: int
    height: int
    bgra: bytes


def begin(engines: Sequence[str], paid_work: PaidWork) -> Work[Shown]:
    """What is selected of the active layer, read for engines to be compared on it in the background.

    Args:
        engines: their names.
        paid_work: what has to allow paid work.

    Raises:
        DocumentError: there is nothing here that can be cut out of.
    """
    chosen = options.load()
    # The cut-outs show the subject's own colours, as a new layer does.
    chosen = replace(chosen, needs_plate=False, plate="", output=NEW_LAYER, paid_work=paid_work)
    if chosen.selection_is == "automatic":  # what is selected is the part that is compared
        chosen = replace(chosen, selection_is="guess")
    target = host.find_target(chosen)
    pixels, name, title = host.read(target, chosen), host.client_name(), host.image_name(target)

    def work(report: Report, should_stop: ShouldStop) -> Shown:
        return _shown(calls.compare(name, pixels, chosen, engines, title, report, should_stop))

    return work


def open_document(shown: Shown) -> None:
    """Open the sheet beside the user's documents, which stay as they are."""
    krita = Krita.instance()
    document = krita.createDocument(
        shown.width,
        shown.height,
        texts.COMPARISON,
        "RGBA",
        "U8",
        profiles.USUAL_SRGB,
        _RESOLUTION_PPI,
    )
    document.topLevelNodes()[0].setPixelData(shown.bgra, 0, 0, shown.width, shown.height)
    document.refreshProjection()
    window = krita.activeWindow()
    assert window is not None  # the user has pressed a button in it
    window.addView(document)


def _shown(sheet: Sheet) -> Shown:
    """A sheet's R, G and B turned round, with all of it opaque."""
    bgra = bytearray(b"\xff") * (4 * sheet.header.pixels)
    for place in range(3):
        bgra[2 - place :: 4] = sheet.pixels[place::3]
    return Shown(sheet.header.width, sheet.header.height, bytes(bgra))
