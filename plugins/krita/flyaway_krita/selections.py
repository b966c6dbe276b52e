"""Which selection counts for a layer in Krita: its own, the image's, or the mask or layer that the user has chosen."""

from __future__ import annotations

from typing import TypeGuard

from krita import Document, Node, Selection

from . import layers, layouts, plates, profiles
from .flyaway_client import miniature, painted, refusals, texts
from .flyaway_client.wording import _
from .qt import QtCore

Selected = Selection | Node
"""The image's selection, or a mask or layer that is taken for one; the first two hold levels 0..255."""

DESELECT = _("Select > Deselect")


def candidates(document: Document, layer: Node) -> list[tuple[str, str]]:
    """What the selection of a layer can be taken from, as identities and labels: first the selection itself."""
    masks, others = _masks(document, layer), plates.candidates(document, layer)
    return [
        ("", texts.FROM_SELECTION),
        *((layers.identity(mask), _("Mask “{name}”").format(name=mask.name())) for mask in masks),
        *((layers.identity(other), texts.from_layer(other.name())) for other in others),
    ]


def find(document: Document, layer: Node, chosen: str) -> Selected | None:
    """What counts for a layer; None where nothing is selected.

    Args:
        document: the image.
        layer: what is to be cut out of.
        chosen: the identity of what the selection is to be taken from; "" for the selection itself.

    Raises:
        DocumentError: what was chosen is the layer itself, lies beside it, or is gone.
    """
    if chosen == layers.identity(layer):
        raise refusals.source_is_layer(layer.name())
    nodes = [*_masks(document, layer), *plates.candidates(document, layer)]
    source = next((node for node in nodes if layers.identity(node) == chosen), None)
    if source is None:
        # In Krita 5.1 what comes of this is no node, but tells that there is one.
        if chosen and document.nodeByUniqueID(QtCore.QUuid(chosen)) is None:
            raise refusals.source_gone()
        # A mask was chosen for the layer that it hangs on, and the menu offers it for no other.
        return _of_layer(document, layer)
    if _is_mask(source):
        return source
    layers.check_untransformed(source)
    if source.bounds().intersected(layer.bounds()).isEmpty():
        raise refusals.source_beside(source.name(), layer.name())
    return source


def bounds(selection: Selected) -> QtCore.QRect:
    """The box around what it selects, in the image's coordinates."""
    if isinstance(selection, Node):
        return selection.bounds()
    return QtCore.QRect(selection.x(), selection.y(), selection.width(), selection.height())


def levels(selection: Selected, place: QtCore.QRect, layer: Node) -> bytes:
    """What is selected at a place of the image, HxW.

    Raises:
        DocumentError: nothing is, or the colours of what it is taken from cannot be read.
    """
    content = selection.pixelData(place.x(), place.y(), place.width(), place.height()).data()
    return _checked(_as_levels(content, selection, place), selection, layer)


def small_levels(selection: Selected, place: QtCore.QRect, layer: Node) -> tuple[bytes, int]:
    """The same of a small copy, and how much is partly selected; see `miniature.shrunk_levels`."""
    width, height = place.width(), place.height()

    def row(number: int) -> bytes:
        pixels = selection.pixelData(place.x(), place.y() + number, width, 1).data()
        return _as_levels(pixels, selection, place)

    small, partly_px = miniature.shrunk_levels(row, width, height)
    return _checked(small, selection, layer), partly_px


def _as_levels(content: bytes, selection: Selected, place: QtCore.QRect) -> bytes:
    """Pixels of a selection or mask as they are, those of a layer as bright as they are seen."""
    if not _is_painted(selection):
        return content
    header = layouts.image_header(selection, place)
    is_linear = selection.colorProfile() in profiles.LINEAR_SRGB
    return painted.levels(content, header.channels, header.dtype, is_linear=is_linear)


def _of_layer(document: Document, layer: Node) -> Selected | None:
    own = (node for node in layer.childNodes() if node.type() == "selectionmask" and node.visible())
    return next(own, None) or document.selection()


def _masks(document: Document, layer: Node) -> list[Node]:
    """The masks that can say where the subject of a layer is: its own, and the image's selection if that counts less."""
    own = [node for node in layer.childNodes() if _is_mask(node)]
    is_local = any(node.type() == "selectionmask" and node.visible() for node in own)
    # The image's selection hangs on the root.
    return own + [one for one in document.topLevelNodes() if is_local and _is_mask(one)]


def _is_mask(node: Node) -> bool:
    return node.type() in ("transparencymask", "selectionmask")


def _is_painted(selection: Selected) -> TypeGuard[Node]:
    """Whether it is a layer, whose greys count."""
    return not isinstance(selection, Selection) and not _is_mask(selection)


def _checked(content: bytes, selection: Selected, layer: Node) -> bytes:
    """The levels, of which some say something.

    Raises:
        DocumentError: none does.
    """
    empty = content.count(0)
    if _is_painted(selection):
        empty = max(empty, content.count(painted.UNKNOWN))
    if empty < len(content):
        return content
    if isinstance(selection, Selection):
        raise refusals.selection_beside(layer.name(), DESELECT)
    raise refusals.source_empty(selection.name(), layer.name())
