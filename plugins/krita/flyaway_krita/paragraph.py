"""A label of several lines that keeps them all: Qt squeezes word-wrapped ones where a docker has little room."""

from __future__ import annotations

from .qt import QtWidgets


class Paragraph(QtWidgets.QLabel):
    """Text that wraps at the label's width."""

    def __init__(self) -> None:
        super().__init__("")
        self.setWordWrap(True)

    def setText(self, text: str) -> None:
        """Show that text."""
        super().setText(text)
        self._make_room()

    def resizeEvent(self, event: object) -> None:
        """It has become wider or narrower."""
        super().resizeEvent(event)
        self._make_room()

    def _make_room(self) -> None:
        # No text has the height -1.
        self.setMinimumHeight(max(0, self.heightForWidth(self.width())))
