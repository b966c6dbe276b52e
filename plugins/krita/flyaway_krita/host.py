"""From Krita's document and back: which layer is meant, what of it is sent, and where the alpha goes.

For the main thread alone. What is found at the click is kept: while the daemon works, the user may go on to
other layers and documents.
"""

from __future__ import annotations

from dataclasses import dataclass

from krita import Document, Krita, Node

from . import layers, masks, plates
from .layers import DocumentError
from .qt import QtCore
from .request import LayerPixels, Settings

MASK_NAME = "Extracted Foreground"


@dataclass(frozen=True)
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


def find_target(settings: Settings) -> Target:
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
    selection = document.selection() if settings.uses_selection else None
    if selection is not None:
        # Beyond the canvas nobody can select, so nothing there is known to be background.
        selected = QtCore.QRect(selection.x(), selection.y(), selection.width(), selection.height())
        place = place.intersected(canvas.united(selected))
        if place.isEmpty():
            raise _untouched(layer)
    return Target(document, layer, place, canvas, layer.position())


def read(target: Target, settings: Settings) -> LayerPixels:
    """The layer's pixels where they are meant, the selection over them, and the plate if one is needed.

    Raises:
        DocumentError: the layer's colours cannot be sent, the selection says nothing about it, or there is
            no plate to compare it with.
    """
    layer, place = target.layer, target.place
    image = layers.image_header(layer, place)
    selection = _read_selection(target) if settings.uses_selection else None
    colour, icc = layers.colour_of(layer)
    plate = None
    if settings.needs_plate:
        plate = plates.read(plates.find(target.document, layer, settings.plate), layer, place)
    return LayerPixels(
        image, memoryview(layers.pixels(layer, place)), colour, icc, selection, plate
    )


def put_mask(target: Target, alpha_u8: bytes) -> None:
    """Give the layer a transparency mask; replaces the one an earlier extraction made.

    Args:
        target: where it goes.
        alpha_u8: HxW of the target's place.

    Raises:
        DocumentError: the document or layer is gone or no longer what it was.
    """
    document, layer = target.document, target.layer
    _check_still_there(target)
    layers.check_unlocked(layer)
    earlier = [mask for mask in layer.childNodes() if _is_ours(mask)]
    place = target.place.translated(layer.position() - target.position)
    mask = masks.new_mask(document, MASK_NAME)
    # Filled before it is attached: one undo step, and redo brings the alpha back.
    mask.setPixelData(alpha_u8, place.x(), place.y(), place.width(), place.height())
    layer.addChildNode(mask, None)
    for old in earlier:
        old.remove()


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
        raise _untouched(target.layer)
    if selected.count(255) == len(selected):
        raise DocumentError(
            f"The selection covers all of the layer “{target.layer.name()}”, so nothing is left to cut "
            "away. Select the subject alone, or nothing (Select > Deselect) to have it found."
        )
    return selected


def _untouched(layer: Node) -> DocumentError:
    return DocumentError(
        f"The selection does not touch the layer “{layer.name()}”. Select its subject, or nothing "
        "(Select > Deselect) to have it found."
    )


def _is_ours(node: Node) -> bool:
    """Whether an earlier extraction made it; one that the user has renamed is the user's."""
    return node.type() == "transparencymask" and node.name() == MASK_NAME
