"""The layers of Krita's documents: which can be worked on, and how their pixels go to the daemon."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from krita import Document, Node

from . import profiles
from .flyaway_client.messages import CHANNELS, DTYPES, ImageHeader
from .qt import QtCore

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


def of_active(node: Node | None) -> Node:
    """The paint layer meant when `node` is the active one.

    Raises:
        DocumentError: none is, or not one with pixels of its own.
    """
    if node is None:
        raise DocumentError("No layer is active. Select the photo's layer in the Layers docker.")
    # A new mask becomes the active node, so that a second extraction starts from the first one's mask.
    if node.type().endswith("mask"):
        parent = node.parentNode()
        # The image's selection, where it is shown in the Layers docker, hangs on the root.
        if parent is None or parent.parentNode() is None:
            raise DocumentError(
                f"“{node.name()}” is a mask of the whole image. Select the photo's layer in the Layers "
                "docker."
            )
        node = parent
    if node.type() != "paintlayer":
        kind = KINDS.get(node.type(), f"a {node.type()}. Select a paint layer")
        raise DocumentError(f"“{node.name()}” is {kind}.")
    check_untransformed(node)
    return node


def check_untransformed(layer: Node) -> None:
    """Make sure that the layer's pixels lie where they are seen.

    Raises:
        DocumentError: a transform mask moves on the screen what the daemon would get where it was.
    """
    if any(mask.type() == "transformmask" and mask.visible() for mask in layer.childNodes()):
        raise DocumentError(
            f"“{layer.name()}” has a transform mask. Apply it first: Layer > Flatten Layer."
        )


def check_unlocked(node: Node | None) -> None:
    """Make sure that neither the node nor a group around it is locked.

    Raises:
        DocumentError: one is.
    """
    while node is not None:
        if node.locked():
            raise DocumentError(
                f"“{node.name()}” is locked. Unlock it in the Layers docker, then try again."
            )
        node = node.parentNode()


def paint_layers(document: Document) -> list[Node]:
    """All paint layers of a document, those in groups too, the topmost first."""
    return [node for node in _downwards(document.topLevelNodes()) if node.type() == "paintlayer"]


def _downwards(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in reversed(list(nodes)):
        yield node
        yield from _downwards(node.childNodes())


def identity(node: Node) -> str:
    """What tells a node from all others, as text that can be kept in settings."""
    return node.uniqueId().toString()


def image_header(layer: Node, place: QtCore.QRect) -> ImageHeader:
    """What the layer's pixels at a place of the image will be.

    Raises:
        DocumentError: they cannot be sent.
    """
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


def pixels(node: Node, place: QtCore.QRect) -> QtCore.QByteArray:
    """A node's pixels at a place of the image, rows top to bottom; zeros where it holds nothing."""
    return node.pixelData(place.x(), place.y(), place.width(), place.height())


def colour_of(layer: Node) -> tuple[str, bytes]:
    """How the layer's values are encoded; see `profiles.colour_of`.

    Raises:
        DocumentError: the layer's profile cannot be had.
    """
    try:
        return profiles.colour_of(layer)
    except profiles.ProfileError as error:
        raise DocumentError(str(error)) from error
