"""Which selection counts for a layer in Krita: its own, a local selection, or else the image's."""

from __future__ import annotations

from krita import Document, Node, Selection

from .qt import QtCore

Selected = Selection | Node
"""The image's selection, or the selection mask that hangs on a layer; both hold levels 0..255."""


def of_layer(document: Document, layer: Node) -> Selected | None:
    """The selection that counts for a layer; None where nothing is selected."""
    own = (node for node in layer.childNodes() if node.type() == "selectionmask" and node.visible())
    return next(own, None) or document.selection()


def bounds(selection: Selected) -> QtCore.QRect:
    """The box around what it selects, in the image's coordinates."""
    if isinstance(selection, Node):
        return selection.bounds()
    return QtCore.QRect(selection.x(), selection.y(), selection.width(), selection.height())
