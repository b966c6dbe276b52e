"""What may be higher than there is room, and can be scrolled then."""

from __future__ import annotations

from .qt import QtCore, QtWidgets


def scrolled(content: QtWidgets.QWidget) -> QtWidgets.QScrollArea:
    """As wide as there is room, and as high as it needs; what does not fit can be scrolled to."""
    area = QtWidgets.QScrollArea()
    area.setWidgetResizable(True)
    area.setFrameShape(QtWidgets.QFrame.Shape.NoFrame)
    area.setHorizontalScrollBarPolicy(QtCore.Qt.ScrollBarPolicy.ScrollBarAlwaysOff)
    area.setWidget(content)
    return area
