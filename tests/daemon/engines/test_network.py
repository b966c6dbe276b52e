"""A network's device and precision are its engine's own affair: placed once, less on demand, and back again."""

from __future__ import annotations

from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from flyaway.engines import network as engine_network
from flyaway.engines import precision
from flyaway.engines.contract import Extraction, Inputs, Report, silent
from flyaway.engines.network import NetworkEngine
from flyaway.errors import DeviceError, RequestError
from flyaway.images.arrays import Image
from flyaway.images.rectangles import Window

CPU, CARD = torch.device("cpu"), torch.device("meta")
FULL, HALF = torch.float32, torch.float16


class OnCard(nn.Module):
    """One weight, in main memory whatever it says; `full` lets its card be full."""

    def __init__(self, weight: float) -> None:
        super().__init__()
        self.layer = nn.Linear(1, 1, bias=False)
        nn.init.constant_(self.layer.weight, weight)
        self.device, self.full = CPU, False

    def to(self, *args: Any) -> OnCard:
        for arg in args:
            if isinstance(arg, torch.dtype):
                self.layer.to(arg)
            elif arg == CARD and self.full:
                raise torch.OutOfMemoryError("the card is full")
            else:
                self.device = arg
        return self

    def parameters(self, recurse: bool = True) -> Iterator[Any]:
        yield SimpleNamespace(device=self.device, dtype=self.layer.weight.dtype)


class Steps(NetworkEngine[Image]):
    """An engine whose alpha is its one weight all over; half precision rounds it."""

    network: OnCard

    def __init__(self, weight: float = 0.123456, *, is_able: bool = True) -> None:
        super().__init__(OnCard(weight))
        self._is_able = is_able

    @property
    def weight(self) -> float:
        return float(self.network.layer.weight.item())

    def encode(self, image: Image, report: Report = silent) -> Image:
        return image

    def solve(
        self,
        features: Image,
        inputs: Inputs,
        window: Window | None = None,
        report: Report = silent,
    ) -> Extraction:
        if not self._is_able:
            raise RequestError("It cannot.")
        return Extraction(np.full(features.shape[:2], self.weight, np.float32))


@pytest.fixture(autouse=True)
def described(monkeypatch: pytest.MonkeyPatch) -> None:
    words = {CPU: "CPU (2 threads)", CARD: "a card"}
    monkeypatch.setattr(engine_network, "describe", words.__getitem__)


def let_half_pay(monkeypatch: pytest.MonkeyPatch, pays: bool = True) -> None:
    monkeypatch.setattr(precision, "pays", lambda device, dtype: pays)


@pytest.mark.parametrize(
    ("engine", "setting", "expected"),
    [
        (Steps(0.123456), "auto", True),
        (Steps(40.0156), "auto", False),  # float16 has steps of 0.03 there
        (Steps(40.0156), "half", True),
        (Steps(0.5, is_able=False), "auto", False),
        (Steps(0.123456), "full", False),
    ],
)
def test_unasked_half_precision_must_leave_the_alpha_as_it_is(
    engine: Steps, setting: str, expected: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    let_half_pay(monkeypatch)
    weight = engine.weight

    engine.place(CARD, setting)

    assert engine.network.layer.weight.dtype is (HALF if expected else FULL)
    assert engine.device == ("a card, half precision" if expected else "a card")
    if not expected:
        assert engine.weight == weight


@pytest.fixture
def placed() -> Steps:
    """An engine in full precision on a card."""
    engine = Steps()
    engine.place(CARD, "full")
    return engine


def test_half_precision_comes_before_the_processor(placed: Steps) -> None:
    exact = placed.weight
    assert "half precision" in str(placed.economise(1, True))
    assert placed.device == "a card, half precision"
    assert placed.weight != exact
    assert (
        placed.economise(1, True)
        == "There was not enough memory on a card, so the processor did the work."
    )
    assert placed.device == "CPU (2 threads)"
    assert placed.weight == exact
    assert placed.economise(1, True) is None


def test_the_processor_is_left_alone_where_the_settings_say_so(placed: Steps) -> None:
    placed.economise(1, False)
    assert placed.economise(1, False) is None
    assert placed.device == "a card, half precision"


@pytest.mark.parametrize("times", [0, 1, 2])
def test_what_was_saved_is_given_back(placed: Steps, times: int) -> None:
    exact = placed.weight
    for _ in range(times):
        placed.economise(1, True)
    placed.restore()
    assert placed.device == "a card"
    assert placed.weight == exact


def test_one_that_was_placed_in_half_precision_goes_back_to_that(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    let_half_pay(monkeypatch)
    engine = Steps()
    engine.place(CARD, "half")
    engine.economise(1, True)
    assert engine.device == "CPU (2 threads)"
    engine.restore()
    assert engine.device == "a card, half precision"


def test_works_on_as_it_was_where_there_is_no_room_to_go_back(placed: Steps) -> None:
    placed.economise(1, True)
    placed.economise(1, True)
    placed.network.full = True
    with pytest.raises(DeviceError):
        placed.restore()
    assert placed.device == "CPU (2 threads)"
    placed.network.full = False
    placed.restore()
    assert placed.device == "a card"
