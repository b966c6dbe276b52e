"""What happens when memory runs out under an engine's hands. How engines need less: their own tests."""

from __future__ import annotations

import weakref
from collections.abc import Callable

import numpy as np
import pytest
import torch
from tests.daemon.servers import MadeUpEngine

from flyaway.engines.contract import Extraction
from flyaway.errors import CancelledError, DeviceError, DeviceLostError
from flyaway.extraction import economy

PICTURE_PX = 24_000_000
DONE = Extraction(np.zeros((2, 2), np.float32), notes=("Done.",))


class Sparing(MadeUpEngine):
    """An engine that can need less so many times."""

    def __init__(self, ways: int) -> None:
        self.ways = ways
        self.asked: list[tuple[int, bool]] = []
        self.restored = 0

    def economise(self, picture_px: int, may_use_cpu: bool) -> str | None:
        self.asked.append((picture_px, may_use_cpu))
        if len(self.asked) > self.ways:
            return None
        return "In smaller windows." if len(self.asked) < 3 else "On the processor."

    def restore(self) -> None:
        self.restored += 1


def short_for(times: int) -> Callable[[], Extraction]:
    """Work for which memory is short at first."""
    attempts = iter([True] * times)

    def work() -> Extraction:
        if next(attempts, False):
            raise torch.OutOfMemoryError("out of memory")
        return DONE

    return work


def test_enough_memory_changes_nothing() -> None:
    engine = Sparing(1)
    assert economy.run(engine, short_for(0), PICTURE_PX, True) == DONE
    assert (engine.asked, engine.restored) == ([], 0)


def test_the_work_is_begun_anew_until_it_fits_and_each_kind_of_change_is_said_once() -> None:
    engine = Sparing(5)
    extraction = economy.run(engine, short_for(3), PICTURE_PX, False)
    assert extraction.notes == ("In smaller windows.", "On the processor.", "Done.")
    assert engine.asked == [(PICTURE_PX, False)] * 3


def test_what_was_changed_is_undone_for_the_next_picture() -> None:
    engine = Sparing(5)
    economy.run(engine, short_for(2), PICTURE_PX, True)
    assert engine.restored == 1


def test_an_engine_that_cannot_be_restored_has_done_its_work_all_the_same() -> None:
    class Stuck(Sparing):
        def restore(self) -> None:
            raise DeviceError("full")

    assert economy.run(Stuck(1), short_for(1), PICTURE_PX, True).alpha is DONE.alpha


def test_with_nothing_left_to_save_it_is_an_error_and_the_engine_as_it_was() -> None:
    engine = Sparing(2)
    with pytest.raises(DeviceError, match="not enough memory"):
        economy.run(engine, short_for(9), PICTURE_PX, True)
    assert len(engine.asked) == 3
    assert engine.restored == 1


def test_what_filled_the_memory_is_gone_before_anything_is_tried() -> None:
    class Pixels:
        """What weak references can point to."""

    made: list[weakref.ref[Pixels]] = []
    alive: list[bool] = []

    class Watching(MadeUpEngine):
        def economise(self, picture_px: int, may_use_cpu: bool) -> str | None:
            alive.append(made[0]() is not None)
            return "Saved."

    def work() -> Extraction:
        pixels = Pixels()
        made.append(weakref.ref(pixels))
        if len(made) == 1:
            raise torch.OutOfMemoryError("out of memory")
        return DONE

    economy.run(Watching(), work, PICTURE_PX, True)
    assert alive == [False]


def test_with_the_device_gone_nothing_is_saved_and_the_engine_is_lent_no_more(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flyaway.engines.device._is_lost", False)
    faults = iter([torch.OutOfMemoryError("out of memory"), RuntimeError("CUDA error: lost")])

    def work() -> Extraction:
        raise next(faults)

    engine = Sparing(5)
    with pytest.raises(DeviceLostError):
        economy.run(engine, work, PICTURE_PX, True)
    assert (len(engine.asked), engine.restored, engine.is_makeshift) == (1, 0, True)


def test_other_errors_pass() -> None:
    def work() -> Extraction:
        raise CancelledError("no more")

    engine = Sparing(1)
    with pytest.raises(CancelledError):
        economy.run(engine, work, PICTURE_PX, True)
    assert not engine.asked
