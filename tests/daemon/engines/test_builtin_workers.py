"""The built-in engine on other devices and other numbers of threads: the same alpha."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from typing import Any

import numpy as np
import pytest
import torch

from flyaway.engines.base import silent
from flyaway.engines.builtin import BuiltinEngine, local, matting, workers
from flyaway.engines.builtin.workers import Workers

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


@pytest.mark.parametrize("whole_unknown", [WHOLE, TILED])
def test_makes_every_tensor_on_its_own_device(
    whole_unknown: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    image, trimap = scene()
    usual = matting.extract(image, trimap, silent, Workers(CPU), whole_unknown)
    # The default device is each thread's own.
    monkeypatch.setattr(workers, "ThreadPoolExecutor", AtOnce)
    monkeypatch.setattr(local, "ThreadPoolExecutor", AtOnce)
    # A tensor made without a device has no values here, and cannot be mixed with others.
    with torch.device("meta"):
        found = matting.extract(image, trimap, silent, Workers(CPU), whole_unknown)
    assert np.array_equal(found, usual)


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


@pytest.mark.parametrize(("asked", "used"), [("cpu", "cpu"), ("cuda", "cuda"), ("mps", "cpu")])
def test_works_on_the_processor_where_a_device_lacks_what_it_needs(asked: str, used: str) -> None:
    assert BuiltinEngine(device=torch.device(asked)).device.type == used
