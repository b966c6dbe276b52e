"""An early alpha, shown small while the work goes on."""

from __future__ import annotations

from .flyaway_client.messages import ImageHeader
from .flyaway_client.wording import _
from .qt import QtCore, QtGui, QtWidgets

SIDE_PX = 200
"""Fits into the narrowest docker."""


class PreviewPicture(QtWidgets.QLabel):
    """A picture of the alpha, white on the subject; seen only while there is one."""

    def __init__(self) -> None:
        super().__init__("")
        self.setToolTip(_("The mask as far as it is found"))
        self.clear()

    def show_alpha(self, header: ImageHeader, alpha_u8: bytes) -> None:
        """Show an alpha, "gray" and "u8"."""
        image = QtGui.QImage(
            alpha_u8,
            header.width,
            header.height,
            header.width,
            QtGui.QImage.Format.Format_Grayscale8,
        )
        picture = QtGui.QPixmap.fromImage(image)
        keep, smooth = (
            QtCore.Qt.AspectRatioMode.KeepAspectRatio,
            QtCore.Qt.TransformationMode.SmoothTransformation,
        )
        self.setPixmap(picture.scaled(SIDE_PX, SIDE_PX, keep, smooth))
        self.setVisible(True)

    def clear(self) -> None:
        """There is none any more."""
        super().clear()
        self.setVisible(False)
