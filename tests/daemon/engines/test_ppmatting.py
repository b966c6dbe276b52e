"""PP-Matting's own ways: upstream's sizes, Paddle's padding, and files that Paddle wrote."""

from __future__ import annotations

import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.parity import checkpoints, random_weights

from flyaway import engines
from flyaway.engines import checkpoint
from flyaway.engines.ppmatting import SHORT_SIDES_PX, names_in_file, network
from flyaway.engines.ppmatting.engine import PPMattingEngine
from flyaway.engines.ppmatting.layers import Convolution
from flyaway.engines.ppmatting.network import W18, W48, PPMatting
from flyaway.engines.ppmatting.second import PPMattingV2
from flyaway.weights.recognition import recognise
from flyaway.weights.store import Store

DATA = Path(__file__).parents[2] / "data" / "parity"


def loaded(name: str) -> PPMattingEngine:
    second = name == "ppmatting-v2-human-512"
    built = checkpoint.build(PPMattingV2 if second else lambda: PPMatting(W18))
    engine = engines.load(name, random_weights.fill(built))
    assert isinstance(engine, PPMattingEngine)
    return engine


@pytest.fixture(scope="module")
def first() -> PPMattingEngine:
    return loaded("ppmatting-human-512")


@pytest.fixture(scope="module")
def second() -> PPMattingEngine:
    return loaded("ppmatting-v2-human-512")


@pytest.mark.parametrize(
    ("picture", "limited", "seen"),
    [
        ((205, 331), (205, 331), (192, 320)),
        ((4000, 6001), (512, 768), (512, 768)),
        ((1025, 600), (875, 512), (864, 512)),
        ((601, 1536), (512, 1309), (512, 1280)),
        ((1, 20), (1, 20), (32, 32)),  # upstream makes nothing of it
        ((600, 90_000), (512, 4096), (512, 4096)),  # or 39 megapixels
    ],
)
def test_shows_the_network_the_size_that_upstream_does(
    first: PPMattingEngine, picture: Any, limited: Any, seen: Any
) -> None:
    assert first.limited_size(*picture) == limited
    assert tuple(first.fitting(side) for side in limited) == seen


def test_every_engine_has_its_limit() -> None:
    names = {name for name in engines.names() if name.startswith("ppmatting-")}
    assert names == set(SHORT_SIDES_PX)


@pytest.mark.parametrize("size", [(1, 1), (1, 70), (40, 33)])
def test_small_pictures_work(first: PPMattingEngine, second: PPMattingEngine, size: Any) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), np.uint8)
    for engine in (first, second):
        alpha = engine.extract(image).alpha
        assert alpha.shape == size
        assert np.isfinite(alpha).all()


@pytest.mark.parametrize(("side", "before", "after"), [(8, 0, 1), (7, 1, 1), (2, 0, 1), (1, 1, 1)])
def test_halving_pads_as_paddle_does(side: int, before: int, after: int) -> None:
    """Its "same": the side halved and rounded up, what is missing shared, the odd one behind."""
    layer = Convolution(1, 1, 3, 2, plain=True).eval().requires_grad_(False)
    x = torch.rand(1, 1, side, side, generator=torch.Generator().manual_seed(0))
    padded = torch.nn.functional.pad(x, (before, after, before, after))
    convolution: Any = layer[0]
    wanted = torch.nn.functional.conv2d(padded, convolution.weight, stride=2)
    assert wanted.shape[2] == -(-side // 2)
    assert torch.allclose(layer(x), layer[1](wanted), atol=1e-6)


def test_the_detail_in_strips_is_that_of_the_whole(
    first: PPMattingEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    planes = torch.rand(1, 3, 96, 64, generator=torch.Generator().manual_seed(0)) * 2 - 1
    with torch.inference_mode():
        _, whole = first.network.both(planes)
        monkeypatch.setattr(network, "STRIP_ROWS", 20)
        _, strips = first.network.both(planes)
    assert (strips - whole).abs().max() < 1e-3 * whole.std()  # a row less around them: 0.1


def test_names_are_paddles_unless_a_file_has_torchs() -> None:
    names = ["a._conv.weight", "a._batch_norm.running_mean", "a._batch_norm.running_var"]
    assert names_in_file(names, {}) == {
        "a._batch_norm.running_mean": "a._batch_norm._mean",
        "a._batch_norm.running_var": "a._batch_norm._variance",
    }
    assert names_in_file(names, set(names)) == {}


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("ppmatting-hrnet_w18-human_512.pdparams", "ppmatting-human-512"),
        ("ppmatting-hrnet_w18-human_1024.pdparams", "ppmatting-human-1024"),
        ("ppmattingv2-stdc1-human_512.pdparams", "ppmatting-v2-human-512"),
        ("ppmatting-hrnet_w48-composition.pdparams", "ppmatting-composition-1k"),
        ("ppmatting-hrnet_w48-distinctions.pdparams", "ppmatting-distinctions-646"),
    ],
)
def test_published_files_are_known(tmp_path: Path, file: str, name: str) -> None:
    builders = {"ppmattingv2-stdc1": PPMattingV2, "ppmatting-hrnet_w18": lambda: PPMatting(W18)}
    built = checkpoint.build(builders.get(file[: file.rindex("-")], lambda: PPMatting(W48)))
    called = names_in_file(built.state_dict(), {})
    content = {
        called.get(n, n): np.zeros(tuple(t.shape), np.float16)
        for n, t in built.state_dict().items()
        if t.is_floating_point()
    }
    (tmp_path / file).write_bytes(pickle.dumps(content, 4))
    assert recognise(tmp_path / file).name == name


def test_a_file_of_paddle_is_imported_and_loaded_from_the_store(tmp_path: Path) -> None:
    written = checkpoints.write(DATA / "ppmatting_v2", tmp_path)[0]
    source = written.rename(tmp_path / "ppmattingv2-stdc1-human_512.pdparams")
    record, store = recognise(source), Store(tmp_path / "store")
    assert not store.holds(record)
    store.adopt(record, source)
    kept = store.locate(record)
    assert kept.suffix == ".pdparams"
    engine = engines.load(record.name, kept)
    assert engine.extract(np.zeros((64, 64, 3), np.uint8)).alpha.shape == (64, 64)
