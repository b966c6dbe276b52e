"""What the user sees of an extraction where no docker is in sight: progress, sentences. Nothing here is modal."""

from __future__ import annotations

from collections.abc import Callable

from krita import Krita

from . import progress_bar
from .extraction import Extractor
from .flyaway_client import texts
from .flyaway_client.options import Options
from .qt import QtCore, QtWidgets

DIALOG_WIDTH = 340
"""Room for its title, and for longer stages: it would grow and shrink with them."""

SHOW_AFTER_MS = 500
"""Shorter extractions need no dialog."""

SHORTEST_MS = 4000
READING_MS = 60
"""How long a sentence stays over the canvas: at least, and for each of its characters."""


class Feedback(QtCore.QObject):
    """Shows what the extractor announces while no docker does."""

    def __init__(self, extractor: Extractor, is_docker_visible: Callable[[], bool]) -> None:
        super().__init__()
        self._extractor = extractor
        self._is_docker_visible = is_docker_visible
        self._progress: QtWidgets.QProgressDialog | None = None
        self._box: QtWidgets.QMessageBox | None = None
        extractor.busy_changed.connect(self._show_busy)
        extractor.progressed.connect(self._show_progress)
        extractor.announced.connect(self._show_sentence)
        extractor.lost.connect(self._offer_here)

    def _show_busy(self, is_busy: bool) -> None:
        self._drop_progress()
        if is_busy and not self._is_docker_visible():
            self._progress = self._progress_dialog()

    def _progress_dialog(self) -> QtWidgets.QProgressDialog:
        dialog = QtWidgets.QProgressDialog(_main_window())
        dialog.setWindowTitle("Flyaway")
        dialog.setLabelText(f"{texts.STARTING}…")
        dialog.setMinimumWidth(DIALOG_WIDTH)
        dialog.setWindowModality(QtCore.Qt.WindowModality.NonModal)
        dialog.setRange(0, progress_bar.STEPS)
        dialog.setAutoReset(False)
        dialog.setAutoClose(False)
        dialog.setMinimumDuration(SHOW_AFTER_MS)
        dialog.setValue(0)
        dialog.canceled.connect(self._cancel)
        return dialog

    def _show_progress(self, stage: str, fraction: float) -> None:
        if self._progress is not None:
            self._progress.setLabelText(f"{stage}…")
            self._progress.setValue(progress_bar.steps(fraction))

    def _cancel(self) -> None:
        self._drop_progress()
        self._extractor.cancel()

    def _drop_progress(self) -> None:
        dialog, self._progress = self._progress, None
        if dialog is not None:
            # Closing it would count as the user's Cancel.
            dialog.blockSignals(True)
            dialog.close()
            dialog.deleteLater()

    def _show_sentence(self, sentence: str, is_problem: bool) -> None:
        if self._is_docker_visible():
            return
        if is_problem:
            self._box = _show_box(sentence)
        else:
            _show_floating(sentence)

    def _offer_here(self, lost: Options) -> None:
        """A button in the box that says what went wrong."""
        if self._box is None or self._is_docker_visible():
            return
        self._box.addButton(QtWidgets.QMessageBox.StandardButton.Close)
        role = QtWidgets.QMessageBox.ButtonRole.AcceptRole
        button = self._box.addButton(texts.DO_IT_HERE, role)
        button.setToolTip(texts.DO_IT_HERE_ABOUT)
        button.clicked.connect(lambda _is_checked: self._extractor.start(lost, here=True))


def _show_box(sentence: str) -> QtWidgets.QMessageBox:
    box = QtWidgets.QMessageBox(_main_window())
    box.setIcon(QtWidgets.QMessageBox.Icon.Warning)
    box.setWindowTitle("Flyaway")
    box.setText(sentence)
    box.setAttribute(QtCore.Qt.WidgetAttribute.WA_DeleteOnClose)
    box.setWindowModality(QtCore.Qt.WindowModality.NonModal)
    box.show()
    return box


def _show_floating(sentence: str) -> None:
    """Over the canvas for some seconds, as Krita's own tools do."""
    krita = Krita.instance()
    window = krita.activeWindow()
    view = window.activeView() if window else None
    if view is not None:
        shown_ms = max(SHORTEST_MS, READING_MS * len(sentence))
        view.showFloatingMessage(sentence, krita.icon("transparency-unlocked"), shown_ms, 1)


def _main_window() -> QtWidgets.QWidget | None:
    window = Krita.instance().activeWindow()
    return window.qwindow() if window else None
