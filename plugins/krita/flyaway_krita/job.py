"""Work in a thread of its own, looked at from the main thread. No Krita and no Qt: neither may be used there."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Generic, TypeVar

from .flyaway_client.messages import Progress

T = TypeVar("T")


class Job(Generic[T]):
    """One call, running. The main thread asks `is_done` now and then, and takes the `result` when it is."""

    def __init__(self, work: Callable[[Job[T]], T]) -> None:
        """Start it. `work` gets this job, to report its progress to and to ask whether it should stop."""
        self.progress: Progress | None = None
        """The latest the work has said."""
        self._stop = threading.Event()
        self._result: T | None = None
        self._error: BaseException | None = None
        # A daemon thread: one that hangs must not keep Krita from quitting.
        self._thread = threading.Thread(target=self._run, args=(work,), daemon=True)
        self._thread.start()

    @property
    def is_done(self) -> bool:
        """Whether `result` can be asked."""
        return not self._thread.is_alive()

    def result(self) -> T:
        """What the call returned; raises what it raised."""
        if self._error is not None:
            raise self._error
        return self._result  # type: ignore[return-value] # the call's own T once it is done

    def cancel(self) -> None:
        """Ask the work to stop; it is done some time later."""
        self._stop.set()

    def wait(self, seconds: float) -> None:
        """Block until it is done, but no longer than that."""
        self._thread.join(seconds)

    def should_stop(self) -> bool:
        """For the work: whether somebody has cancelled it."""
        return self._stop.is_set()

    def report(self, progress: Progress) -> None:
        """For the work: how far it is."""
        self.progress = progress

    def _run(self, work: Callable[[Job[T]], T]) -> None:
        try:
            self._result = work(self)
        except BaseException as error:  # noqa: BLE001 - raised again by result(), in the main thread
            self._error = error
