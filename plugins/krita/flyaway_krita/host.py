"""All that touches Krita's documents: which layer is meant, its pixels, and where the alpha goes.

For the main thread alone. What is found at the click is kept: while the daemon works, the user may go on to
other layers and documents.
"""

from __future__ import annotations

from dataclasses import dataclass

from krita import Document, Krita, Node

from . import masks, profiles
from .flyaway_client.messages import CHANNELS, DTYPES, ImageHeader
from .qt import QtCore
from .request import LayerPixels

MASK_NAME = "Extracted Foreground"

LAYOUTS = {
    ("RGBA", "U8"): ("bgra", "u8"),
    ("RGBA", "U16"): ("bgra", "u16"),
    ("RGBA", "F16"): ("rgba", "f16"),
    ("RGBA", "F32"): ("rgba", "f32"),
    ("GRAYA", "U8"): ("graya", "u8"),
    ("GRAYA", "U16"): ("graya", "u16"),
    ("GRAYA", "F16"): ("graya", "f16"),
    ("GRAYA", "F32"): ("graya", "f32"),
}
"""Krita's colour model and depth -> the wire's channels and dtype. Only integers have blue first."""

MAX_ARRAY_BYTES = 2**31 - 64
"""Qt 5 cannot hold more in one array."""

KINDS = {
    "grouplayer": "a group. Select the paint layer that holds the photo",
    "vectorlayer": "a vector layer. Convert it first: Layer > Convert > To Paint Layer",
    "filelayer": "a file layer. Convert it first: Layer > Convert > To Paint Layer",
    "clonelayer": "a clone layer. Select the layer it is a clone of",
    "filterlayer": "a filter layer, which has no picture of its own. Select a paint layer",
    "filllayer": "a fill layer, which has no picture of its own. Select a paint layer",
}
"""Layers that are no paint layers, as sentences go on."""


class DocumentError(Exception):
    """This image, layer or selection cannot be worked on; the text tells the user what to change."""


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


def find_target(*, uses_selection: bool) -> Target:
    """The active layer of the active document, and which piece of it is meant.

    Raises:
        DocumentError: there is nothing here that can be cut out of.
    """
    document = Krita.instance().activeDocument()
    if document is None:
        raise DocumentError("No image is open. Open a photo, then try again.")
    layer = _photo_layer(document.activeNode())
    _check_unlocked(layer)
    canvas = QtCore.QRect(0, 0, document.width(), document.height())
    place = layer.bounds()
    if place.isEmpty():
        raise DocumentError(
            f"The layer “{layer.name()}” is empty. Select the layer with the photo."
        )
    selection = document.selection() if uses_selection else None
    if selection is not None:
        # Beyond the canvas nobody can select, so nothing there is known to be background.
        selected = QtCore.QRect(selection.x(), selection.y(), selection.width(), selection.height())
        place = place.intersected(canvas.united(selected))
        if place.isEmpty():
            raise _untouched(layer)
    return Target(document, layer, place, canvas, layer.position())


def read(target: Target, *, uses_selection: bool) -> LayerPixels:
    """The layer's pixels where they are meant, and the selection over them.

    Raises:
        DocumentError: the layer's colours cannot be sent, or the selection says nothing about it.
    """
    image = _image_header(target)
    selection = _read_selection(target) if uses_selection else None
    try:
        colour, icc = profiles.colour_of(target.layer)
    except profiles.ProfileError as error:
        raise DocumentError(str(error)) from error
    place = target.place
    pixels = target.layer.pixelData(place.x(), place.y(), place.width(), place.height())
    return LayerPixels(image, memoryview(pixels), colour, icc, selection)


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
    _check_unlocked(layer)
    earlier = [mask for mask in layer.childNodes() if _is_ours(mask)]
    place = target.place.translated(layer.position() - target.position)
    mask = masks.new_mask(document, MASK_NAME)
    # Filled before it is attached: one undo step, and redo brings the alpha back.
    mask.setPixelData(alpha_u8, place.x(), place.y(), place.width(), place.height())
    layer.addChildNode(mask, None)
    for old in earlier:
        old.remove()


def _photo_layer(node: Node | None) -> Node:
    """The paint layer meant when `node` is active."""
    if node is None:
        raise DocumentError("No layer is active. Select the photo's layer in the Layers docker.")
    # A new mask becomes the active node, so that a second extraction starts from the first one's mask.
    if node.type().endswith("mask"):
        parent = node.parentNode()
        if parent is None:
            raise DocumentError("A mask is active. Select the layer that it belongs to.")
        node = parent
    if node.type() != "paintlayer":
        kind = KINDS.get(node.type(), f"a {node.type()}. Select a paint layer")
        raise DocumentError(f"“{node.name()}” is {kind}.")
    if any(mask.type() == "transformmask" and mask.visible() for mask in node.childNodes()):
        # It moves on the screen what the daemon would get where it was.
        raise DocumentError(
            f"“{node.name()}” has a transform mask. Apply it first: Layer > Flatten Layer."
        )
    return node


def _check_unlocked(layer: Node) -> None:
    node: Node | None = layer
    while node is not None:
        if node.locked():
            raise DocumentError(
                f"“{node.name()}” is locked. Unlock it in the Layers docker, then try again."
            )
        node = node.parentNode()


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


def _image_header(target: Target) -> ImageHeader:
    """What the pixels of the target will be."""
    layer, place = target.layer, target.place
    model, depth = layer.colorModel(), layer.colorDepth()
    if (model, depth) not in LAYOUTS:
        raise DocumentError(
            f"“{layer.name()}” is in the colour model {model.removesuffix('A')}. Convert the image to "
            "RGB first: Image > Convert Image Color Space."
        )
    channels, dtype = LAYOUTS[model, depth]
    header = ImageHeader(place.width(), place.height(), channels, dtype)
    if header.bytes > MAX_ARRAY_BYTES:
        most = MAX_ARRAY_BYTES // (CHANNELS[channels] * DTYPES[dtype]) // 1_000_000
        raise DocumentError(
            f"“{layer.name()}” has {header.pixels // 1_000_000} megapixels; at this depth Krita hands "
            f"over at most {most}. Scale the image down, or convert it to 8 or 16 bits."
        )
    return header


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
