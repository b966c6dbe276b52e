"""run: many photos at once, and what becomes of them when the engines' daemon is full, lost or refuses."""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.daemon.batch.photos import Solver, answer, photo, wishes
from tests.daemon.servers import PATIENCE_S, wait_until

from flyaway.batch import run as module
from flyaway.batch import work
from flyaway.batch.events import Done, Event, Failed, Passed
from flyaway.batch.feed import ListFeed
from flyaway.batch.manifest import Manifest, State
from flyaway.batch.plan import Job
from flyaway.batch.run import Run
from flyaway.batch.work import Prepared, Wishes
from flyaway.errors import BatchError
from flyaway_client import protocol
from flyaway_client.client import Extracted
from flyaway_client.errors import (
    ClientError,
    DaemonLostError,
    DaemonUnreachableError,
    RefusedError,
    TransportError,
    VersionError,
)
from flyaway_client.messages import ExtractRequest


class Bench:
    """A run over photos in a folder, and all that it told."""

    def __init__(self, folder: Path, solve: Solver, **options: Any) -> None:
        self.folder = folder
        self.options = options
        self.solve = solve
        self.told: list[Event] = []
        self.manifest = Manifest(folder / "out")
        self.manifest.prepare()
        self.is_stopping = threading.Event()
        self.run = Run(
            wishes(folder / "out", **options),
            self.manifest,
            solve,
            self.told.append,
            lambda engine: None,
            self.is_stopping,
        )

    def work_off(self, jobs: list[Job], meanwhile: Callable[[], None] = lambda: None) -> None:
        self.run.work_off(ListFeed(jobs, self.is_stopping), meanwhile, every_s=0.01)

    def jobs(self, count: int) -> list[Job]:
        return [photo(self.folder / "photos", f"{index}.png", index) for index in range(count)]


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing is waited for."""
    monkeypatch.setattr(module, "_BUSY_S", 0.001)


def test_every_photo_is_done_and_told(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Solver())
    bench.work_off(bench.jobs(9))

    assert {event.photo for event in bench.told if isinstance(event, Done)} == {
        f"{i}.png" for i in range(9)
    }
    assert all((tmp_path / f"out/{index}-cutout.png").is_file() for index in range(9))
    record = bench.manifest.record(bench.jobs(1)[0].key)
    assert record is not None
    assert (record.engine, record.confidence, record.seconds) == ("copy", 0.5, 0.25)
    assert record.notes == ("A note.",)


def test_only_so_many_are_asked_for_and_read_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Memory is bounded, and while all workers wait for the engines, more photos are read already."""
    lock, may_go_on = threading.Lock(), threading.Event()
    asked, most_asked, read, most_read = 0, 0, 0, 0
    whole_prepare, whole_finish = work.prepare, work.finish

    def prepare(job: Job, wanted: Wishes) -> Prepared:
        nonlocal read, most_read
        with lock:
            read += 1
            most_read = max(most_read, read)
        return whole_prepare(job, wanted)

    def finish(*arguments: Any) -> work.Finished:
        nonlocal read
        with lock:
            read -= 1
        return whole_finish(*arguments)

    def solve(request: ExtractRequest) -> Extracted:
        nonlocal asked, most_asked
        with lock:
            asked += 1
            most_asked = max(most_asked, asked)
        assert may_go_on.wait(PATIENCE_S)
        with lock:
            asked -= 1
        return answer(request)

    def let_go() -> None:
        if read == 5:
            may_go_on.set()

    monkeypatch.setattr(work, "prepare", prepare)
    monkeypatch.setattr(work, "finish", finish)
    bench = Bench(tmp_path, Solver(solve), workers=3)
    bench.work_off(bench.jobs(20), let_go)

    assert (most_asked, most_read) == (3, 5)
    assert len(bench.told) == 20


def failing(errors: list[ClientError]) -> Solver:
    """Raises these first, then answers."""

    def solve(request: ExtractRequest) -> Extracted:
        if errors:
            raise errors.pop(0)
        return answer(request)

    return Solver(solve)


@pytest.mark.parametrize(
    "error",
    [
        RefusedError(protocol.BUSY, "Full."),
        RefusedError(protocol.CANCELLED, "Stopping."),
        DaemonLostError("Lost."),
    ],
)
def test_what_passes_is_waited_for(error: ClientError, tmp_path: Path) -> None:
    bench = Bench(tmp_path, failing([error, error]))
    bench.work_off(bench.jobs(3))
    assert [type(event) for event in bench.told] == [Done] * 3


def test_a_photo_that_the_daemon_does_not_survive_fails_alone(tmp_path: Path) -> None:
    """Photos that are with the daemon beside it go down too, but are asked for again one at a time."""
    bad_first = threading.Event()
    lost: list[str] = []

    def solve(request: ExtractRequest) -> Extracted:
        if request.engine == "auto" and request.id in bad:
            bad_first.set()
            lost.append(request.id)
            raise DaemonLostError("Lost.")
        return answer(request)

    bad: set[str] = set()
    bench = Bench(tmp_path, Solver(solve))
    whole = work.prepare

    def prepare(job: Job, wanted: Wishes) -> Prepared:
        prepared = whole(job, wanted)
        if job.name == "2.png":
            bad.add(prepared.request.id)
        return prepared

    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(work, "prepare", prepare)
        bench.work_off(bench.jobs(6))

    assert {event.photo: type(event) for event in bench.told} == {
        f"{index}.png": Failed if index == 2 else Done for index in range(6)
    }
    assert len(lost) == 3


@pytest.mark.parametrize(
    "error",
    [
        RefusedError(protocol.UNKNOWN_ENGINE, "No such engine."),
        RefusedError(protocol.WEIGHTS_MISSING, "Not installed."),
        DaemonUnreachableError("Nobody there."),
        VersionError("Too old."),
    ],
)
def test_what_would_hit_all_ends_the_run_and_is_no_photos_failure(
    error: ClientError, tmp_path: Path
) -> None:
    bench = Bench(tmp_path, failing([error] * 100))
    with pytest.raises(BatchError) as caught:
        bench.work_off(bench.jobs(9))
    assert str(caught.value) == error.message
    assert bench.told == []
    assert list(bench.manifest.records()) == []


@pytest.mark.parametrize(
    "error", [RefusedError(protocol.NO_SUBJECT, "Nothing there."), TransportError("odd")]
)
def test_what_hits_one_is_remembered_of_that_one(error: ClientError, tmp_path: Path) -> None:
    bench = Bench(tmp_path, failing([error]), workers=1)
    bench.work_off(bench.jobs(4))
    (failed,) = (event for event in bench.told if isinstance(event, Failed))
    assert failed.sentence == error.message
    (record,) = (one for one in bench.manifest.records() if one.state is State.FAILED)
    assert (record.photo, record.sentence) == (failed.photo, failed.sentence)
    assert len(bench.told) == 4


def test_a_fault_of_ours_ends_the_run_and_comes_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def break_down(*_: object) -> None:
        raise AssertionError("a fault of ours")

    monkeypatch.setattr(work, "finish", break_down)
    bench = Bench(tmp_path, Solver())
    with pytest.raises(AssertionError, match="a fault of ours"):
        bench.work_off(bench.jobs(30))
    assert len(bench.solve.asked) < 30


def test_what_others_are_at_is_waited_for_and_not_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flyaway.batch.feed._HELD_S", 0.001)
    bench, other = Bench(tmp_path, Solver()), Bench(tmp_path, Solver())
    jobs = bench.jobs(3)
    with bench.manifest.claim(jobs[1].key) as is_ours:
        assert is_ours
        runner = threading.Thread(target=other.work_off, args=(jobs,))
        runner.start()
        wait_until(lambda: len(other.told) == 2)
    runner.join()
    assert {event.photo for event in other.told if isinstance(event, Done)} == {
        "0.png",
        "1.png",
        "2.png",
    }

    bench.work_off(jobs)
    assert {type(event) for event in bench.told} == {Passed}
    assert bench.solve.asked == []


def test_results_that_only_lacked_their_last_word_are_not_made_again(tmp_path: Path) -> None:
    bench = Bench(tmp_path, Solver())
    (job,) = jobs = bench.jobs(1)
    bench.work_off(jobs)
    record = bench.manifest.record(job.key)
    assert record is not None
    bench.manifest.keep(job.key, replace(record, state=State.PUBLISHING))

    again = Bench(tmp_path, Solver())
    again.work_off(jobs)

    assert again.solve.asked == []
    assert [type(event) for event in again.told] == [Done]
    settled = again.manifest.record(job.key)
    assert settled is not None
    assert settled.state is State.DONE


def test_a_photo_that_cannot_be_seen_is_judged_by_reading_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    bench = Bench(tmp_path, Solver())
    jobs = bench.jobs(1)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr("flyaway.batch.hand.judge", refuse)
    bench.work_off(jobs)
    assert [type(event) for event in bench.told] == [Done]
