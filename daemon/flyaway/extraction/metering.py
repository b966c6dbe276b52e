"""How much memory the work on one request takes: of the graphics card where that does it, else of this process."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from flyaway import memory

_EVERY_S = 0.01


class Meter:
    """What memory grows by at most while it is `watching`, which may be several times.

    Not told from what else the daemon does meanwhile. Freed memory that the C library keeps would hide what is taken anew, so it is
    given back first, which a request that nobody measures is spared.

    Attributes:
        held_bytes: what the request's engines held before already; counts as taken.
    """

    def __init__(self) -> None:
        self.held_bytes = 0
        self._before: tuple[int, int] | None = None
        self._most = (0, 0)

    @contextmanager
    def watching(self) -> Iterator[None]:
        """Watch for the length of a `with`."""
        from flyaway.engines import device  # deferred: brings torch

        if self._before is None:
            memory.give_back()
            self._before = memory.resident_bytes(), device.held_bytes()
        device.forget_peak()
        is_over = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(is_over,), name="flyaway-meter")
        watcher.start()
        try:
            yield
        finally:
            is_over.set()
            watcher.join()
            self._take(memory.resident_bytes(), device.peak_bytes())

    @property
    def taken_bytes(self) -> int:
        """What was taken at most: of the graphics card if any of that was, else of this process."""
        before = self._before or (0, 0)
        resident, on_card = (
            max(0, most - start) for most, start in zip(self._most, before, strict=True)
        )
        return self.held_bytes + (on_card or resident)

    def _watch(self, is_over: threading.Event) -> None:
        while not is_over.wait(_EVERY_S):
            self._take(memory.resident_bytes(), 0)

    def _take(self, resident: int, on_card: int) -> None:
        self._most = max(self._most[0], resident), max(self._most[1], on_card)
