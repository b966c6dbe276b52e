"""Tells when a stroke on a canvas has ended, and when Krita has undone or redone something: Krita tells nobody."""

from __future__ import annotations

from krita import Krita

from .qt import QtCore, QtWidgets

CANVASES = frozenset({"KisQPainterCanvas", "KisOpenGLCanvas2"})
"""The widgets that get mouse and pen, by Krita's names."""

HISTORY_ACTIONS = ("edit_undo", "edit_redo")

HISTORY_MS = 150
"""How long Krita may take over an undo."""


class CanvasWatch(QtCore.QObject):
    """Watches while it is told to; events go on as they came.

    The whole application's: a filter on the canvas itself would get nothing that Krita's own has taken before it.
    """

    stroke_ended = QtCore.pyqtSignal()
    """The mouse button or the pen was lifted."""
    history_moved = QtCore.pyqtSignal()
    """The user has undone or redone something."""

    def __init__(self) -> None:
        super().__init__()
        self._is_watching = False
        self._knows_history = False

    def begin(self) -> None:
        """Watch from now on."""
        if not self._knows_history:
            # There are no actions yet when plugins are loaded.
            for name in HISTORY_ACTIONS:
                action = Krita.instance().action(name)
                if action is not None:
                    action.triggered.connect(self._wait_for_history)
                    self._knows_history = True
        if not self._is_watching:
            self._is_watching = True
            QtWidgets.QApplication.instance().installEventFilter(self)

    def end(self) -> None:
        """Watch no more."""
        if self._is_watching:
            self._is_watching = False
            QtWidgets.QApplication.instance().removeEventFilter(self)

    def eventFilter(self, watched: QtCore.QObject, event: QtCore.QEvent) -> bool:
        """See an event before its widget does, and leave it to that."""
        if event.type() in _ENDS and watched.metaObject().className() in CANVASES:
            self.stroke_ended.emit()
        return False

    def _wait_for_history(self, _is_checked: bool = False) -> None:
        if self._is_watching:
            QtCore.QTimer.singleShot(HISTORY_MS, self.history_moved.emit)


_ENDS = frozenset({QtCore.QEvent.Type.MouseButtonRelease, QtCore.QEvent.Type.TabletRelease})
