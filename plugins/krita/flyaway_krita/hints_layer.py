"""The layer that a retoucher paints hints on, with any brush: found, made, read and painted."""

from __future__ import annotations

from collections.abc import Callable

from krita import Document, Node

from . import layers
from .flyaway_client import hints
from .flyaway_client.planes import Box
from .qt import QtCore

SPACE = ("RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc")
"""Whatever the image's: hints are colours as they are seen."""

OPACITY = 128
"""Of 255: the photo is to be seen through them."""

_PIXEL_BYTES = 4


def is_hints(node: Node) -> bool:
    """Whether a node is such a layer."""
    return node.type() == "paintlayer" and node.name().startswith(hints.LAYER)


def below(node: Node) -> Node | None:
    """The layer that hints are about: the next one below; None where there is none."""
    parent = node.parentNode()
    siblings = [] if parent is None else parent.childNodes()
    names = [one.uniqueId() for one in siblings]
    number = names.index(node.uniqueId())
    others = [one for one in siblings[:number] if not is_hints(one)]
    return others[-1] if others else None


def find(layer: Node) -> Node | None:
    """The hints about a layer; None where there are none yet."""
    parent = layer.parentNode()
    for node in [] if parent is None else parent.childNodes():
        about = below(node) if is_hints(node) else None
        if about is not None and about.uniqueId() == layer.uniqueId():
            return node
    return None


def make(document: Document, layer: Node) -> Node:
    """A new layer for hints, above the one that they are about."""
    node = document.createNode(hints.LAYER, "paintlayer")
    if (node.colorModel(), node.colorDepth()) != SPACE[:2]:
        node.setColorSpace(*SPACE)
    node.setOpacity(OPACITY)
    parent = layer.parentNode()
    assert parent is not None  # only the root has none
    parent.addChildNode(node, layer)
    return node


class Hints:
    """What is painted on such a layer, read again when it has changed.

    Args:
        node: the layer.
        box: what of a rectangle of the image lies on the layer that the hints are about.
        rectangle: where a box of that layer lies in the image.
    """

    def __init__(
        self,
        node: Node,
        box: Callable[[QtCore.QRect], Box | None],
        rectangle: Callable[[Box], QtCore.QRect],
    ) -> None:
        self.node = node
        self._box, self._rectangle = box, rectangle
        self._seen: tuple[Box, bytes] | None = None

    def changes(self) -> tuple[Box, bytes] | None:
        """Where paint has come or gone since the last look, and the levels there now; None where nothing has."""
        painted = self._box(self.node.bounds())
        last = self._seen
        if painted is None and last is None:
            return None
        box = painted.united(last[0] if last else None) if painted else last[0]  # type: ignore[index] # one is there
        pixels = layers.pixels(self.node, self._rectangle(box)).data()
        self._seen = box, pixels
        if last is None or last[0] != box:
            return box, hints.levels(pixels)
        rows = _other_rows(last[1], pixels, box.width * _PIXEL_BYTES)
        if rows is None:
            return None
        first, stop = rows
        content = pixels[first * box.width * _PIXEL_BYTES : stop * box.width * _PIXEL_BYTES]
        return Box(box.left, box.top + first, box.width, stop - first), hints.levels(content)

    def paint(self, box: Box, levels: bytes) -> None:
        """Change the paint in a box to levels; it counts as seen."""
        place = self._rectangle(box)
        self.node.setPixelData(
            hints.paint(levels), place.x(), place.y(), place.width(), place.height()
        )
        self._seen = None
        self.changes()


def _other_rows(before: bytes, after: bytes, row_bytes: int) -> tuple[int, int] | None:
    """The first row that differs, and the one after the last; None where none does."""
    if before == after:
        return None
    starts = range(0, len(after), row_bytes)
    others = [
        number
        for number, start in enumerate(starts)
        if before[start : start + row_bytes] != after[start : start + row_bytes]
    ]
    return others[0], others[-1] + 1
