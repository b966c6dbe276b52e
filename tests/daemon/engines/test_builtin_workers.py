"""The built-in engine on other devices and other numbers of threads: the same alpha."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import Any

import numpy as np
import pytest
import torch
from tests.fakes.card import CARD, card

from flyaway.engines.builtin import engine as builtin_engine
from flyaway.engines.builtin import local, matting, trial, workers
from flyaway.engines.builtin.engine import BuiltinEngine
from flyaway.engines.builtin.workers import Workers
from flyaway.engines.contract import Inputs, Report, silent
from flyaway.images.arrays import Alpha, Image, Trimap

CPU = torch.device("cpu")
WHOLE, TILED = 10**6, 4000
"""Unknown pixels up to which the scene is solved in one piece: it is, or it is not."""


@pytest.fixture(autouse=True)
def threads() -> Iterator[int]:
    """Torch's own number of threads, as it was once the test is over."""
    before = torch.get_num_threads()
    yield before
    torch.set_num_threads(before)


def scene() -> tuple[np.ndarray, np.ndarray]:
    """A grainy disc of many pixels, and its trimap with as many unknown as torch shares between threads."""
    height, width = 420, 560
    rows, columns = np.mgrid[:height, :width]
    away = np.hypot(rows - height / 2, columns - width / 2)
    alpha = ((130 - away) / 30 + 0.5).clip(0, 1)[..., None]
    grain = np.random.default_rng(0).normal(0, 0.03, (height, width, 3))
    image = alpha * [0.8, 0.3, 0.2] + (1 - alpha) * [0.1, 0.4, 0.7] + grain
    trimap = np.where(away < 90, 255, np.where(away > 170, 0, 128))
    return image.clip(0, 1).astype(np.float32), trimap.astype(np.uint8)


@pytest.mark.parametrize("whole_unknown", [WHOLE, TILED])
def test_finds_the_same_on_any_number_of_threads(whole_unknown: int) -> None:
    image, trimap = scene()
    found = []
    for count in (1, 2, 3):
        torch.set_num_threads(count)
        found.append(matting.extract(image, trimap, silent, Workers(CPU, count), whole_unknown))
    assert np.array_equal(found[0], found[1])
    assert np.array_equal(found[0], found[2])


def test_finds_the_same_guess_on_any_number_of_threads() -> None:
    image, _ = scene()
    one, three = (BuiltinEngine(count).extract(image) for count in (1, 3))
    assert np.array_equal(one.alpha, three.alpha)
    assert one.confidence == three.confidence


def test_leaves_torch_its_threads() -> None:
    torch.set_num_threads(3)
    with pytest.raises(ZeroDivisionError), Workers(CPU, 2).pool() as pool:
        assert pool.submit(torch.get_num_threads).result() == 1
        raise ZeroDivisionError
    assert torch.get_num_threads() == 3


class AtOnce(Executor):
    """Does what it is given in the thread that gives it."""

    def __init__(self, *_: object) -> None:
        pass

    def submit(self, work: Callable[..., Any], /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        future.set_result(work(*args, **kwargs))
        return future


@pytest.fixture
def in_one_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    """What torch is told for a thread, it is told for the whole engine."""
    monkeypatch.setattr(workers, "ThreadPoolExecutor", AtOnce)
    monkeypatch.setattr(local, "ThreadPoolExecutor", AtOnce)
    torch.set_num_threads(1)


@pytest.mark.usefixtures("in_one_thread")
@pytest.mark.parametrize("whole_unknown", [WHOLE, TILED])
def test_makes_every_tensor_on_its_own_device(whole_unknown: int) -> None:
    image, trimap = scene()
    usual = matting.extract(image, trimap, silent, Workers(CPU), whole_unknown)
    # A tensor made without a device has no values here, and cannot be mixed with others.
    with torch.device("meta"):
        found = matting.extract(image, trimap, silent, Workers(CPU), whole_unknown)
    assert np.array_equal(found, usual)


@pytest.mark.usefixtures("in_one_thread")
@pytest.mark.parametrize("whole_unknown", [WHOLE, TILED])
def test_finds_the_same_on_a_device_of_its_own_memory(whole_unknown: int) -> None:
    image, trimap = scene()
    usual = matting.extract(image, trimap, silent, Workers(CPU), whole_unknown)
    with card():
        found = matting.extract(image, trimap, silent, Workers(CARD), whole_unknown)
    assert np.abs(found - usual).max() < 0.5 / 255


@pytest.mark.parametrize("whole_unknown", [WHOLE, TILED])
def test_finds_the_same_in_larger_chunks(
    whole_unknown: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, trimap = scene()
    usual = matting.extract(image, trimap, silent, Workers(CPU), whole_unknown)
    monkeypatch.setattr(Workers, "chunk", lambda self, in_cache: workers._GPU_CHUNK)
    found = matting.extract(image, trimap, silent, Workers(CPU), whole_unknown)
    assert np.abs(found - usual).max() < 2 / 255


@pytest.mark.gpu
@pytest.mark.skipif(not torch.cuda.is_available(), reason="no graphics card")
@pytest.mark.parametrize("whole_unknown", [WHOLE, TILED])
def test_finds_on_a_graphics_card_what_it_finds_on_a_processor(whole_unknown: int) -> None:
    image, trimap = scene()
    usual = matting.extract(image, trimap, silent, Workers(CPU), whole_unknown)
    card = Workers(torch.device("cuda"))
    assert (
        np.abs(matting.extract(image, trimap, silent, card, whole_unknown) - usual).max() < 2 / 255
    )


def on_card(monkeypatch: pytest.MonkeyPatch, solve: Callable[[Alpha], Alpha]) -> None:
    """Let the card make `solve` of what the processor finds."""
    extract = matting.extract

    def fake(
        image: Image, trimap: Trimap, report: Report, workers: Workers, whole_unknown: int
    ) -> Alpha:
        alpha = extract(image, trimap, report, Workers(CPU), whole_unknown)
        return alpha if workers.device.type == "cpu" else solve(alpha)

    monkeypatch.setattr(matting, "extract", fake)


def raise_full(_: Alpha) -> Alpha:
    raise torch.OutOfMemoryError("the card is full")


@pytest.mark.usefixtures("in_one_thread")
def test_trusts_a_device_that_finds_what_the_processor_does() -> None:
    with card():
        assert trial.trusted(CARD) == CARD


def test_leaves_a_device_that_lacks_operations() -> None:
    assert trial.trusted(CARD) == CPU


@pytest.mark.parametrize("wrong", [np.zeros_like, lambda alpha: alpha * np.float32(np.nan)])
def test_leaves_a_device_that_finds_something_else(
    wrong: Callable[[Alpha], Alpha], monkeypatch: pytest.MonkeyPatch
) -> None:
    on_card(monkeypatch, wrong)
    assert trial.trusted(CARD) == CPU


def test_a_full_device_is_not_taken_for_one_that_lacks_operations(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    on_card(monkeypatch, raise_full)
    with pytest.raises(torch.OutOfMemoryError):
        trial.trusted(CARD)


def test_goes_to_the_processor_and_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trial, "settled", lambda device: device)
    monkeypatch.setattr(builtin_engine, "describe", {CPU: "CPU", CARD: "a card"}.__getitem__)
    image, trimap = scene()
    usual = BuiltinEngine().extract(image, Inputs(trimap)).alpha
    on_card(monkeypatch, raise_full)
    engine = BuiltinEngine()
    engine.place(CARD, "auto")
    with pytest.raises(torch.OutOfMemoryError):
        engine.extract(image, Inputs(trimap))
    assert engine.economise(trimap.size, may_use_cpu=False) is None
    saved = engine.economise(trimap.size, may_use_cpu=True)
    assert saved == "There was not enough memory on a card, so the processor did the work."
    assert engine.device == "CPU"
    assert np.array_equal(engine.extract(image, Inputs(trimap)).alpha, usual)
    assert engine.economise(trimap.size, may_use_cpu=True) is None
    engine.restore()
    assert engine.device == "a card"
