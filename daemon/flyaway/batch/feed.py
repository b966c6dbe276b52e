"""Which photo is next: from a list, or from folders that are watched. Several threads ask."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

from flyaway.batch.inputs import Input
from flyaway.batch.plan import Job

_HELD_S = 0.5
"""How long until a photo that another run works on is looked at again."""

_LOOK_S = 1.0
"""How long until watched folders are looked through again."""

SETTLED_S = 2.0
"""A file that did not change for so long is complete, as far as can be told from outside."""


class Feed(Protocol):
    """Hands out photos."""

    def next(self) -> Job | None:
        """The next photo; waits for it. None when there will be no more."""

    def put_back(self, job: Job) -> None:
        """Hand it out again later: another run works on it."""


class ListFeed:
    """Photos that are all known from the beginning.

    Args:
        jobs: the photos.
        is_stopping: set when no more shall be handed out.
    """

    def __init__(self, jobs: Iterable[Job], is_stopping: threading.Event) -> None:
        self._jobs = deque(jobs)
        self._held: deque[Job] = deque()
        self._is_stopping = is_stopping
        self._lock = threading.Lock()

    def next(self) -> Job | None:
        """The next photo; those that were put back come last."""
        if self._is_stopping.is_set():
            return None
        with self._lock:
            if self._jobs:
                return self._jobs.popleft()
            held = self._held.popleft() if self._held else None
        if held is None or self._is_stopping.wait(_HELD_S):
            return None
        return held

    def put_back(self, job: Job) -> None:
        """Hand it out after all others."""
        with self._lock:
            self._held.append(job)


class WatchFeed:
    """Photos as they come into folders, each once it and what goes with it are complete, and again when they change.

    Args:
        look: all photos that are there now.
        take: asked once of each that is complete whether there is anything to do.
        is_stopping: set when no more shall be handed out.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        look: Callable[[], Iterable[Job]],
        take: Callable[[Job], bool],
        is_stopping: threading.Event,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._look = look
        self._take = take
        self._is_stopping = is_stopping
        self._clock = clock
        self._ready: deque[Job] = deque()
        self._seen: dict[str, tuple[tuple[Input, ...], float]] = {}
        self._given: dict[str, tuple[Input, ...]] = {}
        self._lock = threading.Lock()

    def next(self) -> Job | None:
        """The next complete photo."""
        while not self._is_stopping.is_set():
            with self._lock:
                if not self._ready:
                    self._gather()
                if self._ready:
                    return self._ready.popleft()
            self._is_stopping.wait(_LOOK_S)
        return None

    def put_back(self, job: Job) -> None:
        """Hand it out at a later look."""
        with self._lock:
            self._given.pop(job.name, None)

    def _gather(self) -> None:
        """Look for photos that have become complete since they were seen first, or changed since they were given."""
        now_s = self._clock()
        for job in self._look():
            state = tuple(map(Input.of, job.files.values()))
            seen, since_s = self._seen.get(job.name, (None, now_s))
            if seen != state:
                self._seen[job.name] = state, now_s
            elif (
                now_s - since_s >= SETTLED_S
                and all(file.is_there for file in state)
                and self._given.get(job.name) != state
            ):
                self._given[job.name] = state
                if self._take(job):
                    self._ready.append(job)
