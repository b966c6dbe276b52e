"""feed: each photo once, none before it is complete."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path

import pytest
from tests.daemon.batch.photos import photo
from tests.daemon.servers import Clock

from flyaway.batch import feed
from flyaway.batch.feed import SETTLED_S, ListFeed, WatchFeed
from flyaway.batch.plan import Job


def job(name: str) -> Job:
    return Job(name, Path(name))


def test_a_list_is_handed_out_in_order_and_what_others_hold_last(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(feed, "_HELD_S", 0.0)
    jobs = ListFeed([job("a"), job("b")], threading.Event())
    first = jobs.next()
    assert first == job("a")
    jobs.put_back(first)
    assert [jobs.next(), jobs.next(), jobs.next()] == [job("b"), job("a"), None]


def test_nothing_more_is_handed_out_at_the_end() -> None:
    is_stopping = threading.Event()
    jobs = ListFeed([job("a"), job("b")], is_stopping)
    jobs.put_back(job("c"))
    is_stopping.set()
    assert jobs.next() is None


class Watch:
    """A folder that is watched, and a clock of its own; each look is a second later."""

    def __init__(self, folder: Path, take: Callable[[Job], bool]) -> None:
        self.jobs: list[Job] = []
        self.clock = Clock()
        self.is_stopping = threading.Event()
        self.feed = WatchFeed(lambda: self.jobs, take, self.is_stopping, self.clock)

    def looks(self, seconds: float) -> list[str]:
        """What is handed out in that time."""
        found = []
        for _ in range(round(seconds)):
            self.clock.now_s += 1
            self.feed._gather()
        while self.feed._ready:
            next_job = self.feed.next()
            assert next_job is not None
            found.append(next_job.name)
        return found


@pytest.fixture
def taken() -> list[str]:
    return []


@pytest.fixture
def watch(tmp_path: Path, taken: list[str]) -> Watch:
    def take(job: Job) -> bool:
        taken.append(job.name)
        return not job.name.startswith("done")

    return Watch(tmp_path, take)


def test_a_file_that_grows_is_not_taken_until_it_rests(watch: Watch, tmp_path: Path) -> None:
    watch.jobs = [photo(tmp_path)]
    for _ in range(5):
        with watch.jobs[0].source.open("ab") as file:
            file.write(b"more")
        assert watch.looks(1) == []
    assert watch.looks(SETTLED_S - 1) == []
    assert watch.looks(2) == ["a.png"]
    assert watch.looks(10) == []


def test_what_goes_with_it_has_to_be_there_and_rest_too(watch: Watch, tmp_path: Path) -> None:
    watch.jobs = [photo(tmp_path, selection=tmp_path / "t.png")]
    assert watch.looks(10) == []
    photo(tmp_path, "t.png")
    assert watch.looks(1) == []
    assert watch.looks(SETTLED_S + 1) == ["a.png"]


def test_a_photo_that_changes_is_taken_again(watch: Watch, tmp_path: Path) -> None:
    watch.jobs = [photo(tmp_path)]
    assert watch.looks(5) == ["a.png"]
    (tmp_path / photo(tmp_path, seed=2).name).open("ab").close()
    with watch.jobs[0].source.open("ab") as file:
        file.write(b"more")
    assert watch.looks(5) == ["a.png"]


def test_what_another_run_holds_is_taken_later(watch: Watch, tmp_path: Path) -> None:
    watch.jobs = [photo(tmp_path)]
    assert watch.looks(5) == ["a.png"]
    watch.feed.put_back(watch.jobs[0])
    assert watch.looks(1) == ["a.png"]


def test_what_is_done_is_asked_about_once(watch: Watch, tmp_path: Path, taken: list[str]) -> None:
    watch.jobs = [photo(tmp_path, "done.png")]
    assert watch.looks(10) == []
    assert taken == ["done.png"]


def test_watching_ends_when_it_is_told(watch: Watch) -> None:
    watch.is_stopping.set()
    assert watch.feed.next() is None
