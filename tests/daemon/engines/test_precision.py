"""Half precision only where it pays, and never on a processor unasked."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import torch
from flyaway.engines.base import Extraction

from flyaway import engines
from flyaway.config import Settings
from flyaway.engines import precision
from flyaway.engines.modnet import MODNet
from flyaway.errors import RequestError
from flyaway.extraction.loader import EngineLoader
from flyaway.weights.store import Store

CPU, CARD = torch.device("cpu"), torch.device("cuda")
FULL, HALF, BRAIN = torch.float32, torch.float16, torch.bfloat16

Timing = dict[torch.dtype, float]


@pytest.fixture(autouse=True)
def forgetful() -> Iterator[None]:
    """What one test measured is nothing to the next."""
    precision.pays.cache_clear()
    yield
    precision.pays.cache_clear()


def given(monkeypatch: pytest.MonkeyPatch, seconds: Timing) -> list[torch.dtype]:
    """Let measurements come to these seconds; gives the list of those made."""
    made: list[torch.dtype] = []

    def seconds_of(device: torch.device, dtype: torch.dtype) -> float:
        made.append(dtype)
        return seconds[dtype]

    pays = precision.pays
    monkeypatch.setattr(precision, "pays", lambda device, dtype: pays(device, dtype, seconds_of))
    return made


@pytest.mark.parametrize(
    ("device", "setting", "seconds", "expected"),
    [
        (CARD, "auto", {FULL: 3.0, HALF: 1.0}, HALF),
        (CARD, "auto", {FULL: 1.1, HALF: 1.0}, FULL),  # a tenth is not worth it
        (CARD, "auto", {FULL: 1.0, HALF: 64.0}, FULL),  # cards of the GTX 10 series
        (CARD, "full", {}, FULL),
        (CARD, "half", {FULL: 3.0, HALF: 2.0, BRAIN: 1.0}, HALF),
        (CARD, "half", {FULL: 3.0, HALF: 3.0, BRAIN: 1.0}, BRAIN),
        (CPU, "auto", {}, FULL),
        (CPU, "full", {}, FULL),
        (CPU, "half", {FULL: 1.0, HALF: 13.0, BRAIN: 0.5}, BRAIN),
        (CPU, "half", {FULL: 1.0, HALF: 13.0, BRAIN: 1.0}, FULL),
    ],
)
def test_half_precision_is_chosen_where_it_pays(
    device: torch.device,
    setting: str,
    seconds: Timing,
    expected: torch.dtype,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    given(monkeypatch, seconds)

    assert precision.choose(device, setting) is expected


def test_what_was_measured_once_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    made = given(monkeypatch, {FULL: 3.0, HALF: 1.0})

    for _ in range(3):
        precision.choose(CARD, "auto")

    assert made == [FULL, HALF]


def test_the_measurement_takes_time() -> None:
    assert precision.seconds_of_convolutions(CPU, FULL) > 0


@pytest.mark.parametrize(
    ("kind", "words"), [(BRAIN, "CPU (1 thread), half precision"), (FULL, "CPU (1 thread)")]
)
def test_engine_is_loaded_in_the_precision_chosen_and_says_so(
    kind: torch.dtype, words: str, store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    torch.manual_seed(7)
    torch.save(MODNet().state_dict(), tmp_path / "net.pth")
    Store().adopt(engines.record("modnet-webcam"), tmp_path / "net.pth")
    monkeypatch.setattr(precision, "choose", lambda device, setting: kind)
    before = torch.get_num_threads(), cv2.getNumThreads()
    try:
        settings = Settings(device="cpu", threads=1, precision="half")
        engine, device = EngineLoader(settings).load("modnet-webcam")
    finally:
        torch.set_num_threads(before[0])
        cv2.setNumThreads(before[1])

    assert device == words
    assert {parameter.dtype for parameter in engine.network.parameters()} == {kind}
    image = np.full((64, 64, 3), 99, np.uint8)
    assert np.isfinite(engine.extract(image).alpha).all()


class Steps:
    """An engine whose alpha is its one weight times a ramp; half precision rounds the weight."""

    def __init__(self, weight: float, *, is_able: bool = True) -> None:
        self.network = torch.nn.Linear(1, 1, bias=False)
        torch.nn.init.constant_(self.network.weight, weight)
        self._is_able = is_able

    def extract(self, image: Any, **given: Any) -> Extraction:
        if not self._is_able:
            raise RequestError("It cannot.")
        return Extraction(np.full(image.shape[:2], self.network.weight.item(), np.float32))


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
    kind = FULL if setting == "full" else HALF
    monkeypatch.setattr(precision, "choose", lambda device, setting: kind)
    weight = engine.network.weight.item()

    assert precision.settle(engine, CARD, setting) is expected

    assert engine.network.weight.dtype is (HALF if expected else FULL)
    if not expected:
        assert engine.network.weight.item() == weight


def test_an_engine_without_a_network_has_no_precision() -> None:
    assert not precision.settle(engines.load("builtin"), CPU, "half")
