"""Runs one extraction at a time, from the click to the mask, without ever holding up Krita's window."""

from __future__ import annotations

import sys
import traceback
from functools import partial

from . import host, request
from .flyaway_client.choices import report
from .flyaway_client.client import Extracted
from .flyaway_client.errors import CancelledError, ClientError
from .host import Target
from .job import Job
from .layers import DocumentError
from .qt import QtCore
from .request import Settings

POLL_MS = 50
QUIT_S = 2.5
"""A cancelled request ends within two seconds, whatever the daemon does."""


class Extractor(QtCore.QObject):
    """The extraction under way, if there is one. Dockers and dialogs listen to its signals."""

    busy_changed = QtCore.pyqtSignal(bool)
    progressed = QtCore.pyqtSignal(str, float)
    """Stage in words, fraction 0..1."""
    announced = QtCore.pyqtSignal(str, bool)
    """A sentence for the user, and whether it tells of a problem."""

    def __init__(self) -> None:
        super().__init__()
        self._job: Job[Extracted] | None = None
        self._target: Target | None = None
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._look)

    @property
    def is_busy(self) -> bool:
        """Whether an extraction is under way."""
        return self._job is not None

    def start(self, settings: Settings) -> None:
        """Cut the subject out of the active layer, as it is now; every outcome is announced."""
        if self.is_busy:
            self.announced.emit(
                "Flyaway is still at work on the last extraction. Wait for it, or cancel it.", True
            )
            return
        try:
            target = host.find_target(settings)
            pixels = host.read(target, settings)
            work = partial(request.extract, host.client_name(), pixels, settings)
        except Exception as error:  # noqa: BLE001 - the edge to Krita: each failure is one sentence
            self.announced.emit(_sentence(error), True)
            return
        self._target, self._job = target, Job(work)
        self._timer.start()
        self.busy_changed.emit(True)

    def cancel(self) -> None:
        """Stop the extraction under way; its end is announced within two seconds."""
        if self._job is None:
            self.announced.emit("Flyaway is not at work, so there is nothing to cancel.", False)
            return
        self._job.cancel()
        self.progressed.emit("Cancelling", 0.0)

    def close(self) -> None:
        """Krita quits: let the daemon know that nobody waits any more."""
        if self._job is not None:
            self._timer.stop()
            self._job.cancel()
            self._job.wait(QUIT_S)

    def _look(self) -> None:
        """Now and then: pass progress on, and finish what is done."""
        job, target = self._job, self._target
        if job is None or target is None:
            return
        if not job.is_done:
            if job.progress is not None and not job.should_stop():
                self.progressed.emit(job.progress.stage, job.progress.fraction)
            return
        self._timer.stop()
        # Busy until all is done: while it opens a document, Krita 5.1 lets the user click.
        sentence, is_problem = _finish(job, target)
        self._job = self._target = None
        self.busy_changed.emit(False)
        self.announced.emit(sentence, is_problem)


def _finish(job: Job[Extracted], target: Target) -> tuple[str, bool]:
    """Put the mask where it belongs; the sentence to announce, and whether it tells of a problem."""
    try:
        extracted = job.result()
        host.put_mask(target, bytes(extracted.alpha))
    except CancelledError as error:
        return error.message, False
    except Exception as error:  # noqa: BLE001 - the edge to Krita: each failure is one sentence
        return _sentence(error), True
    return report(extracted.result), False


def _sentence(error: Exception) -> str:
    if isinstance(error, DocumentError | ClientError):
        return str(error)
    traceback.print_exception(error, file=sys.stderr)
    return f"Flyaway's plugin met a defect of its own: {error!r}"
