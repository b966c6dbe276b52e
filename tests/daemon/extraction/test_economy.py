"""What is tried, in which order, when memory runs out under an engine's hands."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from typing import Any

import pytest
import torch

from flyaway.errors import CancelledError, DeviceError
from flyaway.extraction import economy
from flyaway.extraction.keeper import WarmEngine

PICTURE_PX = 24_000_000


class InWindows:
    """An engine that works in windows of so many pixels a side where a picture is too large."""

    network = None

    def __init__(self, whole_px: int = 2**22, window_px: int = 1024) -> None:
        self.whole_px, self.window_px = whole_px, window_px


class OnDevice:
    """An engine whose network is on a device other than the processor."""

    def __init__(self, device: str = "meta") -> None:
        self.network = Network(torch.device(device))


class WithoutNetwork:
    """An engine that has a device but no network."""

    network = None

    def __init__(self) -> None:
        self.device = torch.device("meta")


class Network:
    """As much of a torch module as is asked for here."""

    def __init__(self, device: torch.device) -> None:
        self.device, self.dtype = device, torch.float32

    def parameters(self) -> Any:
        yield self

    def half(self) -> None:
        self.dtype = torch.float16

    def to(self, device: str, dtype: torch.dtype) -> None:
        self.device, self.dtype = torch.device(device), dtype


def short_for(times: int) -> Callable[[], str]:
    """Work for which memory is short at first."""
    attempts = iter([True] * times)

    def work() -> str:
        if next(attempts, False):
            raise torch.OutOfMemoryError("out of memory")
        return "done"

    return work


def run(
    engine: Any, work: Callable[[], Any], may_use_cpu: bool = True, px: int = PICTURE_PX
) -> Any:
    return economy.run(WarmEngine(engine, "device"), work, may_use_cpu, px)


def test_enough_memory_changes_nothing() -> None:
    engine = InWindows()
    assert run(engine, short_for(0)) == ("done", ())
    assert (engine.whole_px, engine.window_px) == (2**22, 1024)


@pytest.mark.parametrize(("times", "side_px"), [(1, 704), (2, 480)])
def test_windows_are_halved_until_it_fits(times: int, side_px: int) -> None:
    engine = InWindows()
    result, notes = run(engine, short_for(times))
    assert result == "done"
    assert engine.window_px == side_px
    assert notes == ("Memory was short, so the photo was solved in smaller windows.",)


@pytest.mark.parametrize(("times", "side_px"), [(1, 1024), (2, 704), (3, 480)])
def test_a_picture_that_was_solved_whole_is_cut_into_windows_first(
    times: int, side_px: int
) -> None:
    engine = InWindows()
    run(engine, short_for(times), px=2000 * 2000)
    assert engine.whole_px < 2000 * 2000
    assert engine.window_px == side_px


def test_a_small_picture_is_not_tried_whole_again() -> None:
    engine = InWindows()
    run(engine, short_for(1), px=800 * 800)
    assert engine.whole_px < 800 * 800 / 2
    assert engine.window_px**2 == engine.whole_px


def test_windows_are_not_halved_for_ever() -> None:
    engine = InWindows()
    with pytest.raises(DeviceError, match="not enough memory"):
        run(engine, short_for(9))
    assert engine.window_px == 480


def test_what_filled_the_memory_is_gone_before_anything_is_tried() -> None:
    class Pixels:
        """What weak references can point to."""

    made: list[weakref.ref[Pixels]] = []
    alive: list[bool] = []

    class Watching(OnDevice):
        def __init__(self) -> None:
            super().__init__()
            self.network.half = lambda: alive.append(made[0]() is not None)  # type: ignore[method-assign]

    def work() -> None:
        pixels = Pixels()
        made.append(weakref.ref(pixels))
        if len(made) == 1:
            raise torch.OutOfMemoryError("out of memory")

    run(Watching(), work)
    assert alive == [False]


def test_half_precision_comes_before_the_processor() -> None:
    warm = WarmEngine(engine := OnDevice(), "a graphics card")  # type: ignore[arg-type]
    _, notes = economy.run(warm, short_for(1), True, PICTURE_PX)
    assert engine.network.dtype == torch.float16
    assert "half precision" in notes[0]
    _, notes = economy.run(warm, short_for(1), True, PICTURE_PX)
    assert (engine.network.device.type, engine.network.dtype) == ("cpu", torch.float32)
    assert notes == (
        "There was not enough memory on a graphics card, so the processor did the work.",
    )
    assert warm.device.startswith("CPU")


def test_the_processor_is_left_alone_where_the_settings_say_so() -> None:
    warm = WarmEngine(engine := OnDevice(), "a graphics card")  # type: ignore[arg-type]
    with pytest.raises(DeviceError):
        economy.run(warm, short_for(9), False, PICTURE_PX)
    assert engine.network.device.type == "meta"
    assert warm.device == "a graphics card"


def test_a_processor_without_memory_has_nothing_left_to_try() -> None:
    warm = WarmEngine(OnDevice("cpu"), "CPU")  # type: ignore[arg-type]
    with pytest.raises(DeviceError):
        economy.run(warm, short_for(1), True, PICTURE_PX)


def test_other_errors_pass() -> None:
    def work() -> None:
        raise CancelledError("no more")

    with pytest.raises(CancelledError):
        run(InWindows(), work)


def test_an_engine_without_network_moves_to_the_processor_at_once() -> None:
    engine = WithoutNetwork()
    result, notes = run(engine, short_for(1))
    assert result == "done"
    assert engine.device.type == "cpu"
    assert notes == ("There was not enough memory on device, so the processor did the work.",)


def test_an_engine_without_network_stays_where_it_must() -> None:
    engine = WithoutNetwork()
    with pytest.raises(DeviceError, match="not enough memory"):
        run(engine, short_for(1), may_use_cpu=False)
    assert engine.device.type == "meta"


def test_an_engine_on_the_processor_has_nowhere_to_go() -> None:
    engine = WithoutNetwork()
    with pytest.raises(DeviceError, match="not enough memory"):
        run(engine, short_for(2))
