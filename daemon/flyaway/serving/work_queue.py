"""The queue of accepted work: it passes stations, each with a thread of its own. Knows no sockets and no pixels."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from flyaway.errors import EngineError, FlyawayError, out_of_memory
from flyaway.serving.tasks import Task
from flyaway_client.wording import _

log = logging.getLogger(__name__)

T = TypeVar("T", bound=Task)

_PAST = "/"
"""In the place of a client, which cannot be called so: the turn of whoever was taken last."""

_CV2_NO_MEMORY = -4
"""cv2.Error.STS_NO_MEM."""


@dataclass(frozen=True, slots=True)
class Station(Generic[T]):
    """One of the things done to each task.

    Attributes:
        name: of its thread.
        stage: what the client reads while it is done.
        work: does it; raises FlyawayError to refuse the task.
        is_needed: whether a task must wait for its turn here; one that need not goes past those that wait.
    """

    name: str
    stage: str
    work: Callable[[T], object]
    is_needed: Callable[[T], bool] = lambda task: True


class WorkQueue(Generic[T]):
    """Leads tasks from station to station; at each one task at a time, the urgent first, else first come, first served.

    Clients that wait together take turns, however many tasks each has.

    Args:
        stations: in order.
        on_end: told of each task that has ended, and the error if it failed; one thread at a time calls it.
    """

    def __init__(
        self,
        stations: Sequence[Station[T]],
        on_end: Callable[[T, FlyawayError | None], None],
    ) -> None:
        self._stations = tuple(stations)
        self._on_end = on_end
        self._in_hand: list[T | None] = [None for _ in stations]
        self._abandoned: set[int] = set()
        self._waiting: tuple[deque[T], ...] = tuple(deque() for _ in stations)
        self._turns: tuple[dict[tuple[int, str], int], ...] = tuple({} for _ in stations)
        self._is_stopping = False
        self._changed = threading.Condition()  # guards the five above
        self._ending = threading.Lock()
        self._threads = [
            threading.Thread(
                target=self._serve, args=(index,), name=f"flyaway-{station.name}", daemon=True
            )
            for index, station in enumerate(self._stations)
        ]

    def start(self) -> None:
        """Begin to take tasks."""
        for thread in self._threads:
            thread.start()

    def submit(self, task: T) -> None:
        """Put a task behind those that are as urgent; the caller bounds how many there are."""
        self._pass_on(task, 0)

    def withdraw(self, task: Task) -> bool:
        """Take out a task; False where the last station is at work on it, or it has ended.

        A station before the last, which may be loading an engine, finishes what it does for nobody.
        """
        with self._changed:
            if any(one is task for one in self._in_hand[:-1]):
                self._abandoned.add(id(task))
                return True
            for waiting in self._waiting:
                for one in waiting:
                    if one is task:
                        waiting.remove(one)
                        return True
        return False

    def stop(self, timeout_s: float) -> None:
        """Finish what is in hand and take no more; a task that ignores its cancelling is left behind."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify_all()
        deadline_s = time.monotonic() + timeout_s
        for thread in self._threads:
            thread.join(max(0.0, deadline_s - time.monotonic()))

    def _serve(self, index: int) -> None:
        """Be one station."""
        station, is_last = self._stations[index], index == len(self._stations) - 1
        while (task := self._next(index)) is not None:
            task.is_running = is_last
            error = _attempt(task, station)
            if self._is_abandoned(task, index):
                task.close()  # again: the station may have given it something to hold
            elif error is None and not is_last:
                self._pass_on(task, index + 1)
            else:
                task.is_running = False
                with self._ending:
                    self._on_end(task, error)
            del task, error  # their pixels would stay in memory until the next task came

    def _pass_on(self, task: T, index: int) -> None:
        """Let a task wait at the next station that it needs; the last one is needed by all."""
        last = len(self._stations) - 1
        while index < last and not self._stations[index].is_needed(task):
            index += 1
        with self._changed:
            waiting = self._waiting[index]
            task.turn = self._next_turn(index, task)
            place = (task.urgency, task.turn)
            waiting.insert(sum((one.urgency, one.turn) <= place for one in waiting), task)
            self._changed.notify_all()

    def _next_turn(self, index: int, task: T) -> int:
        """The turn of a task that comes to a station: the one after its client's last, and none that is past."""
        turns, own = self._turns[index], (task.urgency, task.client)
        now = turns.get((task.urgency, _PAST), 0)
        turns[own] = max(now, turns.get(own, now - 1) + 1)
        return turns[own]

    def _next(self, index: int) -> T | None:
        """Wait for a task; None when there shall be no more."""
        waiting = self._waiting[index]
        with self._changed:
            self._changed.wait_for(lambda: waiting or self._is_stopping)
            if self._is_stopping:
                return None
            task = self._in_hand[index] = waiting.popleft()
            self._turns[index][task.urgency, _PAST] = task.turn
            return task

    def _is_abandoned(self, task: T, index: int) -> bool:
        """Note that a station is done with a task; whether the task was withdrawn meanwhile."""
        with self._changed:
            self._in_hand[index] = None
            is_abandoned = id(task) in self._abandoned
            self._abandoned.discard(id(task))
            return is_abandoned


def _attempt(task: T, station: Station[T]) -> FlyawayError | None:
    """Do one station's work; whatever goes wrong in it becomes an error of ours (the worker's one edge)."""
    started_s = time.perf_counter()
    try:
        task.report(station.stage, 0.0)
        station.work(task)
        task.report(task.stage, task.fraction)  # a result that nobody wants any more is dropped
    except FlyawayError as refusal:
        return refusal
    except Exception as fault:  # the worker must outlive any fault of an engine
        if _is_shortage(fault):
            log.exception("request %s ran out of memory", task.id)
            return out_of_memory()
        log.exception("request %s failed", task.id)
        return EngineError(
            _("The engine failed ({kind}: {fault}). `flyaway daemon logs` tells more.").format(
                kind=type(fault).__name__, fault=fault
            )
        )
    finally:
        task.seconds += time.perf_counter() - started_s
    return None


def _is_shortage(fault: Exception) -> bool:
    """Whether memory ran out; OpenCV has an error of its own for that, and is not imported here."""
    is_opencvs = type(fault).__module__ == "cv2" and getattr(fault, "code", 0) == _CV2_NO_MEMORY
    return isinstance(fault, MemoryError) or is_opencvs
