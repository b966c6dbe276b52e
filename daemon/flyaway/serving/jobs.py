"""The queue of accepted requests and the thread that works through it. Knows nothing of sockets or pixels."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Generic, TypeVar

from flyaway.errors import CancelledError, EngineError, FlyawayError, out_of_memory
from flyaway_client.messages import DownloadRequest, ExtractRequest

if TYPE_CHECKING:
    import mmap

    from flyaway.extraction.pipeline import Outcome

log = logging.getLogger(__name__)


@dataclass(slots=True, eq=False, kw_only=True)
class Task:
    """Work for a client, and how far it is; the worker writes that, the server reads it.

    `held` is what is given back when the work has ended: warm engines. `parting` is what the client
    reads if the work is called off.
    """

    stage: str = "Waiting"
    fraction: float = 0.0
    is_running: bool = False
    is_cancelled: threading.Event = field(default_factory=threading.Event)
    held: ExitStack = field(default_factory=ExitStack)
    parting: str = "The request was cancelled."

    def report(self, stage: str, fraction: float) -> None:
        """Note how far the work is.

        Raises:
            CancelledError: the client wants no more of it.
        """
        if self.is_cancelled.is_set():
            raise CancelledError(self.parting)
        self.stage, self.fraction = stage, fraction


@dataclass(slots=True, eq=False)
class Job(Task):
    """One extraction with all its pixels. `peer` is whoever asked, opaque here."""

    peer: bytes
    request: ExtractRequest
    parts: Mapping[str, mmap.mmap]


@dataclass(slots=True, eq=False)
class Download(Task):
    """One engine's weights to be fetched."""

    peer: bytes
    request: DownloadRequest


T = TypeVar("T", bound=Job | Download)


@dataclass(frozen=True, slots=True)
class Done:
    """What became of a task: an outcome, an error, or neither where there is nothing to give back."""

    job: Job | Download
    seconds: float
    outcome: Outcome | None = None
    error: FlyawayError | None = None


class Worker(Generic[T]):
    """Works on jobs one after the other in a thread of its own; engines are loaded in another.

    A job whose engines are cold waits for them beside the queue, so that it never holds up one whose
    engines are warm.

    Args:
        work: does one job; raises FlyawayError to refuse it.
        on_done: told what became of each job; called by one thread at a time.
        is_ready: whether a job could begin at once.
        prepare: loads what a job needs and leaves it in `Job.held`.
    """

    def __init__(
        self,
        work: Callable[[T], Outcome | None],
        on_done: Callable[[Done], None],
        is_ready: Callable[[T], bool] = lambda job: True,
        prepare: Callable[[T], None] = lambda job: None,
    ) -> None:
        self._work = work
        self._on_done = on_done
        self._is_ready = is_ready
        self._prepare = prepare
        self._cold: deque[T] = deque()
        self._ready: deque[T] = deque()
        self._is_stopping = False
        self._changed = threading.Condition()  # guards the three above
        self._telling = threading.Lock()
        self._threads = [
            threading.Thread(target=run, name=f"flyaway-{name}", daemon=True)
            for name, run in (("worker", self._work_on_ready), ("loader", self._load_for_cold))
        ]

    def start(self) -> None:
        """Begin to take jobs."""
        for thread in self._threads:
            thread.start()

    def submit(self, job: T) -> None:
        """Put a job at the end of its queue; the caller bounds how many there are."""
        queue = self._ready if self._is_ready(job) else self._cold
        with self._changed:
            queue.append(job)
            self._changed.notify_all()

    def withdraw(self, job: T) -> bool:
        """Take a job out of its queue; False where its work has begun already."""
        with self._changed:
            for queue in (self._ready, self._cold):
                if job in queue:
                    queue.remove(job)
                    job.held.close()
                    return True
        return False

    def stop(self, timeout_s: float) -> None:
        """Finish the job in hand and take no more; a job that ignores its cancelling is left behind."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        deadline_s = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))

    def _work_on_ready(self) -> None:
        while (job := self._next(self._ready)) is not None:
            job.is_running = True
            done = _attempt(job, "Preparing", self._work)
            job.held.close()
            self._tell(done)
            del job, done  # their pixels would stay in memory until the next job came

    def _load_for_cold(self) -> None:
        while (job := self._next(self._cold)) is not None:
            failed = _attempt(job, "Loading the engine", self._prepare)
            if failed.error is None:
                with self._changed:
                    self._ready.append(job)
                    self._changed.notify_all()
            else:
                job.held.close()
                self._tell(failed)
            del job, failed

    def _next(self, queue: deque[T]) -> T | None:
        """Wait for a job; None when there shall be no more."""
        with self._changed:
            self._changed.wait_for(lambda: queue or self._is_stopping)
            return None if self._is_stopping else queue.popleft()

    def _tell(self, done: Done) -> None:
        with self._telling:
            self._on_done(done)


def _attempt(job: T, stage: str, step: Callable[[T], Outcome | None]) -> Done:
    """Do one step of a job; whatever goes wrong in it becomes an error of ours (the worker's one edge)."""
    started_s = time.perf_counter()
    outcome, error = None, None
    try:
        job.report(stage, 0.0)
        outcome = step(job)
        job.report("Done" if outcome else stage, 1.0 if outcome else 0.0)
    except FlyawayError as refusal:
        error = refusal
    except MemoryError:
        log.exception("request %s ran out of memory", job.request.id)
        error = out_of_memory()
    except Exception as fault:  # the worker must outlive any fault of an engine
        log.exception("request %s failed", job.request.id)
        error = EngineError(
            f"The engine failed ({type(fault).__name__}: {fault}). `flyaway daemon logs` tells more."
        )
    return Done(job, time.perf_counter() - started_s, None if error else outcome, error)
