"""What is measured several times: how, and what is told of it."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any


def spread(key: str, values: Sequence[float], digits: int) -> dict[str, Any]:
    """The median under that key, and under KEY_range the least and the most; all rounded."""
    return {
        key: round(statistics.median(values), digits),
        f"{key}_range": [round(min(values), digits), round(max(values), digits)],
    }


def in_turn(runs: Mapping[str, Callable[[], object]], repeats: int) -> dict[str, list[float]]:
    """Seconds of each run, taken in turn, so that a busy moment hits all of them alike.

    One round more is run first and does not count: it fills caches.
    """
    seconds: dict[str, list[float]] = {name: [] for name in runs}
    for turn in range(repeats + 1):
        for name, run in runs.items():
            passed_s = seconds_of(run)
            if turn:
                seconds[name].append(passed_s)
    return seconds


def seconds_of(run: Callable[[], object]) -> float:
    """How long it takes."""
    started_s = time.perf_counter()
    run()
    return time.perf_counter() - started_s
