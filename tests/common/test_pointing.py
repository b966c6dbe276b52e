"""pointing.py: clicks are asked for, newest first, and what they mean is shown; against a daemon that is a fake."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.fakes import daemon
from tests.fakes.daemon import FakeDaemon, Peer, running

from flyaway_client import messages, planes, protocol, texts
from flyaway_client.background import BackgroundCall, Work
from flyaway_client.clicks import Kept
from flyaway_client.conversation import Report
from flyaway_client.menu_entries import EngineEntry
from flyaway_client.messages import (
    EngineInfo,
    ImageHeader,
    Message,
    PointRequest,
    Progress,
    UseRemote,
)
from flyaway_client.paid_work import PaidWork
from flyaway_client.pointing import Pointing
from flyaway_client.prompts import Box, Candidate, Point, Prompts
from flyaway_client.retouching import Image

IMAGE = Image(ImageHeader(40, 30, "rgba", "u8"), bytes(4 * 40 * 30))
POINTED = EngineInfo("sam", "SAM", "Clicks.", ("prompts",), True, 38_800_000, "MIT", "", True)


class Desk:
    """A screen, and a main loop that is turned by hand."""

    def __init__(self, kept: Kept | None = None, *, paid_work: PaidWork = PaidWork.ANY) -> None:
        self.said: list[tuple[str, str]] = []
        self.mask: tuple[ImageHeader, bytes] | None = None
        self.entry: EngineEntry | None = None
        self.do_here: Callable[[], object] | None = None
        self.marks = 0
        self._running: list[tuple[BackgroundCall[Any], Report, Callable[..., object]]] = []
        self.pointing = Pointing(
            self._start, "test", lambda: IMAGE, (40, 30), kept, paid_work, self
        )

    def _start(
        self, work: Work[Any], on_end: Callable[[BackgroundCall[Any]], object], report: Report
    ) -> BackgroundCall[Any]:
        call = BackgroundCall(work)
        self._running.append((call, report, on_end))
        return call

    def show_mask(self, mask: tuple[ImageHeader, bytes] | None) -> None:
        self.mask = mask

    def show_marks(self, box: planes.Box) -> None:
        self.marks += box.width * box.height

    def rest(self, sentence: str) -> None:
        self.said.append(("rest", sentence))

    def work(self, sentence: str) -> None:
        self.said.append(("work", sentence))

    def show_progress(self, progress: Progress) -> None:
        pass

    def fail(self, sentence: str) -> None:
        self.said.append(("fail", sentence))

    def offer(self, entry: EngineEntry | None) -> None:
        self.entry = entry

    def offer_here(self, do: Callable[[], object]) -> None:
        self.do_here = do

    def offers(self, *what: str) -> bool:
        """Whether a button fetches that, and says so; of nothing, whether there is none."""
        entry = self.entry
        return what == (() if entry is None else (entry.downloads, entry.download_label))

    def click(self, x: float, y: float, *, is_swapped: bool = False) -> None:
        self.pointing.clicks.begin((x, y), is_swapped)
        self.pointing.clicks.lift()

    def wait_for(self, kind: str, sentence: str) -> None:
        """Turn the loop until that is said."""
        for _ in range(1000):
            if self.said and self.said[-1] == (kind, sentence):
                return
            self._running = [one for one in self._running if one[0].follow(one[1], one[2])]
            time.sleep(0.01)
        raise TimeoutError(self.said)


@pytest.fixture
def fake(home: Path) -> Iterator[FakeDaemon]:
    with running(home, {"engines": daemon.offer(POINTED)}) as one:
        yield one


def asked(fake: FakeDaemon) -> list[Prompts]:
    return [one.prompts for one in fake.received if isinstance(one, PointRequest)]


FOUND = texts.points_found(2, 2)


def test_looks_first_and_answers_a_click(fake: FakeDaemon) -> None:
    desk = Desk()
    assert desk.pointing.session == ""
    desk.pointing.begin()
    desk.wait_for("rest", texts.POINTS_READY)
    assert asked(fake) == [Prompts()] and desk.offers()
    desk.pointing.cycle()
    assert desk.said[-1] == ("rest", texts.POINTS_READY), "nothing was pointed at"
    desk.click(10.5, 10.5)
    assert desk.said[-1] == ("work", texts.POINTING) and desk.marks
    desk.wait_for("rest", FOUND)
    assert desk.mask == (ImageHeader(2, 1, "gray", "u8"), b"cd")
    desk.pointing.cycle()
    assert desk.mask[1] == b"ab" and desk.said[-1] == ("rest", texts.points_found(1, 2))
    assert desk.pointing.clicks.prompts.size == "part"
    assert asked(fake)[1:] == [Prompts((Point(10, 10),))]
    assert desk.pointing.is_ready() and desk.pointing.session
    desk.pointing.close()


def test_a_click_while_it_looks_waits_for_that(fake: FakeDaemon) -> None:
    desk = Desk()
    desk.pointing.begin()
    desk.click(10.5, 10.5)
    desk.click(20.5, 10.5)
    desk.wait_for("rest", texts.points_found(2, 2))
    assert asked(fake) == [Prompts(), Prompts((Point(10, 10), Point(20, 10)))]
    desk.pointing.close()


def test_what_was_kept_is_asked_for_at_once(fake: FakeDaemon) -> None:
    desk = Desk(Kept(40, 30, Prompts((Point(4, 5),))))
    desk.pointing.begin()
    desk.wait_for("rest", FOUND)
    assert asked(fake) == [Prompts(), Prompts((Point(4, 5),))]
    desk.pointing.close()


def test_without_a_subject_there_is_nothing_to_ask_or_extract(fake: FakeDaemon) -> None:
    desk = Desk()
    desk.pointing.begin()
    desk.wait_for("rest", texts.POINTS_READY)
    assert not desk.pointing.is_ready() and desk.said[-1] == ("fail", texts.POINTS_FIRST)
    desk.click(3, 3, is_swapped=True)
    assert desk.said[-1] == ("rest", texts.POINTS_FIRST)
    desk.click(10, 10)
    desk.wait_for("rest", FOUND)
    desk.pointing.clicks.clear()
    assert desk.mask is None and desk.said[-1] == ("rest", texts.POINTS_READY)
    assert len(asked(fake)) == 2
    for number in range(70):
        desk.pointing.clicks.drags_box = False
        desk.pointing.clicks.begin((1, 1), False)
        for x in (10, 20, 38):
            desk.pointing.clicks.go((x, number % 29))
        desk.pointing.clicks.lift()
    assert desk.said[-1] == ("fail", texts.POINTS_FULL)
    desk.pointing.close()


def test_nothing_found_is_said(fake: FakeDaemon) -> None:
    def find_nothing(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        assert isinstance(message, PointRequest)
        fake.send(peer, messages.Pointed(message.id, message.session, "fake"))

    fake.script["point"] = find_nothing
    desk = Desk()
    desk.pointing.begin()
    desk.wait_for("rest", texts.POINTS_READY)
    desk.click(10, 10)
    desk.wait_for("fail", texts.POINTS_NOTHING)
    assert desk.mask is None
    desk.pointing.close()


def test_what_can_mean_one_thing_alone_offers_no_next(fake: FakeDaemon) -> None:
    def find_one(fake: FakeDaemon, peer: Peer, message: Message) -> None:
        assert isinstance(message, PointRequest)
        found = (Candidate("object", 0.9, Box(0, 0, 1, 1)),)
        mask = ImageHeader(2, 1, "gray", "u8")
        fake.send(peer, messages.Pointed(message.id, message.session, "fake", found, mask), b"ab")

    desk = Desk()
    desk.pointing.begin()
    desk.wait_for("rest", texts.POINTS_READY)
    fake.script["point"] = find_one
    desk.click(10, 10)
    desk.wait_for("rest", texts.POINTS_FOUND)
    assert desk.mask == (ImageHeader(2, 1, "gray", "u8"), b"ab")
    desk.pointing.close()


@pytest.mark.parametrize("is_looking", [True, False])
def test_what_goes_wrong_is_said(fake: FakeDaemon, is_looking: bool) -> None:
    desk = Desk()
    if is_looking:
        fake.script["point"] = daemon.refuse(protocol.OUT_OF_MEMORY, "Too large.")
        desk.pointing.begin()
        desk.click(10, 10)
    else:
        desk.pointing.begin()
        desk.wait_for("rest", texts.POINTS_READY)
        fake.script["point"] = daemon.refuse(protocol.OUT_OF_MEMORY, "Too large.")
        desk.click(10, 10)
    desk.wait_for("fail", "Too large.")
    desk.pointing.close()


@pytest.mark.parametrize("lost", ["engines", "look", "click"])
def test_what_another_computer_could_not_is_done_here_once_the_user_says_so(
    home: Path, lost: str
) -> None:
    lose = daemon.lose_remote("studio does not answer.")
    script = {"engines": daemon.offer(POINTED), "use-remote": lose["use-remote"]}
    with running(home, script) as fake:
        desk = Desk()
        if lost == "engines":
            fake.script["engines"] = daemon.refuse(protocol.REMOTE_LOST, "studio does not answer.")
        elif lost == "look":
            fake.script.update(lose)
        desk.pointing.begin()
        if lost == "click":
            desk.wait_for("rest", texts.POINTS_READY)
            fake.script.update(lose)
            desk.click(10, 10)
        desk.wait_for("fail", "studio does not answer.")
        assert desk.do_here is not None
        assert not any(isinstance(one, UseRemote) for one in fake.received)

        fake.script["engines"] = daemon.offer(POINTED)
        desk.do_here()
        desk.wait_for("rest", FOUND if lost == "click" else texts.POINTS_READY)
        desk.click(20, 10)
        desk.wait_for("rest", FOUND)
        (used,) = [one for one in fake.received if isinstance(one, UseRemote)]
        assert used.name == ""
        desk.pointing.close()


def test_nothing_is_offered_for_what_is_wrong_here(fake: FakeDaemon) -> None:
    fake.script["point"] = daemon.refuse(protocol.OUT_OF_MEMORY, "Too large.")
    desk = Desk()
    desk.pointing.begin()
    desk.wait_for("fail", "Too large.")
    assert desk.do_here is None
    desk.pointing.close()


def test_a_click_that_came_out_of_order_is_asked_again(fake: FakeDaemon) -> None:
    desk = Desk()
    desk.pointing.begin()
    desk.wait_for("rest", texts.POINTS_READY)
    acts = iter([daemon.refuse(protocol.CANCELLED, "Cancelled.")])
    fake.script["point"] = lambda one, peer, message: next(acts, daemon.find_pointed)(
        one, peer, message
    )
    desk.click(10, 10)
    desk.wait_for("rest", FOUND)
    assert len(asked(fake)) == 3
    desk.pointing.close()


@pytest.mark.parametrize("has_clicked", [True, False])
def test_a_look_that_gave_way_to_something_else_is_no_problem(
    fake: FakeDaemon, has_clicked: bool
) -> None:
    acts = iter([daemon.refuse(protocol.CANCELLED, "Something else.")])
    fake.script["point"] = lambda one, peer, message: next(acts, daemon.find_pointed)(
        one, peer, message
    )
    desk = Desk()
    desk.pointing.begin()
    if has_clicked:
        desk.click(10, 10)
    desk.wait_for("rest", FOUND if has_clicked else texts.POINTS_READY)
    desk.pointing.close()


def test_a_missing_network_is_offered(home: Path) -> None:
    missing = messages.EngineInfo(**{**vars(POINTED), "installed": False})
    unclear = messages.EngineInfo(**{**vars(POINTED), "name": "unclear", "paid_work": None})
    with running(home, {"engines": daemon.offer(missing, unclear)}) as fake:
        desk = Desk(paid_work=PaidWork.WEIGHTS)
        desk.pointing.begin()
        desk.click(10, 10)
        desk.wait_for("fail", texts.POINTS_MISSING)
        assert desk.offers("sam", "Find by clicking (39 MB)")
        assert asked(fake) == []
        desk.pointing.choose_engines(PaidWork.ANY)
        desk.wait_for("rest", FOUND)
        assert desk.offers()
        fake.script["engines"] = daemon.offer()
        desk.pointing.choose_engines(PaidWork.WEIGHTS)
        desk.wait_for("fail", texts.POINTS_MISSING_BY_HAND)
        assert desk.offers()
        fake.script["engines"] = daemon.refuse(protocol.INTERNAL, "Broken.")
        desk.pointing.begin()
        desk.wait_for("fail", "Broken.")
        desk.pointing.begin()
        desk.pointing.close()
