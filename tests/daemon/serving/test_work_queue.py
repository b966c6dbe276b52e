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
from flyaway.serving.uploads import allocate
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


def order_of(*waiting: ExtractionTask) -> list[str]:
    """In which order tasks are worked on that came one after the other while the worker was busy."""
    gate = Gate()
    with working(gate, is_cold=lambda task: False) as (running, next_ended):
        running.submit(of("", "first"))
        gate.wait_until_begun()
        for one in waiting:
            running.submit(one)
        gate.opened.set()
        for _ in range(len(waiting) + 1):
            next_ended()
    return gate.ids[1:]


def of(client: str, name: str, **changes: bool) -> ExtractionTask:
    asked = request(name, selection=None, **changes)
    made = ExtractionTask(b"peer", name, asked, {"image": allocate(asked.image.bytes)})
    made.client = client
    return made


def test_clients_take_turns_however_many_tasks_each_has() -> None:
    ana = [of("ana", f"a{number}") for number in range(4)]
    ben = [of("ben", f"b{number}") for number in range(2)]

    assert order_of(*ana, *ben) == ["a0", "b0", "a1", "b1", "a2", "a3"]


def test_one_who_comes_late_does_not_wait_for_all_that_others_sent_before() -> None:
    here = [of("", f"h{number}") for number in range(3)]

    assert order_of(*here, of("ana", "a0"), of("ben", "b0"))[:3] == ["a0", "b0", "h0"]


def test_one_who_was_away_gets_no_turns_for_that() -> None:
    gate = Gate()
    with working(gate, is_cold=lambda task: False) as (running, next_ended):
        gate.opened.set()
        for number in range(5):
            running.submit(of("ana", f"before {number}"))
            next_ended()
        gate.opened.clear()
        running.submit(of("ana", "busy"))
        for _ in range(6):
            gate.wait_until_begun()
        for name in ("a0", "a1"):
            running.submit(of("ana", name))
        for name in ("b0", "b1", "b2"):
            running.submit(of("ben", name))
        gate.opened.set()
        for _ in range(6):
            next_ended()
    assert gate.ids[6:] == ["b0", "a0", "b1", "a1", "b2"]


def test_batches_wait_behind_all_others_whosever_they_are() -> None:
    batch = of("ana", "batch", is_batch=True)

    assert order_of(batch, of("ben", "b0"), of("ben", "b1")) == ["b0", "b1", "batch"]
