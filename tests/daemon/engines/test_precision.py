"""Half precision only where it pays, and never on a processor unasked."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import pytest
import torch
from tests.parity import random_weights

from flyaway import engines
from flyaway.engines import checkpoint, precision
from flyaway.engines.modnet.engine import MODNetEngine
from flyaway.engines.modnet.network import MODNet

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

    assert precision.choose_dtype(device, setting) is expected


def test_what_was_measured_once_is_known(monkeypatch: pytest.MonkeyPatch) -> None:
    made = given(monkeypatch, {FULL: 3.0, HALF: 1.0})

    for _ in range(3):
        precision.choose_dtype(CARD, "auto")

    assert made == [FULL, HALF]


def test_the_measurement_takes_time() -> None:
    assert precision.seconds_of_convolutions(CPU, FULL) > 0


@pytest.mark.parametrize(
    ("kind", "words"), [(BRAIN, "CPU (1 thread), half precision"), (FULL, "CPU (1 thread)")]
)
def test_engine_is_loaded_in_the_precision_chosen_and_says_so(
    kind: torch.dtype, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(precision, "choose_dtype", lambda device, setting: kind)
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        state = random_weights.fill(checkpoint.build(MODNet))
        engine = engines.load("modnet-webcam", state, "cpu", "half")
        assert engine.device == words
    finally:
        torch.set_num_threads(before)

    assert isinstance(engine, MODNetEngine)
    assert {parameter.dtype for parameter in engine.network.parameters()} == {kind}
    image = np.full((64, 64, 3), 99, np.uint8)
    assert np.isfinite(engine.extract(image).alpha).all()
