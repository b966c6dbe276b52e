"""One call in a thread of its own, followed from the host's main thread.

Nothing here knows a host: none of their functions may be used in a thread. Each host brings the timer.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from .conversation import Report, ShouldStop
from .messages import Progress

T = TypeVar("T")

Work = Callable[[Report, ShouldStop], T]
"""What is called in the thread: it reports how far it is, and asks now and then whether to stop."""

THREAD = "flyaway background call"


class BackgroundCall(Generic[T]):
    """A call under way from the start. Once it `is_done`, it has an `error` or a `result`."""

    def __init__(self, work: Work[T]) -> None:
        self._stop = threading.Event()
        self._progress: Progress | None = None
        self._result: T | None = None
        self._error: BaseException | None = None
        self._is_abandoned = False
        # A daemon thread: one that hangs must not keep the host from quitting.
        self._thread = threading.Thread(target=self._run, args=(work,), name=THREAD, daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        """Whether it has ended, in one way or the other."""
        return not self._thread.is_alive()

    @property
    def error(self) -> BaseException | None:
        """What the call raised; None where it has raised nothing so far."""
        return self._error

    def result(self) -> T:
        """What the call returned; raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value] # the call's own T once it is done

    def cancel(self) -> None:
        """Ask it to stop; it ends some time later."""
        self._stop.set()

    def abandon(self, wait_s: float = 0.0) -> None:
        """Cancel it and let nobody hear of its end; wait for that no longer than `wait_s`."""
        self._is_abandoned = True
        self.cancel()
        self._thread.join(wait_s)

    def follow(self, report: Report | None, on_end: Callable[[BackgroundCall[T]], object]) -> bool:
        """Look at it once, in the main thread: hand on how far it is, or that it has ended.

        Args:
            report: called with the latest that the work has reported, unless it was cancelled.
            on_end: called with this call once it is done, unless it was abandoned.

        Returns:
            Whether the host's timer is to look again.
        """
        if self._is_abandoned:
            return False
        if self.is_done:
            on_end(self)
            return False
        if report and self._progress is not None and not self._stop.is_set():
            report(self._progress)
        return True

    def _run(self, work: Work[T]) -> None:
        try:
            self._result = work(self._report, self._stop.is_set)
        except BaseException as error:  # noqa: BLE001 - raised again by result(), in the main thread
            self._error = error

    def _report(self, progress: Progress) -> None:
        self._progress = progress
