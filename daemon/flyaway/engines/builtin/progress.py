"""From the small steps of the solvers to the reports of a request."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from queue import SimpleQueue
from typing import TypeVar

from flyaway.engines.contract import Report
from flyaway.images.arrays import Alpha

Found = TypeVar("Found")

Tick = Callable[[float], None]
"""Told the done fraction (0..1) of one piece of work at least every 0.1 s; may raise CancelledError."""

_INTERVAL_S = 0.05


def stage(report: Report, start: float, end: float) -> Tick:
    """A tick for a piece of work that takes a report from `start` to `end`, not more often than useful."""
    said_at = 0.0

    def tick(fraction: float) -> None:
        nonlocal said_at
        now = time.monotonic()
        if now - said_at >= _INTERVAL_S:
            said_at = now
            report(start + (end - start) * min(max(fraction, 0.0), 1.0))

    return tick


def part(tick: Tick, start: float, end: float) -> Tick:
    """A tick for a piece of work within another."""
    return lambda fraction: tick(start + (end - start) * fraction)


class AbandonedError(Exception):
    """The request was given up while a thread worked on it."""


def watched(work: Callable[[Report], Found], report: Report) -> Found:
    """Do `work` in a thread of its own, and report from this one however long its steps take.

    Raises:
        CancelledError: `report` raised it; `work` was stopped at its next step.
    """
    news: SimpleQueue[tuple[float, Alpha | None]] = SimpleQueue()
    abandoned = threading.Event()

    def note(fraction: float, preview: Alpha | None = None) -> None:
        if abandoned.is_set():
            raise AbandonedError
        news.put((fraction, preview))

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work, note)
        try:
            fraction = 0.0
            while not working.done():
                report(fraction)
                wait([working], _INTERVAL_S)
                while not news.empty():
                    now, preview = news.get()
                    # Steps done side by side do not report in order.
                    fraction = max(fraction, now)
                    report(fraction, preview)
        finally:
            abandoned.set()
        found = working.result()
    report(1.0)
    return found
