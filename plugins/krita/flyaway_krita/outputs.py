"""Where the result goes in Krita: what each output makes of the alpha."""

from __future__ import annotations

from collections.abc import Callable

from krita import Document, Node

from . import masks
from .flyaway_client.client import Extracted
from .flyaway_client.options import LAYER_MASK
from .qt import QtCore

MASK_NAME = "Extracted Foreground"


def put(
    output: str, document: Document, layer: Node, place: QtCore.QRect, extracted: Extracted
) -> None:
    """Make what the user wants of a layer and its alpha.

    Args:
        output: one of flyaway_client.options.
        document: the layer's.
        layer: what the subject was cut out of.
        place: where in the image the alpha lies.
        extracted: the alpha, as deep as Krita keeps masks.
    """
    _OUTPUTS[output](document, layer, place, extracted)


def _put_transparency_mask(
    document: Document, layer: Node, place: QtCore.QRect, extracted: Extracted
) -> None:
    """A transparency mask for the layer; replaces the one an earlier extraction made."""
    earlier = [mask for mask in layer.childNodes() if _is_ours(mask)]
    mask = masks.new_mask(document, MASK_NAME)
    # Filled before it is attached: one undo step, and redo brings the alpha back.
    alpha_u8 = bytes(extracted.alpha)
    mask.setPixelData(alpha_u8, place.x(), place.y(), place.width(), place.height())
    layer.addChildNode(mask, None)
    for old in earlier:
        old.remove()


_OUTPUTS: dict[str, Callable[[Document, Node, QtCore.QRect, Extracted], None]] = {
    LAYER_MASK: _put_transparency_mask,
}


def _is_ours(node: Node) -> bool:
    """Whether an earlier extraction made it; one that the user has renamed is the user's."""
    return node.type() == "transparencymask" and node.name() == MASK_NAME
