"""From Krita's document and back: which layer is meant, what of it is sent, and where the alpha goes.

For the main thread alone. What is found at the click is kept: while the daemon works, the user may go on to
other layers and documents.
"""

from __future__ import annotations

from dataclasses import dataclass

from krita import Document, Krita, Node

from . import layers, layouts, outputs, plates
from .flyaway_client import refusals
from .flyaway_client.client import Extracted
from .flyaway_client.layer import LayerPixels, Picture
from .flyaway_client.options import Options
from .flyaway_client.refusals import DocumentError
from .qt import QtCore

MASK_DTYPE = "u8"
"""Krita keeps masks at 8 bits, whatever the depth of the image."""

DESELECT = "Select > Deselect"


@dataclass(frozen=True, slots=True)
class Target:
    """The layer of one extraction, as it was at the click.

    Attributes:
        place: the piece that is worked on, in the image's coordinates.
        canvas: the image's own size, from 0, 0.
        position: the layer's offset, to see whether it was moved meanwhile.
    """

    document: Document
    layer: Node
    place: QtCore.QRect
    canvas: QtCore.QRect
    position: QtCore.QPoint


def client_name() -> str:
    """How the plugin introduces itself to the daemon."""
    return f"krita {Krita.instance().version()}"


def find_target(options: Options) -> Target:
    """The active layer of the active document, and which piece of it is meant.

    Raises:
        DocumentError: there is nothing here that can be cut out of.
    """
    document = Krita.instance().activeDocument()
    if document is None:
        raise DocumentError("No image is open. Open a photo, then try again.")
    layer = layers.of_active(document.activeNode())
    layers.check_unlocked(layer)
    canvas = QtCore.QRect(0, 0, document.width(), document.height())
    place = layer.bounds()
    if place.isEmpty():
        raise DocumentError(
            f"The layer “{layer.name()}” is empty. Select the layer with the photo."
        )
    selection = document.selection() if options.uses_selection else None
    if selection is not None:
        # Beyond the canvas nobody can select, so nothing there is known to be background.
        selected = QtCore.QRect(selection.x(), selection.y(), selection.width(), selection.height())
        place = place.intersected(canvas.united(selected))
        if place.isEmpty():
            raise refusals.selection_beside(layer.name(), DESELECT)
    return Target(document, layer, place, canvas, layer.position())


def read(target: Target, options: Options) -> LayerPixels:
    """The layer's pixels where they are meant, the selection over them, and the plate if one is needed.

    Raises:
        DocumentError: the layer's colours cannot be sent, the selection says nothing about it, or there is
            no plate to compare it with.
    """
    layer, place = target.layer, target.place
    header = layouts.image_header(layer, place)
    selection = _read_selection(target) if options.uses_selection else None
    colour, icc = layers.colour_of(layer)
    plate = None
    if options.needs_plate:
        plate = plates.read(plates.find(target.document, layer, options.plate), layer, place)
    image = Picture(header, memoryview(layers.pixels(layer, place)))
    return LayerPixels(image, colour, icc, selection, plate)


def put(target: Target, extracted: Extracted, output: str) -> None:
    """Put the alpha where the user wants it.

    Raises:
        DocumentError: the document or layer is gone or no longer what it was.
    """
    _check_still_there(target)
    layer = target.layer
    layers.check_unlocked(layer)
    place = target.place.translated(layer.position() - target.position)
    outputs.put(output, target.document, layer, place, extracted)


def _check_still_there(target: Target) -> None:
    document = target.document
    if not any(document == one for one in Krita.instance().documents()):
        raise DocumentError("The image was closed meanwhile, so its mask was dropped.")
    if document.nodeByUniqueID(target.layer.uniqueId()) is None:
        raise DocumentError("The layer was deleted meanwhile, so its mask was dropped.")
    if (document.width(), document.height()) != (target.canvas.width(), target.canvas.height()):
        raise DocumentError(
            "The image changed its size meanwhile, so the mask was dropped. Extract again."
        )


def _read_selection(target: Target) -> bytes | None:
    selection = target.document.selection()
    if selection is None:
        return None
    place = target.place
    selected = selection.pixelData(place.x(), place.y(), place.width(), place.height()).data()
    if selected.count(0) == len(selected):
        raise refusals.selection_beside(target.layer.name(), DESELECT)
    if selected.count(255) == len(selected):
        raise DocumentError(
            f"The selection covers all of the layer “{target.layer.name()}”, so nothing is left to cut "
            f"away. Select the subject alone, or nothing ({DESELECT}) to have it found."
        )
    return selected
