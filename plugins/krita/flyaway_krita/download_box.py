"""Offers to download a missing engine, and shows how far that is. Seen only while there is something to offer."""

from __future__ import annotations

from . import host
from .flyaway_client.client import Client
from .flyaway_client.errors import CancelledError, ClientError
from .job import Job
from .paragraph import Paragraph
from .qt import QtCore, QtWidgets

POLL_MS = 50
PROGRESS_STEPS = 1000


class DownloadBox(QtWidgets.QWidget):
    """A button that starts and stops the download of one engine, and a bar."""

    started = QtCore.pyqtSignal()
    ended = QtCore.pyqtSignal(str)
    """The sentence for the user: why it failed, nothing where it has not or the user stopped it."""

    def __init__(self) -> None:
        super().__init__()
        self._job: Job[None] | None = None
        self._engine: str | None = None
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._look)
        self._button = QtWidgets.QPushButton()
        self._bar = QtWidgets.QProgressBar()
        self._bar.setRange(0, PROGRESS_STEPS)
        self._stage = Paragraph()
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self._button, self._bar, self._stage):
            column.addWidget(widget)
        self._button.clicked.connect(self._press)
        self._show_state()

    def offer(self, engine: str | None) -> None:
        """Offer to download that engine, None to offer nothing; a download under way goes on."""
        self._engine = engine
        self._show_state()

    def _press(self, _is_checked: bool) -> None:
        if self._job is not None:
            self._job.cancel()
        elif self._engine is not None:
            name, engine = host.client_name(), self._engine
            self._job = Job(lambda job: _download(name, engine, job))
            self._timer.start()
            self._show_state()
            self.started.emit()

    def _show_state(self) -> None:
        is_busy = self._job is not None
        self._button.setText("Stop download" if is_busy else "Download")
        self._bar.setVisible(is_busy)
        self._stage.setVisible(is_busy)
        self._bar.setValue(0)
        self._stage.setText("Starting the download…")
        self.setVisible(is_busy or self._engine is not None)

    def _look(self) -> None:
        """Now and then: show progress, and take note of the end."""
        job = self._job
        if job is None:
            return
        if not job.is_done:
            if job.progress is not None:
                self._bar.setValue(round(job.progress.fraction * PROGRESS_STEPS))
                self._stage.setText(f"{job.progress.stage}…")
            return
        self._timer.stop()
        self._job = None
        self._show_state()
        self.ended.emit(_sentence(job))


def _download(name: str, engine: str, job: Job[None]) -> None:
    with Client.connect(name, should_stop=job.should_stop) as client:
        client.download(engine, on_progress=job.report, should_stop=job.should_stop)


def _sentence(job: Job[None]) -> str:
    try:
        job.result()
    except CancelledError:
        return ""
    except ClientError as error:
        return error.message
    return ""
