"""A drop-down menu for a narrow docker."""

from __future__ import annotations

from .qt import QtCore, QtWidgets

MENU_CHARS = 10
"""A docker can be narrow: the menu does not ask for the room of its longest entry."""


class Menu(QtWidgets.QComboBox):
    """A menu that signals before it opens, and opens as wide as its entries are."""

    opening = QtCore.pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        policy = QtWidgets.QComboBox.SizeAdjustPolicy
        self.setSizeAdjustPolicy(policy.AdjustToMinimumContentsLengthWithIcon)
        self.setMinimumContentsLength(MENU_CHARS)

    def add(self, name: str, label: str, about: str = "") -> None:
        """Add an entry: its data, what the user reads, and more about it."""
        self.addItem(label, name)
        self.setItemData(self.count() - 1, about, QtCore.Qt.ItemDataRole.ToolTipRole)

    def showPopup(self) -> None:
        """The user opens it."""
        self.opening.emit()
        self._open()

    def make_room(self) -> None:
        """Where it is open, give it room for entries that have come meanwhile; Qt leaves it as high as it was."""
        if self.view().isVisible():
            self.hidePopup()
            self._open()

    def _open(self) -> None:
        self.view().setMinimumWidth(self.view().sizeHintForColumn(0))
        super().showPopup()
