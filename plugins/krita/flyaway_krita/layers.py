"""The layers of Krita's documents: which can be worked on, and what they hold."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from krita import Document, Node

from . import profiles
from .flyaway_client.refusals import DocumentError
from .flyaway_client.wording import _
from .qt import QtCore

PAINT = "paintlayer"
KINDS = frozenset({PAINT, "grouplayer", "vectorlayer", "filelayer", "clonelayer", "filllayer"})
"""Layers that show a picture, by their own pixels or by what they make."""

OTHERS = {"filterlayer": _("a filter layer, which has no picture of its own. Select another layer")}
"""Layers that do not, as sentences go on."""


def of_active(node: Node | None) -> Node:
    """The layer meant when `node` is the active one.

    Raises:
        DocumentError: none is, or not one that shows a picture.
    """
    if node is None:
        raise DocumentError(_("No layer is active. Select the photo's layer in the Layers docker."))
    # A new mask becomes the active node, so that a second extraction starts from the first one's mask.
    if node.type().endswith("mask"):
        parent = node.parentNode()
        # The image's selection, where it is shown in the Layers docker, hangs on the root.
        if parent is None or parent.parentNode() is None:
            raise DocumentError(
                _(
                    "“{layer}” is a mask of the whole image. Select the photo's layer in the Layers docker."
                ).format(layer=node.name())
            )
        node = parent
    if node.type() not in KINDS:
        kind = OTHERS.get(node.type(), _("a {type}. Select a paint layer").format(type=node.type()))
        raise DocumentError(_("“{layer}” is {kind}.").format(layer=node.name(), kind=kind))
    check_untransformed(node)
    return node


def check_untransformed(layer: Node) -> None:
    """Make sure that the layer's pixels lie where they are seen.

    Raises:
        DocumentError: a transform mask moves on the screen what the daemon would get where it was.
    """
    if any(mask.type() == "transformmask" and mask.visible() for mask in layer.childNodes()):
        raise DocumentError(
            _("“{layer}” has a transform mask. Apply it first: Layer > Flatten Layer.").format(
                layer=layer.name()
            )
        )


def check_unlocked(node: Node | None) -> None:
    """Make sure that neither the node nor a group around it is locked.

    Raises:
        DocumentError: one is.
    """
    while node is not None:
        if node.locked():
            raise DocumentError(
                _("“{layer}” is locked. Unlock it in the Layers docker, then try again.").format(
                    layer=node.name()
                )
            )
        node = node.parentNode()


def paint_layers(document: Document) -> list[Node]:
    """All paint layers of a document, those in groups too, the topmost first."""
    return [node for node in _downwards(document.topLevelNodes()) if node.type() == PAINT]


def _downwards(nodes: Iterable[Node]) -> Iterator[Node]:
    for node in reversed(list(nodes)):
        yield node
        yield from _downwards(node.childNodes())


def identity(node: Node) -> str:
    """What identifies a node, as text that can be kept from one start to the next."""
    return node.uniqueId().toString()


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
