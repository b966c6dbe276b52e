"""A label of several lines that keeps them all: Qt squeezes word-wrapped ones where a docker has little room."""

from __future__ import annotations

from .qt import QtWidgets

PROBLEM_STYLE = "color: #e0584c; font-weight: bold;"
"""A red that can be read on Krita's dark and bright themes."""


class Paragraph(QtWidgets.QLabel):
    """Text that wraps at the label's width.

    Args:
        lines: for how many there is always room.
    """

    def __init__(self, lines: int = 0) -> None:
        super().__init__("")
        self._lines = lines
        self.setWordWrap(True)
        self._make_room()

    def setText(self, text: str) -> None:
        """Show that text."""
        self._show(text, "")

    def show_problem(self, text: str) -> None:
        """Show what went wrong, so that it looks like it."""
        self._show(text, PROBLEM_STYLE)

    def resizeEvent(self, event: object) -> None:
        """It has become wider or narrower."""
        super().resizeEvent(event)
        self._make_room()

    def _show(self, text: str, style: str) -> None:
        self.setStyleSheet(style)
        super().setText(text)
        self._make_room()

    def _make_room(self) -> None:
        # No text has the height -1.
        kept = self._lines * self.fontMetrics().lineSpacing()
        self.setMinimumHeight(max(kept, self.heightForWidth(self.width())))
