"""The error that a procedure returns, and the timers of the main loop."""

from __future__ import annotations

from collections.abc import Callable


class Error(Exception):
    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


SOURCE_REMOVE = False

PRIORITY_DEFAULT_IDLE, PRIORITY_HIGH_IDLE = 200, 100


class Bytes:
    def __init__(self, content: bytes) -> None:
        self.content = content

    @staticmethod
    def new(content: bytes) -> Bytes:
        return Bytes(content)


def markup_escape_text(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")


_timeouts: list[Callable[[], object]] = []
"""What the main loop calls again and again, until it returns False."""


def timeout_add(interval_ms: int, function: Callable[..., object], *arguments: object) -> int:
    assert interval_ms > 0
    _timeouts.append(lambda: function(*arguments))
    return len(_timeouts)


def idle_add(function: Callable[[], object], *, priority: int = PRIORITY_DEFAULT_IDLE) -> int:
    return timeout_add(1, function)


def turn() -> None:
    """Turn the main loop once: all intervals are over; for tests."""
    for timeout in list(_timeouts):
        if not timeout():
            _timeouts.remove(timeout)


def has_timeouts() -> bool:
    """Whether the main loop still has something to call; for tests."""
    return bool(_timeouts)


def get_language_names() -> list[str]:
    """The user's languages, the best first; "C" is the last."""
    return ["C"]
