"""progress: a bar, photos a minute, the time left."""

from __future__ import annotations

from tests.daemon.servers import Clock

from flyaway.batch.events import Done, Failed, Passed
from flyaway.batch.progress import Progress


def done() -> Done:
    return Done("a", ("a-cutout.png",), "builtin", None, 1.0)


def test_the_pace_is_that_of_photos_that_were_worked_on() -> None:
    clock = Clock()
    progress = Progress(20, clock)
    for _ in range(3):
        progress.count(done())
    progress.count(Failed("b", "Because."))
    progress.count(Passed("c", "done"))
    clock.now_s += 120

    assert progress.words == "[##--------] 5 of 20 photos, 2 a minute, 8 min left, 1 failed"
    assert progress.fraction == 0.25


def test_before_the_first_photo_no_pace_is_made_up() -> None:
    assert Progress(3, Clock()).words == "[----------] 0 of 3 photos"
    assert Progress(0, Clock()).words == "[##########] 0 of 0 photos"


def test_times_are_told_in_the_unit_that_fits() -> None:
    told = []
    for total in (2, 400, 40000):
        clock = Clock()
        progress = Progress(total, clock)
        progress.count(done())
        clock.now_s += 12
        told.append(progress.words.split(", ")[2])
    assert told == ["12 s left", "80 min left", "133.3 h left"]
