"""Where the result goes in Krita: what each output makes of the alpha."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

from krita import Document, Node, Selection

from . import appearance, layers, masks
from .flyaway_client.client import Extracted
from .flyaway_client.layer import Picture, decontaminated, mixed_runs
from .flyaway_client.options import CUTOUT, LAYER_MASK, NEW_LAYER, SELECTION
from .flyaway_client.wording import _
from .qt import QtCore

MASK_NAME = _("Extracted Foreground")
ALPHA_DTYPE = "u8"

_OPAQUE, _NORMAL = 255, "normal"
"""A layer's opacity and blending mode, as Krita names them, that leave it as it is."""

_made: dict[str, bytes] = {}
"""Masks that extractions have made since Krita's start, by their identity, and the digest of what was in them."""


@dataclass(frozen=True, slots=True)
class Result:
    """What an extraction of a layer gave.

    Attributes:
        document: the layer's.
        layer: what the subject was cut out of.
        place: where in the image `image` and the alpha lie.
        image: the layer's pixels there.
        extracted: the alpha, as deep as Krita keeps masks, and the subject's own colours if they were wanted.
    """

    document: Document
    layer: Node
    place: QtCore.QRect
    image: Picture
    extracted: Extracted


def put(output: str, result: Result) -> tuple[str, ...]:
    """Make what the user wants of a result; sentences on what else has changed.

    Args:
        output: one of flyaway_client.options.
        result: what came of the work.
    """
    return _OUTPUTS[output](result)


def select(document: Document, place: QtCore.QRect, alpha_u8: bytes) -> None:
    """Select by an alpha, HxW, at a place of the image, in place of what is selected."""
    selection = Selection()
    selection.setPixelData(alpha_u8, place.x(), place.y(), place.width(), place.height())
    document.setSelection(selection)


def _put_transparency_mask(result: Result) -> tuple[str, ...]:
    """A transparency mask for the layer, the only one that counts."""
    earlier = masks.seen(result.layer)
    _attach_mask(result, result.layer)
    hidden = []
    for mask in earlier:
        # Both would be multiplied. What nobody has painted on can be made again; all else stays.
        if _is_as_made(mask):
            mask.remove()
        else:
            mask.setVisible(False)
            hidden.append(mask.name())
    if not hidden:
        return ()
    result.document.refreshProjection()
    names = ", ".join(f"“{name}”" for name in hidden)
    return (_("The mask that was there ({names}) is hidden, not deleted.").format(names=names),)


def _put_new_layer(result: Result) -> tuple[str, ...]:
    """A copy of the layer above it, with the subject's own colours and the mask; the layer is hidden."""
    copy = _copy(result)
    copy.setName(_copy_name(result))
    _put_above(result, copy, result.layer)
    return _hidden(result)


def _put_cutout(result: Result) -> tuple[str, ...]:
    """The same as one layer without a mask: Krita merges both into an empty one below."""
    layer, copy = result.layer, _copy(result)
    ground = _empty_like(result)
    ground.setName(_copy_name(result))
    ground.setOpacity(copy.opacity())
    ground.setBlendingMode(copy.blendingMode())
    copy.setOpacity(_OPAQUE)
    copy.setBlendingMode(_NORMAL)
    parent = layer.parentNode()
    assert parent is not None  # only the root has none
    parent.addChildNode(ground, layer)
    _put_above(result, copy, ground)
    # It is merged as it is seen, so only once that is known.
    result.document.waitForDone()
    copy.mergeDown()
    return _hidden(result)


def _put_above(result: Result, copy: Node, below: Node) -> None:
    """Fill a copy of the layer with the subject's own colours, put it above another layer, and give it the mask."""
    place, parent = result.place, below.parentNode()
    assert parent is not None  # only the root has none
    copy.setPixelData(_clean(result), place.x(), place.y(), place.width(), place.height())
    parent.addChildNode(copy, below)
    _attach_mask(result, copy)


def _hidden(result: Result) -> tuple[str, ...]:
    """Hide the layer, and say so."""
    result.layer.setVisible(False)
    result.document.refreshProjection()
    return (_("“{layer}” is hidden and as it was.").format(layer=result.layer.name()),)


def _copy_name(result: Result) -> str:
    return f"{result.layer.name()} cutout"


def _copy(result: Result) -> Node:
    """A paint layer like the layer, without its masks and not yet attached; what it holds is still to come."""
    layer = result.layer
    if layer.type() == layers.PAINT:
        copy = layer.duplicate()
        for mask in copy.childNodes():
            mask.remove()
        return copy
    copy = _empty_like(result)
    copy.setOpacity(layer.opacity())
    copy.setBlendingMode(layer.blendingMode())
    return copy


def _empty_like(result: Result) -> Node:
    """An empty paint layer of the layer's colour space, not yet attached."""
    node, space = result.document.createNode("", layers.PAINT), appearance.space_of(result.layer)
    if appearance.space_of(node) != space:
        node.setColorSpace(*space)
    return node


def _clean(result: Result) -> bytes:
    """The layer's pixels as Krita has them, with the subject's own colours where it is mixed with what is behind it."""
    layer, place, extracted = result.layer, result.place, result.extracted
    is_converted = appearance.is_converted(layer)
    foreground = extracted.foreground
    if foreground is None:
        return appearance.native(result.document, layer, place)
    pixels = decontaminated(result.image, foreground, extracted.alpha, ALPHA_DTYPE)
    if not is_converted:
        return pixels
    # Colours on their way through another model come back nearly, not wholly, as they were.
    own = bytearray(appearance.native(result.document, layer, place))
    clean = appearance.as_native(pixels, layer, place)
    size = len(own) // result.image.header.pixels
    for run in mixed_runs(extracted.alpha, ALPHA_DTYPE):
        piece = slice(run.start * size, run.stop * size)
        own[piece] = clean[piece]
    return bytes(own)


def _put_selection(result: Result) -> tuple[str, ...]:
    select(result.document, result.place, bytes(result.extracted.alpha))
    return ()


_OUTPUTS: dict[str, Callable[[Result], tuple[str, ...]]] = {
    LAYER_MASK: _put_transparency_mask,
    NEW_LAYER: _put_new_layer,
    CUTOUT: _put_cutout,
    SELECTION: _put_selection,
}


def _attach_mask(result: Result, layer: Node) -> None:
    """Give `layer` a transparency mask with the alpha."""
    mask, place = masks.new_mask(result.document, MASK_NAME), result.place
    # Filled before it is attached: one undo step, and redo brings the alpha back.
    alpha_u8 = bytes(result.extracted.alpha)
    mask.setPixelData(alpha_u8, place.x(), place.y(), place.width(), place.height())
    layer.addChildNode(mask, None)
    _made[layers.identity(mask)] = _digest(mask)


def _is_as_made(mask: Node) -> bool:
    """Whether an extraction made it and nobody has changed or renamed it since."""
    return mask.name() == MASK_NAME and _made.get(layers.identity(mask)) == _digest(mask)


def _digest(mask: Node) -> bytes:
    box = mask.bounds()
    content = layers.pixels(mask, box).data()
    return hashlib.sha256(repr((box.x(), box.y(), box.width())).encode() + content).digest()
