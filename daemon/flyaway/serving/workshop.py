"""Where requests are worked on: the one seam behind which it is this computer or another one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeVar

from flyaway.errors import FlyawayError
from flyaway.serving.engine_service import EngineService
from flyaway.serving.tasks import (
    AdjustmentTask,
    DescriptionTask,
    DownloadTask,
    DrawingTask,
    ExtractionTask,
    OpeningTask,
    PointingTask,
    RefinementTask,
    Task,
)
from flyaway.serving.work_queue import WorkQueue
from flyaway_client import messages
from flyaway_client.messages import EngineInfo, Message

if TYPE_CHECKING:
    import mmap

T = TypeVar("T", bound=Task)

OnEnd = Callable[[Task, FlyawayError | None], None]
"""Told, in any thread, what became of a task."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request whose pixels are all here.

    Attributes:
        peer: whoever asked.
        request: its header.
        parts: its pixels.
        payload: those that came with the header.
        client: the other computer that it came from; "" for this one.
        language: that whoever asked reads; "" for English.
    """

    peer: bytes
    request: Message
    parts: Mapping[str, mmap.mmap]
    payload: bytes = b""
    client: str = ""
    language: str = ""


class Workshop(ABC):
    """Takes requests, and ends each of its tasks by telling so. All but that happens in the desk's thread."""

    @abstractmethod
    def check(self, request: messages.ExtractRequest | messages.DownloadRequest) -> None:
        """Refuse by the header alone what cannot be done, if that can be told at once.

        Raises:
            FlyawayError: why.
        """

    @abstractmethod
    def reopen(self, request: messages.OpenSession) -> str | None:
        """Open a session whose picture is here; its engine, or None where the pixels are wanted.

        Raises:
            FlyawayError: it cannot be.
        """

    @abstractmethod
    def check_session(self, request: messages.RefineRequest | messages.PointRequest) -> None:
        """Refuse what is asked of a session, if that can be told at once.

        Raises:
            FlyawayError: why.
        """

    @abstractmethod
    def begin(self, asked: Asked) -> Task:
        """Begin the work on a request; it has been checked.

        Raises:
            FlyawayError: it cannot be done any more.
        """

    @abstractmethod
    def withdraw(self, task: Task) -> bool:
        """Take a task out that still waits; see `WorkQueue.withdraw`."""

    @abstractmethod
    def start(self) -> None:
        """Begin to take requests."""

    @abstractmethod
    def stop(self, timeout_s: float) -> None:
        """Finish what is in hand, whose tasks are cancelled, and take no more."""


class LocalWorkshop(Workshop):
    """This computer's engines.

    Args:
        engines: what is worked with.
        on_end: told what became of each task.
        wake: makes the desk look at once; called in any thread.
    """

    def __init__(self, engines: EngineService, on_end: OnEnd, wake: Callable[[], None]) -> None:
        self._engines = engines
        self._wake = wake
        self._extractions = WorkQueue(engines.extraction_stations, on_end)
        self._descriptions = WorkQueue(engines.description_stations, on_end)
        self._downloads = WorkQueue(engines.download_stations, on_end)
        self._openings = WorkQueue(engines.opening_stations, on_end)
        self._adjustments = WorkQueue(engines.adjustment_stations, on_end)
        self._drawings = WorkQueue(engines.drawing_stations, on_end)
        self._queues = (
            self._extractions,
            self._descriptions,
            self._downloads,
            self._openings,
            self._adjustments,
            self._drawings,
        )

    def check(self, request: messages.ExtractRequest | messages.DownloadRequest) -> None:
        """As the engines say."""
        self._engines.check(request)

    def reopen(self, request: messages.OpenSession) -> str | None:
        """At once, where the picture is kept."""
        return self._engines.reopen(request)

    def check_session(self, request: messages.RefineRequest | messages.PointRequest) -> None:
        """Refuse sessions that are gone, and what does not lie in their image."""
        if isinstance(request, messages.RefineRequest):
            self._engines.session(request)
        else:
            self._engines.pointed(request)

    def has_session(self, name: str) -> bool:
        """Whether a session is kept here."""
        return self._engines.has_session(name)

    def close_session(self, name: str) -> None:
        """Let go of a session, if it is here."""
        self._engines.close_session(name)

    def infos(self) -> tuple[EngineInfo, ...]:
        """This computer's engines."""
        return self._engines.infos()

    def begin(self, asked: Asked) -> Task:
        """Put it into the queue for its kind."""
        peer, parts = asked.peer, dict(asked.parts)
        match asked.request:
            case messages.ExtractRequest() as request:
                extraction = ExtractionTask(peer, request.id, request, parts)
                return _put(self._extractions, extraction, asked)
            case messages.RefineRequest() as request:
                session = self._engines.session(request)  # it may be gone since it was checked
                patch = RefinementTask(peer, request.id, request, parts, session, self._wake)
                return _put(self._extractions, patch, asked)
            case messages.PointRequest() as request:
                session, step = self._engines.pointed(request)
                clicks = PointingTask(peer, request.id, request, session, step)
                return _put(self._extractions, clicks, asked)
            case messages.OpenSession() as request:
                return _put(self._openings, OpeningTask(peer, request.id, request, parts), asked)
            case messages.AdjustRequest() as request:
                mask = AdjustmentTask(peer, request.id, request, parts)
                return _put(self._adjustments, mask, asked)
            case messages.DrawRow() as request:
                return _put(self._drawings, DrawingTask(peer, request.id, request, parts), asked)
            case messages.DescribeRequest() as request:
                shown = DescriptionTask(peer, request.id, request, asked.payload)
                return _put(self._descriptions, shown, asked)
            case messages.DownloadRequest() as request:
                return _put(self._downloads, DownloadTask(peer, request.id, request), asked)
        raise AssertionError(asked.request.TYPE)  # the desk knows which there are

    def withdraw(self, task: Task) -> bool:
        """Take it out of whichever queue it waits in."""
        return any(waiting.withdraw(task) for waiting in self._queues)

    def start(self) -> None:
        """Begin to serve all queues."""
        for waiting in self._queues:
            waiting.start()

    def stop(self, timeout_s: float) -> None:
        """End all queues."""
        for waiting in self._queues:
            waiting.stop(timeout_s)


def _put(waiting: WorkQueue[T], task: T, asked: Asked) -> T:
    """Put a task into a queue, in the name of whoever asked."""
    task.client = asked.client
    waiting.submit(task)
    return task
