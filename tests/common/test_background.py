"""background.py: a call in a thread, followed from outside."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

import pytest

from flyaway_client.background import THREAD, BackgroundCall
from flyaway_client.conversation import Report, ShouldStop
from flyaway_client.messages import Progress

T = TypeVar("T")

HALF = Progress("1", "Waiting", 0.5)


class Waiting:
    """Work that reports once, and then waits to be stopped."""

    def __init__(self) -> None:
        self.has_reported = threading.Event()

    def __call__(self, report: Report, should_stop: ShouldStop) -> str:
        report(HALF)
        self.has_reported.set()
        wait_until(should_stop)
        return "stopped"


@pytest.fixture
def waiting() -> Waiting:
    return Waiting()


def wait_until(met: Callable[[], bool]) -> None:
    turn = threading.Event()
    for _ in range(6000):
        if met():
            return
        turn.wait(0.005)
    raise TimeoutError


def ended(call: BackgroundCall[T]) -> BackgroundCall[T]:
    wait_until(lambda: call.is_done)
    return call


def test_hands_over_what_the_work_returned_in_a_thread_of_its_own() -> None:
    call = ended(BackgroundCall(lambda *_: threading.current_thread()))
    assert call.error is None
    assert call.result() is not threading.current_thread()
    assert (call.result().name, call.result().daemon) == (THREAD, True)


def test_raises_what_the_work_raised() -> None:
    call = ended(BackgroundCall(lambda *_: 1 / 0))
    assert isinstance(call.error, ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        call.result()


def test_work_is_heard_and_hears_of_a_cancel(waiting: Waiting) -> None:
    call = BackgroundCall(waiting)
    assert waiting.has_reported.wait(30)
    assert not call.is_done
    heard: list[Progress] = []
    ends: list[str] = []
    assert call.follow(heard.append, lambda call: ends.append(call.result()))
    assert (heard, ends) == ([HALF], [])
    call.cancel()
    ended(call)
    assert not call.follow(heard.append, lambda call: ends.append(call.result()))
    assert (heard, ends) == ([HALF], ["stopped"])


def test_reports_nothing_more_once_it_is_cancelled() -> None:
    proceed = threading.Event()
    has_reported = threading.Event()

    def work(report: Report, should_stop: ShouldStop) -> None:
        report(HALF)
        has_reported.set()
        proceed.wait(30)

    call = BackgroundCall(work)
    assert has_reported.wait(30)
    call.cancel()
    heard: list[Progress] = []
    assert call.follow(heard.append, lambda _: None)
    proceed.set()
    assert heard == []


def test_nobody_hears_of_the_end_of_a_call_that_was_abandoned(waiting: Waiting) -> None:
    call = BackgroundCall(waiting)
    assert waiting.has_reported.wait(30)
    call.abandon(30)
    assert call.is_done
    heard: list[object] = []
    assert not call.follow(heard.append, heard.append)
    assert heard == []
