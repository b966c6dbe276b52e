"""pace.py: how long work will still take."""

from __future__ import annotations

import pytest

from flyaway_client.messages import Progress
from flyaway_client.pace import Pace


def words(passed_s: float, fraction: float) -> str:
    times = iter([100.0, 100.0 + passed_s])
    return Pace(lambda: next(times)).words(Progress("r", "Solving", fraction))


@pytest.mark.parametrize(
    ("passed_s", "fraction", "left"),
    [(3, 0.5, "3 s"), (30, 0.9, "3 s"), (5, 0.999, "1 s"), (6, 0.2, "25 s"), (60, 0.2, "4 min")],
)
def test_tells_the_time_left(passed_s: float, fraction: float, left: str) -> None:
    assert words(passed_s, fraction) == f"Solving, about {left} left"


@pytest.mark.parametrize(("passed_s", "fraction"), [(1.9, 0.5), (9, 0.0), (9, 0.19), (9, 1.0)])
def test_says_nothing_where_it_cannot_be_told(passed_s: float, fraction: float) -> None:
    assert words(passed_s, fraction) == "Solving"
