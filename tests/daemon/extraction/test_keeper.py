"""Warm engines under a clock, a loader and a memory that a test decides."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from tests.daemon.servers import PATIENCE_S, Clock, MadeUpEngine

from flyaway.engines.contract import AnyEngine
from flyaway.errors import DeviceError, WeightsError
from flyaway.extraction.keeper import Keeper, Reservation


class Shelf:
    """A loader of engines that take memory of a device that has so much of it."""

    def __init__(self, free_bytes: int = 100, sizes: dict[str, int] | None = None) -> None:
        self.free = free_bytes
        self.sizes = sizes or {}
        self.faults: list[Exception] = []
        self.loads: list[str] = []
        self.last_tries: list[bool] = []
        self.releases = 0
        self.keeper: Keeper | None = None

    def needed_bytes(self, name: str) -> int:
        return self.sizes.get(name, 10)

    def free_bytes(self) -> int:
        held = self.keeper.names if self.keeper else ()
        return self.free - sum(map(self.needed_bytes, held))

    def load(self, name: str, is_last_try: bool = False) -> AnyEngine:
        self.last_tries.append(is_last_try)
        self.loads.append(name)
        if self.faults:
            raise self.faults.pop(0)
        return MadeUpEngine()

    def release(self) -> None:
        self.releases += 1


def kept(shelf: Shelf, clock: Clock | None = None, **options: Any) -> Keeper:
    options.setdefault("idle_s", 60)
    shelf.keeper = Keeper(shelf, clock=clock or Clock(), **options)
    return shelf.keeper


def warm_up(keeper: Keeper, *names: str) -> None:
    for name in names:
        with keeper.lend(name):
            pass


def test_loads_an_engine_once() -> None:
    keeper = kept(shelf := Shelf())
    with keeper.lend("a") as first, keeper.lend("a") as second:
        assert first is second
    assert shelf.loads == ["a"]
    assert keeper.names == ("a",)


def test_keeps_nothing_of_an_engine_that_could_not_be_loaded() -> None:
    keeper = kept(shelf := Shelf())
    shelf.faults = [WeightsError("damaged")]
    with pytest.raises(WeightsError, match="damaged"), keeper.lend("a"):
        pass
    assert keeper.names == ()
    warm_up(keeper, "a")
    assert shelf.loads == ["a", "a"]


def test_answers_which_engines_are_warm_while_one_loads() -> None:
    is_loading, may_go_on = threading.Event(), threading.Event()

    class Slow(Shelf):
        def load(self, name: str, is_last_try: bool = False) -> AnyEngine:
            if name == "slow":
                is_loading.set()
                assert may_go_on.wait(PATIENCE_S)
            return super().load(name, is_last_try)

    keeper = kept(shelf := Slow())
    warm_up(keeper, "warm")
    threads = [threading.Thread(target=warm_up, args=(keeper, "slow")) for _ in range(2)]
    for thread in threads:
        thread.start()
    assert is_loading.wait(PATIENCE_S)
    assert keeper.names == ("warm",)
    warm_up(keeper, "warm")
    may_go_on.set()
    for thread in threads:
        thread.join(PATIENCE_S)
    assert shelf.loads == ["warm", "slow"]
    assert set(keeper.names) == {"warm", "slow"}


class TestIdleness:
    """What time does to warm engines."""

    def test_ends_after_the_time_since_an_engine_was_given_back(self) -> None:
        keeper = kept(shelf := Shelf(), clock := Clock())
        with keeper.lend("a"):
            clock.now_s += 100
        clock.now_s += 59
        assert keeper.unload_idle() == ()
        clock.now_s += 1
        assert keeper.unload_idle() == ("a",)
        assert keeper.names == ()
        assert shelf.releases == 1

    def test_never_ends_with_an_engine_in_use(self) -> None:
        keeper = kept(Shelf(), clock := Clock())
        with keeper.lend("a"):
            with keeper.lend("a"):
                pass
            clock.now_s += 1000
            assert keeper.unload_idle() == ()

    def test_is_forgiven_where_the_setting_is_zero(self) -> None:
        keeper = kept(Shelf(), clock := Clock(), idle_s=0)
        warm_up(keeper, "a")
        clock.now_s += 1e9
        assert keeper.unload_idle() == ()


class TestRoom:
    """What memory does to warm engines."""

    def test_is_made_by_letting_go_of_the_longest_unused(self) -> None:
        keeper = kept(Shelf(free_bytes=30), clock := Clock())
        for name in "abc":
            warm_up(keeper, name)
            clock.now_s += 1
        warm_up(keeper, "a")
        warm_up(keeper, "d")
        assert keeper.names == ("a", "c", "d")

    def test_is_not_made_at_the_cost_of_an_engine_in_use(self) -> None:
        keeper = kept(Shelf(free_bytes=10))
        with keeper.lend("a"), keeper.lend("b"):
            assert keeper.names == ("a", "b")

    def test_is_kept_to_the_budget_of_the_settings(self) -> None:
        keeper = kept(Shelf(), clock := Clock(), budget_bytes=20)
        for name in "abc":
            warm_up(keeper, name)
            clock.now_s += 1
        assert keeper.names == ("b", "c")

    def test_lacking_at_load_lets_go_of_all_that_is_idle_and_tries_once_more(self) -> None:
        keeper = kept(shelf := Shelf())
        warm_up(keeper, "a", "b")
        shelf.faults = [DeviceError("full")]
        with keeper.lend("b"), keeper.lend("c"):
            assert keeper.names == ("b", "c")
        assert shelf.loads == ["a", "b", "c", "c"]

    def test_lacking_with_nothing_to_let_go_of_leaves_the_last_try_to_the_loader(self) -> None:
        keeper = kept(shelf := Shelf())
        shelf.faults = [DeviceError("full")]
        warm_up(keeper, "a")
        assert shelf.last_tries == [False, True]

    def test_lacking_twice_is_an_error(self) -> None:
        keeper = kept(shelf := Shelf())
        warm_up(keeper, "a")
        shelf.faults = [DeviceError("full"), DeviceError("still full")]
        with pytest.raises(DeviceError, match="still full"), keeper.lend("b"):
            pass
        assert keeper.names == ()


class TestReservation:
    """The engines of one request."""

    def test_holds_engines_until_each_was_used(self) -> None:
        keeper = kept(shelf := Shelf(), clock := Clock())
        reservation = Reservation(keeper)
        reservation.hold(("a", "b"))
        with reservation.lend("a"):
            pass
        clock.now_s += 60
        assert keeper.unload_idle() == ("a",)
        with reservation.lend("b"):
            pass
        clock.now_s += 60
        assert keeper.unload_idle() == ("b",)
        assert shelf.loads == ["a", "b"]

    def test_holds_only_the_first_where_memory_is_for_one_alone(self) -> None:
        keeper = kept(shelf := Shelf(free_bytes=10))
        reservation = Reservation(keeper)
        reservation.hold(("a", "b"))
        assert shelf.loads == ["a"]
        with reservation.lend("a"):
            pass
        with reservation.lend("b"):
            assert keeper.names == ("b",)

    def test_lets_go_of_what_is_idle_for_the_second(self) -> None:
        keeper = kept(Shelf(free_bytes=20))
        warm_up(keeper, "idle")
        Reservation(keeper).hold(("a", "b"))
        assert keeper.names == ("a", "b")

    def test_gives_back_what_was_not_used(self) -> None:
        keeper = kept(Shelf(), clock := Clock())
        reservation = Reservation(keeper)
        reservation.hold(("a", "b"))
        reservation.close()
        clock.now_s += 60
        assert keeper.unload_idle() == ("a", "b")

    def test_that_fails_at_the_second_still_gives_back_the_first(self) -> None:
        keeper = kept(shelf := Shelf(), clock := Clock())
        reservation = Reservation(keeper)
        reservation.hold(("a",))
        shelf.faults = [WeightsError("damaged")]
        with pytest.raises(WeightsError):
            reservation.hold(("b",))
        reservation.close()
        clock.now_s += 60
        assert keeper.unload_idle() == ("a",)


def test_an_engine_that_had_to_go_to_the_processor_is_not_kept_there(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    keeper = kept(shelf := Shelf())
    with keeper.lend("a") as first, keeper.lend("a") as second:
        monkeypatch.setattr(first, "is_makeshift", True)
        assert first is second
    assert not keeper.names
    warm_up(keeper, "a")
    assert shelf.loads == ["a", "a"]
    assert list(keeper.names) == ["a"]
