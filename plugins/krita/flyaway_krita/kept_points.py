"""What was pointed at, kept with the image in the document and taken up again tomorrow."""

from __future__ import annotations

from .flyaway_client.clicks import Kept
from .host import Target
from .qt import QtCore

_ABOUT = "Where Flyaway's user has pointed"


def read(target: Target) -> Kept | None:
    """What was pointed at in a layer the last time; None where nothing was, or it cannot be read."""
    content = target.document.annotation(_name(target))
    return None if content.isEmpty() else Kept.read(bytes(content.data()))


def put(target: Target, kept: Kept) -> None:
    """Keep it in place of that of before. Krita has no undo step for that; nothing is seen of it."""
    content = QtCore.QByteArray(kept.written())
    target.document.setAnnotation(_name(target), _ABOUT, content)


def _name(target: Target) -> str:
    """One for each layer: the file keeps its number."""
    number = target.layer.uniqueId().toString().strip("{}")
    return f"flyaway-points-{number}"
