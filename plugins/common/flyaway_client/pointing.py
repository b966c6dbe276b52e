"""Pointing at a subject in an editor: clicks go to the daemon, and what they mean comes back to be shown.

For the main thread alone; what takes time is done by calls in the background, which the editor follows in its own way.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from typing import Any, Protocol

from . import calls, menu_entries, outcome, planes, texts
from .background import BackgroundCall, Work
from .clicks import Clicks, Kept
from .client import PointedAt
from .conversation import Report, ShouldStop
from .errors import CancelledError
from .menu_entries import EngineEntry
from .messages import EngineInfo, ImageHeader, Progress
from .paid_work import PaidWork
from .prompts import Prompts
from .retouching import Image, Retouch

Engines = tuple[EngineInfo, ...]


class Start(Protocol):
    """Runs work in a thread, and follows it in the editor's main loop."""

    def __call__(
        self, work: Work[Any], on_end: Callable[[BackgroundCall[Any]], object], report: Report
    ) -> BackgroundCall[Any]:
        """Begin it; `on_end` and `report` are called in the main loop."""


class Screen(Protocol):
    """Who shows what goes on."""

    def show_mask(self, mask: tuple[ImageHeader, bytes] | None) -> None:
        """Show a mask of the whole image in small, or none; what can be done has changed, too."""

    def show_marks(self, box: planes.Box) -> None:
        """Show the marks of clicks anew where they have changed."""

    def rest(self, sentence: str) -> None:
        """Say what there is to know while nothing is done."""

    def work(self, sentence: str) -> None:
        """Say what is being done."""

    def show_progress(self, progress: Progress) -> None:
        """Show how far that is."""

    def fail(self, sentence: str) -> None:
        """Say what went wrong."""

    def offer(self, entry: EngineEntry | None) -> None:
        """Offer what is to be downloaded first, or nothing."""

    def offer_here(self, do: Callable[[], object]) -> None:
        """Offer to do on this computer what another one could not, until something else is said."""


class Pointing:
    """One image that is pointed at.

    Args:
        start: runs calls in the background.
        name: how the plugin introduces itself.
        image: gives the pixels; called once, in a thread.
        size: of the image, width and height.
        kept: what was pointed at before, if anything.
        paid_work: what has to allow paid work.
        screen: shows what goes on.

    Attributes:
        clicks: what is pointed at; takes what the mouse does.
    """

    def __init__(
        self,
        start: Start,
        name: str,
        image: Callable[[], Image],
        size: tuple[int, int],
        kept: Kept | None,
        paid_work: PaidWork,
        screen: Screen,
    ) -> None:
        self._start, self._name, self._image, self._screen = start, name, image, screen
        self._paid_work = paid_work
        self._retouch: Retouch | None = None
        self._beginning = threading.Lock()
        self._asking: BackgroundCall[Engines] | None = None
        self._looking: BackgroundCall[PointedAt] | None = None
        self._call: BackgroundCall[PointedAt] | None = None
        self._is_waiting = False
        self._is_here = False
        self.clicks = Clicks(*size, screen.show_marks, self._ask, kept)

    @property
    def session(self) -> str:
        """The daemon's session on the pixels, "" as long as there is none."""
        return "" if self._retouch is None else self._retouch.session

    def begin(self) -> None:
        """Ask whether a network to be pointed with is here; the first of this may be a daemon that starts."""
        self._screen.work(texts.POINTS_SENDING)
        work = partial(calls.fetch_engines, self._name)
        self._asking = self._started(work, self._take_engines)

    def choose_engines(self, paid_work: PaidWork) -> None:
        """Go on with other engines."""
        self.close(wait_s=0)
        self._retouch, self._paid_work = None, paid_work
        self.begin()

    def cycle(self) -> None:
        """Take the next of what a click may mean, where there is a choice."""
        if self.clicks.count > 1:
            self.clicks.cycle()
            self._show_meaning()

    def is_ready(self) -> bool:
        """Whether there is something to extract; says so where there is not. What is under way is not wanted then."""
        if not self.clicks.prompts.have_subject:
            self._screen.fail(texts.POINTS_FIRST)
            return False
        self._drop()
        return True

    def close(self, wait_s: float = 1.0) -> None:
        """What is under way stops, and the daemon may let go of the image; it is told so within that time, or later."""
        self._drop()
        for call in (self._asking, self._looking):
            if call is not None:
                call.abandon()
        self._asking = self._looking = None
        retouch = self._retouch
        if retouch is not None:
            BackgroundCall(lambda *_: retouch.close()).abandon(wait_s)

    def _started(
        self, work: Work[Any], on_end: Callable[[BackgroundCall[Any]], object]
    ) -> BackgroundCall[Any]:
        """Work under way; on this computer, where the user wants that from now on."""
        if self._is_here:
            self._is_here = False  # the daemon knows it then
            work = calls.here(self._name, work)
        return self._start(work, on_end, self._screen.show_progress)

    def _fail(self, error: BaseException, again: Callable[[], object]) -> None:
        """Say why work came to nothing, and where another computer was lost offer to do it here."""

        def do_here() -> None:
            self._is_here = True
            again()

        self._screen.fail(outcome.failure(error))
        if outcome.is_lost_remote(error):
            self._screen.offer_here(do_here)

    # --- what the clicks mean --------------------------------------------------------------------

    def _ask(self) -> None:
        """What is pointed at has changed."""
        self._drop()
        if self.clicks.is_full:
            self._screen.fail(texts.POINTS_FULL)
        elif self.clicks.prompts.have_subject:
            self._send()
        else:
            self._screen.show_mask(None)
            self._screen.rest(texts.POINTS_FIRST if self.clicks.can_go_back else texts.POINTS_READY)

    def _send(self) -> None:
        self._screen.work(texts.POINTING)
        if self._looking is not None or self._asking is not None:
            self._is_waiting = True  # to ask now would begin that anew
            return
        prompts = self.clicks.prompts
        self._call = self._started(
            lambda report, stop: self._pointed(prompts, report, stop), self._end
        )

    def _pointed(
        self, prompts: Prompts, report: Report, should_stop: ShouldStop | None
    ) -> PointedAt:
        """An answer of the session, which is begun in the first thread: that takes a second on a large image."""
        with self._beginning:
            if self._retouch is None:
                self._retouch = Retouch(
                    calls.connector(self._name), self._image(), paid_work=self._paid_work
                )
            retouch = self._retouch
        return retouch.point(prompts, report, should_stop)

    def _drop(self) -> None:
        self._is_waiting = False
        if self._call is not None:
            self._call.abandon()
            self._call = None

    def _end(self, call: BackgroundCall[PointedAt]) -> None:
        self._call = None
        if isinstance(call.error, CancelledError):
            self._send()  # one that was given up has come to the daemon after this one
        elif call.error is not None:
            self._fail(call.error, self._send)
        else:
            self.clicks.take(call.result())
            self._show_meaning()

    def _show_meaning(self) -> None:
        self._screen.show_mask(self.clicks.mask)
        if self.clicks.mask is None:
            self._screen.fail(texts.POINTS_NOTHING)
        else:
            self._screen.rest(texts.points_found(self.clicks.number, self.clicks.count))

    # --- the network, and its first look ---------------------------------------------------------

    def _take_engines(self, call: BackgroundCall[Engines]) -> None:
        self._asking = None
        if call.error is not None:
            self._fail(call.error, self.begin)
            return
        engines, only = call.result(), self._paid_work
        missing = menu_entries.pointing_entry(engines, paid_work=only)
        self._screen.offer(missing)
        if menu_entries.can_point(engines, paid_work=only):
            self._look()
        else:
            by_hand = missing is None
            self._screen.fail(texts.POINTS_MISSING_BY_HAND if by_hand else texts.POINTS_MISSING)

    def _look(self) -> None:
        """Have the image looked at, which takes seconds once; then ask for what was pointed at meanwhile or before."""
        self._is_waiting = self.clicks.prompts.have_subject
        self._looking = self._started(
            lambda report, stop: self._pointed(Prompts(), report, stop), self._end_looking
        )

    def _end_looking(self, call: BackgroundCall[PointedAt]) -> None:
        self._looking = None
        # A look gives way to whatever else is asked for; the first click then looks itself.
        if call.error is not None and not isinstance(call.error, CancelledError):
            self._drop()
            self._fail(call.error, self.begin)
        elif self._is_waiting:
            self._is_waiting = False
            self._send()
        else:
            self._screen.rest(texts.POINTS_READY)
