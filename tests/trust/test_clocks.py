"""Clocks that jump and programs that are put to sleep: no wait goes by the time of day, and a request outlasts a pause."""

from __future__ import annotations

import ast
import os

import pytest
from tests.benchmarks.provenance import REPOSITORY
from tests.trust.sleeps import KINDS, VICTIMS, Sleep, judged, slept

WITH_TIME_OF_DAY = {
    "daemon/flyaway/weights/store.py": "beside the times of files, which are the system's"
}
"""Where the time of day is asked for, and why."""


def test_no_wait_goes_by_the_time_of_day() -> None:
    """A clock that is set, by a user or over the network, moves `time.time` and leaves `time.monotonic` alone."""
    found = set()
    for folder in ("daemon/flyaway", "plugins"):
        for file in (REPOSITORY / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Attribute) and ast.unparse(node) in (
                    "time.time",
                    "time.time_ns",
                ):
                    found.add(file.relative_to(REPOSITORY).as_posix())
    assert found == WITH_TIME_OF_DAY.keys()


@pytest.mark.skipif(os.name != "posix", reason="signals as POSIX has them")
def test_what_is_stopped_in_the_middle_goes_on_rightly() -> None:
    """For as long as no wait is; `scripts/soak sleeps` has all sleep for longer than any."""
    (kind,) = (one for one in KINDS if one.startswith("session"))
    batch = [Sleep(kind, victim, at) for victim in VICTIMS for at in (9, 21)]
    awake, *told = slept([Sleep(kind, "", -1), *batch], 2.0)
    assert awake["moments"] > 21
    for one in told:
        assert judged(one, awake["outcome"]) == ("the whole answer", [])


def test_who_comes_to_no_end_is_found() -> None:
    told = {"outcome": "half an answer", "again": "other", "moments": 3, "wrong": []}
    _, wrong = judged(told, "answer")
    assert len(wrong) == 2
