"""Do work beside the thread that reports it, so that reports come in time however long a step takes."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor, wait
from queue import SimpleQueue
from typing import TypeVar

from flyaway.engines.contract import Report
from flyaway.engines.progress import INTERVAL_S
from flyaway.images.arrays import Alpha

Found = TypeVar("Found")


class AbandonedError(Exception):
    """The request was given up while a thread worked on it."""


def in_own_thread(work: Callable[[Report], Found], report: Report) -> Found:
    """Do `work` in a thread of its own, and report from this one however long its steps take.

    Raises:
        CancelledError: `report` raised it; `work` was stopped at its next step.
    """
    steps: SimpleQueue[tuple[float, Alpha | None]] = SimpleQueue()
    abandoned = threading.Event()

    def report_step(fraction: float, preview: Alpha | None = None) -> None:
        if abandoned.is_set():
            raise AbandonedError
        steps.put((fraction, preview))

    with ThreadPoolExecutor(1) as pool:
        working = pool.submit(work, report_step)
        try:
            fraction = 0.0
            while not working.done():
                report(fraction)
                wait([working], INTERVAL_S)
                while not steps.empty():
                    now, preview = steps.get()
                    # Steps done side by side do not report in order.
                    fraction = max(fraction, now)
                    report(fraction, preview)
        finally:
            abandoned.set()
        found = working.result()
    report(1.0)
    return found
