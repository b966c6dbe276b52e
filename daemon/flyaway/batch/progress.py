"""How far a run is, in words: a bar, photos a minute, the time left."""

from __future__ import annotations

import time
from collections.abc import Callable

from flyaway.batch.events import Done, Event, Failed
from flyaway_client.wording import _

_BAR_LETTERS = 10
"""With them the line still fits a terminal of 80."""


class Progress:
    """The progress of one run, which begins when this is made.

    Args:
        total: how many photos there are to be worked on, as far as is known.
        clock: seconds that only grow.
    """

    def __init__(self, total: int, clock: Callable[[], float] = time.monotonic) -> None:
        self.total = total
        self.done = 0
        self.failed = 0
        self.passed = 0
        self._clock = clock
        self._begun_s = clock()

    def count(self, event: Event) -> None:
        """Take in what became of a photo."""
        if isinstance(event, Done):
            self.done += 1
        elif isinstance(event, Failed):
            self.failed += 1
        else:
            self.passed += 1

    @property
    def ended(self) -> int:
        """How many photos are over."""
        return self.done + self.failed + self.passed

    @property
    def fraction(self) -> float:
        """How far it is, 0..1."""
        return self.ended / self.total if self.total else 1.0

    @property
    def words(self) -> str:
        """The bar and the figures."""
        full = round(_BAR_LETTERS * self.fraction)
        bar = "#" * full + "-" * (_BAR_LETTERS - full)
        parts = [_("{ended} of {total} photos").format(ended=self.ended, total=self.total)]
        worked, passed_min = self.done + self.failed, (self._clock() - self._begun_s) / 60
        if worked and passed_min > 0:
            rate = worked / passed_min
            left_min = (self.total - self.ended) / rate
            parts += [
                _("{rate:.3g} a minute").format(rate=rate),
                _("{left} left").format(left=_duration(left_min)),
            ]
        if self.failed:
            parts.append(_("{count} failed").format(count=self.failed))
        return f"[{bar}] {', '.join(parts)}"


def _duration(minutes: float) -> str:
    if minutes < 1:
        return f"{minutes * 60:.0f} s"
    if minutes < 100:
        return f"{minutes:.0f} min"
    return f"{minutes / 60:.1f} h"
