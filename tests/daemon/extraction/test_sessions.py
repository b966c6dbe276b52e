"""sessions.py: pictures that stay, within bounds."""

from __future__ import annotations

import numpy as np
from tests.daemon.servers import Clock, MadeUpEngine

from flyaway import engines
from flyaway.engines.contract import Report, silent
from flyaway.engines.records import Role
from flyaway.extraction.request import Step
from flyaway.extraction.sessions import MOST_SESSIONS, Picture, Sessions
from flyaway.images.arrays import Image

STEP = Step(engines.record("builtin"), Role.SOLVE)


def picture(side: int = 10) -> Picture:
    return Picture(np.zeros((side, side, 3), np.uint8))


class _Counting(MadeUpEngine):
    """Counts how often it encodes, and keeps a thousand bytes of it."""

    def __init__(self) -> None:
        self.times = 0

    def encode(self, image: Image, report: Report = silent) -> Image:
        self.times += 1
        return image

    def kept_bytes(self, features: Image) -> int:
        return 1000


def test_one_picture_is_encoded_once_for_each_engine_that_works_on_it() -> None:
    one, other, shared = _Counting(), _Counting(), picture()
    for engine in (one, one, other, other):
        shared.encoded(engine, silent)
    assert (one.times, other.times) == (1, 1)


def test_what_is_pointed_with_is_kept_beside_what_solves() -> None:
    solver, pointer, one = _Counting(), _Counting(), picture()
    for _ in range(2):
        one.encoded(solver, silent)
        one.pointed.made(pointer, one.image, silent)
    assert (solver.times, pointer.times) == (1, 1)
    assert one.nbytes == 300 + 2 * 1000


def test_what_an_engine_keeps_counts_too() -> None:
    engine, one = _Counting(), picture()
    one.encoded(engine, silent)
    one.weigh(engine)
    assert one.nbytes == 300 + 1000


def test_sessions_on_the_same_picture_share_it() -> None:
    sessions, one = Sessions(10_000, 60), picture()
    sessions.open("a", "digest", one, STEP)
    sessions.open("b", "digest", one, STEP)
    assert sessions.nbytes == 300
    sessions.close("a")
    assert sessions.picture("digest") is one
    sessions.close("b")
    assert sessions.picture("digest") is None
    assert sessions.nbytes == 0


def test_the_longest_unused_make_room_for_a_new_picture() -> None:
    clock = Clock()
    sessions = Sessions(700, 60, clock)
    for name in ("a", "b"):
        sessions.open(name, name, picture(), STEP)
        clock.now_s += 1
    assert sessions.find("a") is not None  # used now
    clock.now_s += 1
    sessions.open("c", "c", picture(), STEP)
    assert sessions.find("b") is None
    assert sessions.find("a") is not None
    assert sessions.find("c") is not None


def test_a_picture_over_the_limit_stays_alone() -> None:
    sessions = Sessions(200, 60)
    sessions.open("a", "a", picture(), STEP)
    sessions.open("b", "b", picture(20), STEP)
    assert sessions.find("a") is None
    assert sessions.find("b") is not None


def test_there_are_only_so_many() -> None:
    sessions = Sessions(1 << 40, 60)
    for number in range(MOST_SESSIONS + 5):
        sessions.open(str(number), "same", picture(), STEP)
    assert len(sessions) == MOST_SESSIONS


def test_unused_ones_expire_unless_nothing_does() -> None:
    for idle_s, left in ((60.0, 1), (0.0, 2)):
        clock = Clock()
        sessions = Sessions(10_000, idle_s, clock)
        for name in ("a", "b"):
            sessions.open(name, name, picture(), STEP)
        clock.now_s += 61
        sessions.find("b")
        sessions.expire()
        assert len(sessions) == left
