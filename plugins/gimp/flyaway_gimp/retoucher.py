"""Has strokes solved by the daemon while the dialog lives on: the last stroke first, the way back at any time."""

from __future__ import annotations

import threading
from typing import Protocol

import background
import host
from subject import Subject

from flyaway_client import calls, outcome
from flyaway_client.background import BackgroundCall
from flyaway_client.client import Extracted
from flyaway_client.conversation import Report, ShouldStop
from flyaway_client.easel import Easel
from flyaway_client.errors import CancelledError
from flyaway_client.latest import Latest
from flyaway_client.messages import ExtractResult, Preview, Progress
from flyaway_client.paid_work import PaidWork
from flyaway_client.planes import Box
from flyaway_client.retouching import Patch, Retouch


class Watch(Protocol):
    """Who shows what becomes of the strokes."""

    def on_open(self) -> None:
        """Take that the layer is with the daemon."""

    def on_progress(self, progress: Progress) -> None:
        """Take how far the work is."""

    def on_preview(self, patch: Patch, header: Preview, alpha_u8: bytes) -> None:
        """Take a coarse look at what a patch will be."""

    def on_mask(self, box: Box) -> None:
        """Take that the easel's mask has changed, or that a coarse look there is no more."""

    def on_solved(self, result: ExtractResult) -> None:
        """Take that all strokes are in the mask."""

    def on_problem(self, sentence: str) -> None:
        """Take why strokes are not in the mask; they wait for the next try."""

    def on_lost(self) -> None:
        """Take that it was another computer that could not do it; `do_here` would."""


class Retoucher:
    """The daemon's session on one layer, and the patch under way.

    Args:
        subject: the layer.
        easel: its mask and strokes.
        engine: a name, a job, or "auto".
        paid_work: what has to allow paid work.
        transparent: whether light shines through the subject.
        watch: told of all that becomes of it.
    """

    def __init__(
        self,
        subject: Subject,
        easel: Easel,
        engine: str,
        paid_work: PaidWork,
        transparent: bool,
        watch: Watch,
    ) -> None:
        self._subject, self._easel, self._watch = subject, easel, watch
        self._engine, self._paid_work, self._transparent = engine, paid_work, transparent
        self._retouch: Retouch | None = None
        self._beginning = threading.Lock()
        self._call: BackgroundCall[Extracted] | None = None
        self._patch: Patch | None = None
        self._previews = Latest[tuple[Preview, bytes]]()
        self._opening: BackgroundCall[None] | None = None
        self._open(is_here=False)

    @property
    def is_busy(self) -> bool:
        """Whether strokes are being solved."""
        return self._call is not None

    def do_here(self) -> None:
        """Have done on this computer, from now on, what another one could not."""
        if self._easel.is_settled:
            self._open(is_here=True)
        else:
            self.send(is_here=True)

    def send(self, *, is_here: bool = False) -> None:
        """Have all solved that was drawn and is not yet in the mask, in place of what is under way.

        Args:
            is_here: whether on this computer, with all that comes.
        """
        self._drop()
        patch = self._easel.patch()
        if patch is None:
            return
        self._patch = patch

        def refine(report: Report, should_stop: ShouldStop) -> Extracted:
            keep = self._previews.put
            return self._session().refine(
                patch, report, should_stop, on_preview=lambda header, alpha: keep((header, alpha))
            )

        work = calls.here(host.client_name(), refine) if is_here else refine
        self._call = background.start(work, lambda call: self._end(call, patch), self._follow)

    def back(self) -> None:
        """Take the last stroke back."""
        self._changed(self._easel.back())

    def forward(self) -> None:
        """Take a stroke again that was taken back."""
        self._changed(self._easel.forward())

    def close(self, wait_s: float = 1.0) -> None:
        """What is under way stops, and the daemon may let go of the layer; it is told so within that time, or later."""
        for call in (self._call, self._opening):
            if call is not None:
                call.abandon()
        retouch = self._retouch
        if retouch is not None:
            BackgroundCall(lambda *_: retouch.close()).abandon(wait_s)

    def _open(self, *, is_here: bool) -> None:
        """Have the layer sent ahead of the first stroke."""

        def send(report: Report, should_stop: ShouldStop) -> None:
            self._session().open(report, should_stop)

        work = calls.here(host.client_name(), send) if is_here else send
        self._opening = background.start(work, self._end_opening, self._watch.on_progress)

    def _fail(self, error: BaseException) -> None:
        self._watch.on_problem(outcome.failure(error))
        if outcome.is_lost_remote(error):
            self._watch.on_lost()

    def _session(self) -> Retouch:
        """The session; called in threads, and begun in the first of them, for that takes a second on a large layer."""
        with self._beginning:
            if self._retouch is None:
                self._retouch = Retouch(
                    calls.connector(host.client_name()),
                    self._subject.image(),
                    self._engine,
                    paid_work=self._paid_work,
                    transparent=self._transparent,
                )
            return self._retouch

    def _changed(self, box: Box | None) -> None:
        if box is not None:
            self._drop()
            self._watch.on_mask(box)
            self.send()

    def _drop(self) -> None:
        """Give up the patch under way; a coarse look at it goes."""
        if self._call is not None:
            self._call.abandon()
            self._call = None
        if self._patch is not None:
            self._watch.on_mask(_box(self._patch))
            self._patch = None
        self._previews.take()

    def _end_opening(self, call: BackgroundCall[None]) -> None:
        self._opening = None
        if call.error is None:
            self._watch.on_open()
        elif self._call is None:
            self._fail(call.error)

    def _follow(self, progress: Progress) -> None:
        self._watch.on_progress(progress)
        early = self._previews.take()
        if early is not None and self._patch is not None:
            self._watch.on_preview(self._patch, *early)

    def _end(self, call: BackgroundCall[Extracted], patch: Patch) -> None:
        self._call = None
        if isinstance(call.error, CancelledError):
            self.send()  # one that was given up has come to the daemon after this one
            return
        if call.error is not None:
            self._drop()
            self._fail(call.error)
            return
        self._patch = None
        extracted = call.result()
        self._watch.on_mask(self._easel.take(patch, extracted.alpha))
        if self._easel.is_settled:
            self._watch.on_solved(extracted.result)


def _box(patch: Patch) -> Box:
    return Box(patch.left, patch.top, patch.width, patch.height)
