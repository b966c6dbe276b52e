"""latest.py: what one thread leaves for another."""

from __future__ import annotations

from flyaway_client.latest import Latest


def test_gives_each_thing_once() -> None:
    latest = Latest[str]()
    assert latest.take() is None
    latest.put("one")
    assert latest.take() == "one"
    assert latest.take() is None


def test_a_newer_thing_takes_the_place_of_an_older_one() -> None:
    latest = Latest[str]()
    latest.put("one")
    latest.put("two")
    assert latest.take() == "two"
    assert latest.take() is None
