"""The error that a procedure returns, and the main loop's queue."""

from __future__ import annotations

from collections.abc import Callable


class Error(Exception):
    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


idle: list[Callable[[], object]] = []
"""What waits for the main loop."""


def idle_add(function: Callable[..., object], *arguments: object) -> int:
    idle.append(lambda: function(*arguments))
    return len(idle)
