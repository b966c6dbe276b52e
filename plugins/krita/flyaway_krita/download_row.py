"""Offers to download an engine that is not here, and shows how far that is. Seen only while there is one to offer."""

from __future__ import annotations

from functools import partial

from . import background, host
from .flyaway_client import calls, outcome, texts
from .flyaway_client.background import BackgroundCall
from .flyaway_client.menu_entries import EngineEntry
from .flyaway_client.messages import Progress
from .flyaway_client.wording import _
from .paragraph import Paragraph
from .progress_bar import ProgressBar
from .qt import QtCore, QtWidgets


class DownloadRow(QtWidgets.QWidget):
    """A button that starts and stops the download of one engine, and a bar."""

    started = QtCore.pyqtSignal()
    ended = QtCore.pyqtSignal(str)
    """The sentence for the user: why it failed, nothing where it has not or the user stopped it."""

    def __init__(self) -> None:
        super().__init__()
        self._call: BackgroundCall[None] | None = None
        self._entry: EngineEntry | None = None
        self._button = QtWidgets.QPushButton()
        self._bar = ProgressBar()
        self._stage = Paragraph()
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self._button, self._bar, self._stage):
            column.addWidget(widget)
        self._button.clicked.connect(self._press)
        self._show_state()

    def offer(self, entry: EngineEntry | None) -> None:
        """Offer what an entry wants downloaded, None to offer nothing; a download under way goes on."""
        self._entry = entry if entry is not None and entry.downloads else None
        self._show_state()

    def _press(self, _is_checked: bool) -> None:
        if self._call is not None:
            self._call.cancel()
        elif self._entry is not None:
            work = partial(calls.download, host.client_name(), self._entry.downloads)
            self._call = background.start(self, work, self._end, self._show_progress)
            self._show_progress(Progress("", texts.STARTING_DOWNLOAD, 0.0))
            self._show_state()
            self.started.emit()

    def _show_state(self) -> None:
        is_busy = self._call is not None
        label = "" if self._entry is None else self._entry.download_label
        self._button.setText(_("Stop download") if is_busy else label)
        self._button.setToolTip("" if self._entry is None else self._entry.about)
        self._bar.setVisible(is_busy)
        self._stage.setVisible(is_busy)
        self.setVisible(is_busy or self._entry is not None)

    def _show_progress(self, progress: Progress) -> None:
        self._bar.show_fraction(progress.fraction)
        self._stage.setText(f"{progress.stage}…")

    def _end(self, call: BackgroundCall[None]) -> None:
        self._call = None
        self._show_state()
        self.ended.emit(outcome.failure_unless_cancelled(call.error))
