"""Runs one extraction at a time, from the click to the mask, without ever holding up Krita's window."""

from __future__ import annotations

from functools import partial

from . import background, host
from .flyaway_client import calls, outcome, request
from .flyaway_client.background import BackgroundCall
from .flyaway_client.client import Extracted
from .flyaway_client.errors import CancelledError
from .flyaway_client.messages import Progress
from .flyaway_client.options import Options
from .host import Target
from .qt import QtCore

QUIT_S = 2.5
"""A cancelled request ends within two seconds, whatever the daemon does."""


class Extractor(QtCore.QObject):
    """The extraction under way, if there is one. Panels and dialogs listen to its signals."""

    busy_changed = QtCore.pyqtSignal(bool)
    progressed = QtCore.pyqtSignal(str, float)
    """Stage in words, fraction 0..1."""
    announced = QtCore.pyqtSignal(str, bool)
    """A sentence for the user, and whether it is about a problem."""

    def __init__(self) -> None:
        super().__init__()
        self._call: BackgroundCall[Extracted] | None = None

    @property
    def is_busy(self) -> bool:
        """Whether an extraction is under way."""
        return self._call is not None

    def start(self, options: Options) -> None:
        """Cut the subject out of the active layer, as it is now; every outcome is announced."""
        if self.is_busy:
            self.announced.emit(
                "Flyaway is still at work on the last extraction. Wait for it, or cancel it.", True
            )
            return
        try:
            target = host.find_target(options)
            asked, parts = request.build(host.read(target, options), options, host.MASK_DTYPE)
            work = partial(calls.extract, host.client_name(), asked, parts)
        except Exception as error:  # noqa: BLE001 - the edge to Krita: each failure is one sentence
            self.announced.emit(outcome.failure(error), True)
            return
        on_end = partial(self._end, target, options.output)
        self._call = background.start(self, work, on_end, self._show_progress)
        self.busy_changed.emit(True)

    def cancel(self) -> None:
        """Stop the extraction under way; its end is announced within two seconds."""
        if self._call is None:
            self.announced.emit("Flyaway is not at work, so there is nothing to cancel.", False)
            return
        self._call.cancel()
        self.progressed.emit("Cancelling", 0.0)

    def close(self) -> None:
        """Krita quits: let the daemon know that nobody waits any more."""
        if self._call is not None:
            self._call.abandon(QUIT_S)

    def _show_progress(self, progress: Progress) -> None:
        self.progressed.emit(progress.stage, progress.fraction)

    def _end(self, target: Target, output: str, call: BackgroundCall[Extracted]) -> None:
        # Busy until all is done: while it opens a document, Krita 5.1 lets the user click.
        sentence, is_problem = _finish(target, output, call)
        self._call = None
        self.busy_changed.emit(False)
        self.announced.emit(sentence, is_problem)


def _finish(target: Target, output: str, call: BackgroundCall[Extracted]) -> tuple[str, bool]:
    """Put the alpha where it belongs; the sentence to announce, and whether it is about a problem."""
    try:
        extracted = call.result()
        host.put(target, extracted, output)
    except CancelledError as error:
        return error.message, False
    except Exception as error:  # noqa: BLE001 - the edge to Krita: each failure is one sentence
        return outcome.failure(error), True
    return outcome.success(extracted.result), False
