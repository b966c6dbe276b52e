"""The queue and its threads, without sockets and pixels."""

from __future__ import annotations

import queue
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import numpy as np
import pytest
from tests.daemon.servers import PATIENCE_S, Gate, request

from flyaway.errors import CancelledError, EngineError, NoSubjectError, WeightsError
from flyaway.extraction.pipeline import Outcome
from flyaway.serving.jobs import Done, Download, Job, Worker
from flyaway_client import protocol
from flyaway_client.messages import DownloadRequest

OUTCOME = Outcome(np.zeros((3, 4), np.uint8), "engine", "device")


def job(name: str = "r") -> Job:
    return Job(b"peer", request(name), {})


def return_outcome(job: Job) -> Outcome:
    return OUTCOME


@contextmanager
def working(
    work: Callable[[Job], Outcome] = return_outcome,
    is_ready: Callable[[Job], bool] = lambda job: True,
    prepare: Callable[[Job], None] = lambda job: None,
) -> Iterator[tuple[Worker[Job], Callable[[], Done]]]:
    """A running worker, and what waits for the next job to end."""
    finished: queue.SimpleQueue[Done] = queue.SimpleQueue()
    worker = Worker(work, finished.put, is_ready, prepare)
    worker.start()
    try:
        yield worker, lambda: finished.get(timeout=PATIENCE_S)
    finally:
        worker.stop(PATIENCE_S)


def test_gives_back_what_was_made_and_how_long_it_took() -> None:
    with working() as (worker, next_done):
        asked = job()
        worker.submit(asked)
        done = next_done()
    assert done.job is asked
    assert done.outcome is OUTCOME
    assert done.error is None
    assert done.seconds >= 0
    assert (asked.stage, asked.fraction) == ("Done", 1.0)


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
@pytest.mark.parametrize("step", ["work", "prepare"])
def test_whatever_goes_wrong_ends_that_job_alone(fault: Exception, code: str, step: str) -> None:
    def fail(failing: Job) -> Outcome:
        if failing.request.id == "bad":
            raise fault
        return OUTCOME

    def prepare(failing: Job) -> None:
        fail(failing)

    steps = {"work": fail} if step == "work" else {"prepare": prepare}
    with working(is_ready=lambda job: False, **steps) as (worker, next_done):
        worker.submit(job("bad"))
        done = next_done()
        assert done.error is not None
        assert done.error.code == code
        assert done.outcome is None
        worker.submit(job("good"))
        assert next_done().outcome is OUTCOME


def test_a_fault_of_an_engine_is_named() -> None:
    def fail(job: Job) -> Outcome:
        raise ValueError("bad shape")

    with working(fail) as (worker, next_done):
        worker.submit(job())
        error = next_done().error
    assert isinstance(error, EngineError)
    assert "ValueError: bad shape" in str(error)
    assert "flyaway daemon logs" in str(error)


def test_a_cancelled_job_is_not_begun() -> None:
    begun = []

    def work(job: Job) -> Outcome:
        begun.append(job)
        return OUTCOME

    with working(work) as (worker, next_done):
        asked = job()
        asked.is_cancelled.set()
        worker.submit(asked)
        assert isinstance(next_done().error, CancelledError)
    assert not begun


def test_a_result_that_nobody_wants_any_more_is_dropped() -> None:
    def work(job: Job) -> Outcome:
        job.is_cancelled.set()
        return OUTCOME

    with working(work) as (worker, next_done):
        worker.submit(job())
        done = next_done()
    assert isinstance(done.error, CancelledError)
    assert done.outcome is None


def test_a_waiting_job_can_be_withdrawn_and_a_running_one_cannot() -> None:
    gate = Gate()
    with working(gate) as (worker, next_done):
        running, waiting = job("running"), job("waiting")
        worker.submit(running)
        worker.submit(waiting)
        gate.wait_until_begun()
        assert worker.withdraw(waiting)
        assert not worker.withdraw(waiting)
        assert not worker.withdraw(running)
        running.is_cancelled.set()
        assert next_done().job is running
    assert gate.ids == ["running"]


def test_a_job_whose_engines_are_cold_does_not_hold_up_a_warm_one() -> None:
    is_loading, may_load = threading.Event(), threading.Event()

    def prepare(job: Job) -> None:
        is_loading.set()
        assert may_load.wait(PATIENCE_S)

    is_ready: Callable[[Job], bool] = lambda job: job.request.id == "warm"  # noqa: E731
    with working(is_ready=is_ready, prepare=prepare) as (worker, next_done):
        worker.submit(job("cold"))
        assert is_loading.wait(PATIENCE_S)
        worker.submit(job("warm"))
        assert next_done().job.request.id == "warm"
        may_load.set()
        assert next_done().job.request.id == "cold"


def test_a_job_cancelled_while_its_engine_loads_is_not_begun() -> None:
    def prepare(job: Job) -> None:
        job.is_cancelled.set()

    def work(job: Job) -> Outcome:
        raise AssertionError("begun")

    with working(work, lambda job: False, prepare) as (worker, next_done):
        worker.submit(job())
        assert isinstance(next_done().error, CancelledError)


@pytest.mark.parametrize("ending", ["done", "failed", "not prepared", "withdrawn"])
def test_what_a_job_holds_is_given_back_however_it_ends(ending: str) -> None:
    given_back = threading.Event()
    gate = Gate()

    def prepare(preparing: Job) -> None:
        preparing.held.callback(given_back.set)
        if ending == "not prepared":
            raise NoSubjectError("Nothing.")

    def work(working_on: Job) -> Outcome:
        if working_on.request.id == "ahead":
            return gate(working_on)
        assert not given_back.is_set()
        if ending == "failed":
            raise ValueError("bad shape")
        return OUTCOME

    is_ready: Callable[[Job], bool] = lambda job: job.request.id == "ahead"  # noqa: E731
    with working(work, is_ready, prepare) as (worker, next_done):
        if ending == "withdrawn":
            ahead, asked = job("ahead"), job()
            worker.submit(ahead)
            gate.wait_until_begun()
            prepare(asked)
            worker.submit(asked)
            while not worker.withdraw(asked):
                pass
            ahead.is_cancelled.set()
        else:
            worker.submit(job())
        next_done()
    assert given_back.is_set()


def test_a_worker_that_stops_leaves_what_waits() -> None:
    gate = Gate()
    with working(gate) as (worker, next_done):
        running = job("running")
        worker.submit(running)
        worker.submit(job("waiting"))
        gate.wait_until_begun()
        running.is_cancelled.set()
        worker.stop(PATIENCE_S)
        assert next_done().job is running
    assert gate.ids == ["running"]


def test_downloads_have_nothing_to_give_back() -> None:
    finished: queue.SimpleQueue[Done] = queue.SimpleQueue()
    fetched: list[Download] = []
    worker: Worker[Download] = Worker(fetched.append, finished.put)
    worker.start()
    download = Download(b"peer", DownloadRequest("d", "engine"))
    worker.submit(download)
    done = finished.get(timeout=PATIENCE_S)
    worker.stop(PATIENCE_S)
    assert fetched == [download]
    assert (done.outcome, done.error) == (None, None)
