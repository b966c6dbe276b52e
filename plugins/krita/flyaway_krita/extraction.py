"""Runs one extraction: from the click, past the daemon, to the result. Nothing waits here."""

from __future__ import annotations

from functools import partial

from . import background, host
from .flyaway_client import calls, outcome
from .flyaway_client.background import BackgroundCall
from .flyaway_client.client import Extracted
from .flyaway_client.errors import CancelledError
from .flyaway_client.latest import Latest
from .flyaway_client.layer import LayerPixels, Picture
from .flyaway_client.messages import Preview, Progress
from .flyaway_client.options import Options
from .flyaway_client.pace import Pace
from .flyaway_client.wording import _
from .host import Target
from .qt import QtCore

QUIT_S = 2.5
"""How long Krita's end may wait: a cancelled request ends within two seconds, whatever the daemon does."""


class Extractor(QtCore.QObject):
    """The extraction under way, if there is one. Panels and dialogs listen to its signals."""

    busy_changed = QtCore.pyqtSignal(bool)
    progressed = QtCore.pyqtSignal(str, float)
    """Stage in words, fraction 0..1."""
    previewed = QtCore.pyqtSignal(object, bytes)
    """An early alpha: its layout and its pixels."""
    announced = QtCore.pyqtSignal(str, bool)
    """A sentence for the user, and whether it is about a problem."""
    ended = QtCore.pyqtSignal(bool, str)
    """Whether nothing is left to be done of an extraction, and what was said at its end."""
    advised = QtCore.pyqtSignal(object)
    """An engine (EngineInfo) worth fetching, since the subject could only be guessed."""

    lost = QtCore.pyqtSignal(object)
    """Options of an extraction that another computer was to do and cannot."""
    pointed_lost = QtCore.pyqtSignal()
    """The same of what was pointed at, which options do not say."""

    def __init__(self) -> None:
        super().__init__()
        self._call: BackgroundCall[Extracted] | None = None
        self._target: Target | None = None

    @property
    def is_busy(self) -> bool:
        """Whether an extraction is under way."""
        return self._call is not None

    @property
    def elsewhere(self) -> str:
        """The name of the image that is worked on, where another one is active; "" where none is."""
        if self._target is None or host.is_active(self._target):
            return ""
        return host.image_name(self._target)

    def start(self, options: Options, *, here: bool = False) -> None:
        """Cut the subject out of the active layer, as it is now; every outcome is announced.

        Args:
            options: what the user chose.
            here: whether this computer is to do it, and all that comes.
        """
        if self.is_busy:
            self._say_busy()
            return
        try:
            target = host.find_target(options)
            pixels = host.read(target, options)
        except Exception as error:  # noqa: BLE001 - the edge to Krita: each failure is one sentence
            self.announced.emit(outcome.failure(error), True)
            return
        self.cut_out(target, pixels, options, here=here)

    def cut_out(
        self, target: Target, pixels: LayerPixels, options: Options, *, here: bool = False
    ) -> bool:
        """Cut the subject out of what was read already; whether that has begun. Its end is announced."""
        if self.is_busy:
            self._say_busy()
            return False
        previews = Latest[tuple[Preview, bytes]]()
        work = calls.cut_out(
            host.client_name(),
            pixels,
            options,
            host.MASK_DTYPE,
            lambda header, alpha: previews.put((header, alpha)),
        )
        work = calls.here(host.client_name(), work) if here else work
        self._target = target
        is_pointed = pixels.prompts is not None
        on_end = partial(self._end, target, pixels.image, options, is_pointed)
        report = partial(self._show_progress, target, Pace(), previews)
        self._call = background.start(self, work, on_end, report)
        self.busy_changed.emit(True)
        return True

    def _say_busy(self) -> None:
        sentence = _("Flyaway is still at work. Wait for it, or cancel it.")
        if self.elsewhere:
            elsewhere = _("Flyaway is still at work on “{image}”. Wait for it, or cancel it.")
            sentence = elsewhere.format(image=self.elsewhere)
        self.announced.emit(sentence, True)

    def cancel(self) -> None:
        """Stop the extraction under way; its end is announced within two seconds."""
        if self._call is None:
            self.announced.emit(_("Flyaway is not at work, so there is nothing to cancel."), False)
            return
        self._call.cancel()
        elsewhere = _("Cancelling the work on “{image}”").format(image=self.elsewhere)
        self.progressed.emit(elsewhere if self.elsewhere else _("Cancelling"), 0.0)

    def close(self) -> None:
        """Krita quits: let the daemon know that nobody waits any more."""
        if self._call is not None:
            self._call.abandon(QUIT_S)

    def _show_progress(
        self,
        target: Target,
        pace: Pace,
        previews: Latest[tuple[Preview, bytes]],
        progress: Progress,
    ) -> None:
        if self._call is not None and not host.is_open(target):
            self._call.abandon()
            self._rest()
            self.ended.emit(True, "")
            return
        self.progressed.emit(pace.words(progress), progress.fraction)
        preview = previews.take()
        if preview is not None:
            self.previewed.emit(preview[0].image, preview[1])

    def _end(
        self,
        target: Target,
        image: Picture,
        options: Options,
        is_pointed: bool,
        call: BackgroundCall[Extracted],
    ) -> None:
        # Busy until all is done: while it opens a document, Krita 5.1 lets the user click.
        if not host.is_open(target):
            self._rest()  # who closes an image wants to hear no more of it
            self.ended.emit(True, "")
            return
        sentence, is_problem = _finish(target, image, options, call)
        where = f"“{self.elsewhere}”: " if self.elsewhere else ""
        self._rest()
        self.announced.emit(where + sentence, is_problem)
        if outcome.is_lost_remote(call.error):
            if is_pointed:
                self.pointed_lost.emit()
            else:
                self.lost.emit(options)
        self.ended.emit(call.error is None and not is_problem, sentence)
        if call.error is None and call.result().result.advised is not None:
            self.advised.emit(call.result().result.advised)

    def _rest(self) -> None:
        self._call = self._target = None
        self.busy_changed.emit(False)


def _finish(
    target: Target, image: Picture, options: Options, call: BackgroundCall[Extracted]
) -> tuple[str, bool]:
    """Put the alpha where it belongs; the sentence to announce, and whether it is about a problem."""
    try:
        extracted = call.result()
        remarks = host.put(target, image, extracted, options)
    except CancelledError as error:
        return error.message, False
    except Exception as error:  # noqa: BLE001 - the edge to Krita: each failure is one sentence
        return outcome.failure(error), True
    return outcome.success(extracted.result, *remarks), False
