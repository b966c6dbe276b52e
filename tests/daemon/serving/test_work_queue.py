"""The queue, its stations and their threads, without sockets and pixels."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import cv2
import numpy as np
import pytest
from tests.daemon.servers import PATIENCE_S, Gate, request, wait_until

from flyaway.errors import (
    CancelledError,
    DeviceError,
    EngineError,
    FlyawayError,
    NoSubjectError,
    WeightsError,
)
from flyaway.serving.tasks import ExtractionTask
from flyaway.serving.work_queue import Station, WorkQueue
from flyaway_client import protocol

Work = Callable[[ExtractionTask], object]
Ended = tuple[ExtractionTask, FlyawayError | None]


def task(name: str = "r") -> ExtractionTask:
    return ExtractionTask(b"peer", name, request(name), {})


def do_nothing(task: ExtractionTask) -> None:
    pass


@contextmanager
def working(
    work: Work = do_nothing,
    load: Work = do_nothing,
    is_cold: Callable[[ExtractionTask], bool] = lambda task: True,
) -> Iterator[tuple[WorkQueue[ExtractionTask], Callable[[], Ended]]]:
    """A running queue of two stations, and what waits for the next task to end."""
    ended: queue.SimpleQueue[Ended] = queue.SimpleQueue()
    stations = (
        Station("loader", "Loading", load, is_cold),
        Station("worker", "Working", work),
    )
    running = WorkQueue(stations, lambda task, error: ended.put((task, error)))
    running.start()
    try:
        yield running, lambda: ended.get(timeout=PATIENCE_S)
    finally:
        running.stop(PATIENCE_S)


def test_a_task_passes_all_stations_in_order() -> None:
    passed = []
    with working(lambda task: passed.append("work"), lambda task: passed.append("load")) as (
        running,
        next_ended,
    ):
        asked = task()
        running.submit(asked)
        assert next_ended() == (asked, None)
    assert passed == ["load", "work"]
    assert asked.stage == "Working"
    assert not asked.is_running


def test_its_seconds_are_those_of_all_stations_and_not_those_of_waiting() -> None:
    seconds = []
    gate = Gate()
    with working(gate, lambda task: seconds.append(task.seconds)) as (running, next_ended):
        running.submit(task("first"))
        gate.wait_until_begun()
        waiting = task("waiting")
        running.submit(waiting)
        wait_until(lambda: len(seconds) == 2)
        waited = waiting.seconds
        gate.opened.set()
        first, _ = next_ended()
        next_ended()
    assert first.seconds > 0
    assert waiting.seconds >= waited
    assert seconds == [0, 0]


@pytest.mark.parametrize(
    ("fault", "code"),
    [
        (NoSubjectError("Nothing."), protocol.NO_SUBJECT),
        (WeightsError("Missing."), protocol.WEIGHTS_MISSING),
        (MemoryError(), protocol.OUT_OF_MEMORY),
        (ValueError("bad shape"), protocol.ENGINE_FAILED),
        (AssertionError(), protocol.ENGINE_FAILED),
    ],
)
@pytest.mark.parametrize("station", ["work", "load"])
def test_whatever_goes_wrong_ends_that_task_alone(
    fault: Exception, code: str, station: str
) -> None:
    def fail(failing: ExtractionTask) -> None:
        if failing.id == "bad":
            raise fault

    with working(work=fail) if station == "work" else working(load=fail) as (running, next_ended):
        running.submit(task("bad"))
        _, error = next_ended()
        assert error is not None
        assert error.code == code
        running.submit(task("good"))
        good, error = next_ended()
        assert (good.id, error) == ("good", None)


def test_a_fault_of_an_engine_is_named() -> None:
    def fail(task: ExtractionTask) -> None:
        raise ValueError("bad shape")

    with working(fail) as (running, next_ended):
        running.submit(task())
        _, error = next_ended()
    assert isinstance(error, EngineError)
    assert "ValueError: bad shape" in str(error)
    assert "flyaway daemon logs" in str(error)


def test_a_cancelled_task_is_not_begun() -> None:
    begun: list[ExtractionTask] = []
    with working(begun.append, begun.append) as (running, next_ended):
        asked = task()
        asked.is_cancelled.set()
        running.submit(asked)
        assert isinstance(next_ended()[1], CancelledError)
    assert not begun


def test_a_result_that_nobody_wants_any_more_is_dropped() -> None:
    with working(lambda task: task.is_cancelled.set()) as (running, next_ended):
        running.submit(task())
        assert isinstance(next_ended()[1], CancelledError)


def test_a_waiting_task_can_be_withdrawn_and_a_running_one_cannot() -> None:
    gate = Gate()
    with working(gate) as (running, next_ended):
        first, waiting = task("running"), task("waiting")
        running.submit(first)
        gate.wait_until_begun()
        running.submit(waiting)
        wait_until(lambda: running.withdraw(waiting))
        assert not running.withdraw(waiting)
        assert not running.withdraw(first)
        first.is_cancelled.set()
        assert next_ended()[0] is first
    assert gate.ids == ["running"]


def test_a_task_whose_engines_are_cold_does_not_hold_up_a_warm_one() -> None:
    is_loading, may_load = threading.Event(), threading.Event()

    def load(task: ExtractionTask) -> None:
        is_loading.set()
        assert may_load.wait(PATIENCE_S)

    with working(load=load, is_cold=lambda task: task.id == "cold") as (running, next_ended):
        running.submit(task("cold"))
        assert is_loading.wait(PATIENCE_S)
        running.submit(task("warm"))
        assert next_ended()[0].id == "warm"
        may_load.set()
        assert next_ended()[0].id == "cold"


def test_a_task_cancelled_while_its_engine_loads_is_not_begun() -> None:
    begun: list[ExtractionTask] = []
    with working(begun.append, lambda task: task.is_cancelled.set()) as (running, next_ended):
        running.submit(task())
        assert isinstance(next_ended()[1], CancelledError)
    assert not begun


def test_a_queue_that_stops_leaves_what_waits() -> None:
    gate = Gate()
    with working(gate) as (running, next_ended):
        first = task("running")
        running.submit(first)
        gate.wait_until_begun()
        running.submit(task("waiting"))
        first.is_cancelled.set()
        running.stop(PATIENCE_S)
        assert next_ended()[0] is first
    assert gate.ids == ["running"]


def test_a_shortage_of_memory_in_opencv_reads_like_one() -> None:
    def work(task: ExtractionTask) -> None:
        cv2.resize(np.zeros((1, 1), np.float32), (2**30, 2**30))

    with working(work) as (running, next_ended):
        running.submit(task())
        error = next_ended()[1]
    assert isinstance(error, DeviceError)
    assert "not enough memory" in str(error)


def test_a_batch_waits_behind_everybody_who_comes_before_its_turn() -> None:
    gate, order = Gate(), list[str]()

    def work(asked: ExtractionTask) -> None:
        order.append(asked.id)
        gate(asked)

    with working(work, is_cold=lambda task: False) as (running, next_ended):
        running.submit(batch("in hand"))
        gate.wait_until_begun()
        for asked in (batch("second"), task("editor"), batch("third"), task("other editor")):
            running.submit(asked)
        gate.opened.set()
        for _ in range(5):
            next_ended()

    assert order == ["in hand", "editor", "other editor", "second", "third"]


def batch(name: str) -> ExtractionTask:
    return ExtractionTask(b"peer", name, request(name, is_batch=True), {})
