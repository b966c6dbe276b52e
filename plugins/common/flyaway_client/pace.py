"""How long work will still take, told from how it went so far."""

from __future__ import annotations

import time
from collections.abc import Callable

from .messages import Progress
from .wording import _

SPEAK_AFTER_S = 2.0
"""Shorter work needs no forecast, and there is too little to make one from."""

_SPEAK_FROM = 0.2
"""Of the whole; before, any forecast is a guess."""


class Pace:
    """The pace of one piece of work, which begins when this is made."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._begun_s = clock()

    def words(self, progress: Progress) -> str:
        """What is being done and, where that can be told, how long it will still take."""
        passed_s = self._clock() - self._begun_s
        if passed_s < SPEAK_AFTER_S or not _SPEAK_FROM <= progress.fraction < 1:
            return progress.stage
        left_s = passed_s * (1 - progress.fraction) / progress.fraction
        return _("{stage}, {left} left").format(stage=progress.stage, left=_about(left_s))


def _about(seconds: float) -> str:
    """A time no finer than can be foretold: single seconds, then fives, then minutes."""
    if seconds < 10:
        return _("about {seconds} s").format(seconds=max(round(seconds), 1))
    if seconds < 100:
        return _("about {seconds} s").format(seconds=5 * round(seconds / 5))
    return _("about {seconds} min").format(seconds=round(seconds / 60))
