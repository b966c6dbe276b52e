"""The latest of what a background call makes, such as early results: put in its thread, taken in the host's."""

from __future__ import annotations

from collections import deque
from typing import Generic, TypeVar

T = TypeVar("T")


class Latest(Generic[T]):
    """Room for one thing; a newer one takes the place of one that nobody has taken."""

    def __init__(self) -> None:
        self._room: deque[T] = deque(maxlen=1)

    def put(self, thing: T) -> None:
        """Leave a thing."""
        self._room.append(thing)

    def take(self) -> T | None:
        """Take what is there; None where nothing new is."""
        return self._room.pop() if self._room else None
