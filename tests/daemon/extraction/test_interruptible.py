"""Contexts that take long to enter, and callers who do not wait for them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest

from flyaway.errors import CancelledError, WeightsError
from flyaway.extraction import interruptible

PATIENCE_S = 30.0


@dataclass
class Slow:
    """Something that is entered when a test says so, and knows whether it was left."""

    may_begin: threading.Event = field(default_factory=threading.Event)
    has_begun: threading.Event = field(default_factory=threading.Event)
    is_over: threading.Event = field(default_factory=threading.Event)
    error: Exception | None = None

    @contextmanager
    def entered(self) -> Iterator[str]:
        assert self.may_begin.wait(PATIENCE_S)
        if self.error:
            raise self.error
        self.has_begun.set()
        try:
            yield "engine"
        finally:
            self.is_over.set()


def test_gives_what_was_entered_and_leaves_it_at_the_end() -> None:
    slow = Slow()
    with interruptible.entered(slow.entered(), slow.may_begin.set) as thing:
        assert thing == "engine"
        assert not slow.is_over.is_set()
    assert slow.is_over.is_set()


def test_nobody_waits_once_the_work_is_cancelled_and_what_comes_is_given_back() -> None:
    slow = Slow()

    def cancel() -> None:
        raise CancelledError("The request was cancelled.")

    with pytest.raises(CancelledError), interruptible.entered(slow.entered(), cancel):
        pytest.fail("entered")
    assert not slow.has_begun.is_set()
    slow.may_begin.set()
    assert slow.is_over.wait(PATIENCE_S)


@pytest.mark.parametrize("is_cancelled", [False, True])
def test_what_cannot_be_entered_says_why_to_who_still_waits(is_cancelled: bool) -> None:
    slow = Slow(error=WeightsError("Damaged."))

    def look() -> None:
        slow.may_begin.set()
        if is_cancelled:
            raise CancelledError("The request was cancelled.")

    with (
        pytest.raises(CancelledError if is_cancelled else WeightsError),
        interruptible.entered(slow.entered(), look),
    ):
        pytest.fail("entered")


def test_an_error_of_who_uses_it_passes_and_leaves_it() -> None:
    slow = Slow()
    slow.may_begin.set()
    with pytest.raises(KeyError), interruptible.entered(slow.entered(), lambda: None):
        raise KeyError
    assert slow.is_over.is_set()
