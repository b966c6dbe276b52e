"""Every engine of the table through the same checks; a network runs on random weights, at small sizes."""

from __future__ import annotations

import importlib.util
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import torch
from flyaway.engines.base import Engine, Extraction
from tests.parity import random_weights

from flyaway import engines
from flyaway.engines import backgroundmattingv2, birefnet, checkpoint, modnet, vitmatte
from flyaway.errors import CancelledError, RequestError, UnknownEngineError, WeightsError

DATA = Path(__file__).parents[2] / "data" / "parity"
NETWORKS = [name for name in engines.names() if engines.record(name).weights is not None]

RUN = [
    "modnet-photographic",
    "vitmatte-small-composition-1k",
    "backgroundmattingv2-mobilenetv2",
    "backgroundmattingv2-resnet50",
    "birefnet-lite",
    *(
        pytest.param(name, marks=pytest.mark.slow)
        for name in ("vitmatte-base-composition-1k", "birefnet-general", "birefnet-dynamic")
    ),
]
"""One of each class and way of choosing a size; the others differ in their weights alone."""


def build(name: str) -> torch.nn.Module:
    """The bare network of an engine, without memory for its parameters."""
    variant = name.split("-")[1]
    return checkpoint.build(
        {
            "modnet": modnet.MODNet,
            "vitmatte": lambda: vitmatte.ViTMatte(*vitmatte.WIDTHS[variant]),
            "backgroundmattingv2": lambda: backgroundmattingv2.BackgroundMattingV2(variant),
            "birefnet": lambda: birefnet.BiRefNet(
                birefnet.LITE if variant == "lite" else birefnet.LARGE
            ),
        }[name.split("-")[0]]
    )


@dataclass
class Loaded:
    """An engine and what its kind needs beside an image."""

    name: str
    engine: Engine

    def extract(self, image, trimap=None, **more) -> Extraction:
        needs = engines.record(self.name).needs
        if "trimap" in needs and trimap is None:
            trimap = ring(*image.shape[:2])
        if "plate" in needs:
            more["plate"] = image
        return self.engine.extract(image, trimap=trimap, **more)


@pytest.fixture(scope="module", params=RUN)
def loaded(request: pytest.FixtureRequest) -> Iterator[Loaded]:
    name = request.param
    engine = engines.load(name, random_weights.fill(build(name)))
    if isinstance(engine, birefnet.BiRefNetEngine) and engine.size is not None:
        engine.size = (64, 96)  # what it sees; its own size would take minutes here
    yield Loaded(name, engine)


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), dtype=np.uint8)


def ring(height: int, width: int) -> np.ndarray:
    rows, columns = np.mgrid[:height, :width]
    far = np.maximum(abs(rows / height - 0.5), abs(columns / width - 0.5))
    return np.where(far < 0.15, 255, np.where(far > 0.35, 0, 128)).astype(np.uint8)


@pytest.mark.parametrize("name", engines.names())
def test_a_record_says_what_people_need_to_know(name: str) -> None:
    record = engines.record(name)
    assert record.name == name
    assert record.title
    assert record.purpose.endswith(".")
    assert record.jobs <= {"automatic", "fine", "plate"}
    assert record.jobs
    assert record.licence_url.startswith("https://")
    assert importlib.util.find_spec(record.module)


@pytest.mark.parametrize("name", NETWORKS)
def test_a_weights_record_says_where_the_file_is(name: str) -> None:
    weights = engines.record(name).weights
    assert weights is not None
    assert weights.repository.count("/") == 1 or weights.page.startswith("https://")
    assert weights.revision
    assert weights.sha256 == "" or len(bytes.fromhex(weights.sha256)) == 32
    network = build(name)
    tensors = [*network.parameters(), *network.buffers()]
    single = 4 * sum(tensor.numel() for tensor in tensors if tensor.is_floating_point())
    assert any(abs(weights.bytes / size - 1) < 0.05 for size in (single, single / 2))


def test_titles_are_unlike() -> None:
    titles = [engines.record(name).title for name in engines.names()]
    assert len(set(titles)) == len(titles)


@pytest.mark.parametrize(
    ("name", "folder", "file"),
    [
        ("modnet-webcam", "modnet", "keys.json"),
        ("birefnet-lite-matting", "birefnet_lite", "keys.json"),
        ("birefnet-hr", "birefnet_large", "keys.json"),
        ("vitmatte-small-distinctions-646", "vitmatte", "keys.json"),
        ("vitmatte-base-composition-1k", "vitmatte", "keys_base.json"),
        ("backgroundmattingv2-mobilenetv2", "bgmv2_mobilenetv2", "keys.json"),
        ("backgroundmattingv2-resnet50", "bgmv2_resnet50", "keys.json"),
        ("backgroundmattingv2-resnet101", "bgmv2_resnet101", "keys.json"),
    ],
)
def test_has_the_published_names_and_shapes(name: str, folder: str, file: str) -> None:
    published = json.loads((DATA / folder / file).read_text())
    published = published.get("keys", published)
    ours = {n: list(t.shape) for n, t in build(name).state_dict().items()}
    optional = checkpoint.OPTIONAL
    theirs = {n: shape for n, (shape, _) in published.items() if not n.endswith(optional)}
    assert {n: shape for n, shape in ours.items() if not n.endswith(optional)} == theirs


def test_an_unknown_name_lists_the_known_ones() -> None:
    with pytest.raises(UnknownEngineError, match="modnet-webcam"):
        engines.load("magic")


@pytest.mark.parametrize("name", NETWORKS)
def test_without_weights_says_how_to_get_them(name: str) -> None:
    with pytest.raises(WeightsError, match="flyaway models download"):
        engines.load(name)


@pytest.mark.parametrize("size", [(64, 64), (97, 61), (33, 130)])
def test_alpha_has_the_images_size_and_range(loaded: Loaded, size) -> None:
    extraction = loaded.extract(picture(*size))
    assert extraction.alpha.shape == size
    assert extraction.alpha.dtype == np.float32
    assert np.isfinite(extraction.alpha).all()
    assert extraction.alpha.min() >= 0
    assert extraction.alpha.max() <= 1
    if extraction.foreground is not None:
        assert extraction.foreground.shape == (*size, 3)
        assert 0 <= extraction.foreground.min() <= extraction.foreground.max() <= 1


def test_the_same_picture_gives_the_same_alpha(loaded: Loaded) -> None:
    image = picture(64, 80)
    assert np.array_equal(loaded.extract(image).alpha, loaded.extract(image).alpha)


@pytest.mark.parametrize("dtype", [np.uint16, np.float32])
def test_deeper_pixels_mean_the_same(loaded: Loaded, dtype) -> None:
    image = picture(64, 64)
    deep = image.astype(np.uint16) * 257 if dtype == np.uint16 else image.astype(np.float32) / 255
    difference = np.abs(loaded.extract(image).alpha - loaded.extract(deep).alpha)
    assert difference.max() < 0.02  # an 8-bit picture is resized in 8 bits, as upstream does


def test_a_trimaps_certain_pixels_come_back(loaded: Loaded) -> None:
    trimap = ring(64, 96)
    alpha = loaded.extract(picture(64, 96), trimap).alpha
    assert (alpha[trimap == 0] == 0).all()
    assert (alpha[trimap == 255] == 1).all()


@pytest.mark.parametrize("value", [0, 255])
def test_a_trimap_without_unknown_pixels_is_its_own_alpha(loaded: Loaded, value: int) -> None:
    trimap = np.full((64, 64), value, np.uint8)
    assert (loaded.extract(picture(64, 64), trimap).alpha == value // 255).all()


def test_outside_a_region_is_background(loaded: Loaded) -> None:
    if "fine" in engines.record(loaded.name).jobs:
        with pytest.raises(RequestError, match="selection"):
            loaded.engine.extract(picture(64, 64), region=np.ones((64, 64), np.bool_))
        return
    region = np.zeros((64, 80), np.bool_)
    region[10:50, 20:60] = True
    assert (loaded.extract(picture(64, 80), region=region).alpha[~region] == 0).all()


def test_reports_rise_to_one(loaded: Loaded) -> None:
    told: list[float] = []
    loaded.extract(picture(96, 96), report=lambda fraction, preview=None: told.append(fraction))
    assert told[0] < 0.2
    assert told == sorted(told)
    assert 0.9 <= told[-1] <= 1


def test_a_cancel_passes_through_and_the_engine_works_on(loaded: Loaded) -> None:
    image, seen = picture(96, 96), 0

    def cancel(fraction: float, preview=None) -> None:
        nonlocal seen
        seen += 1
        if seen > 1:
            raise CancelledError("not wanted any more")

    before = loaded.extract(image).alpha
    with pytest.raises(CancelledError):
        loaded.extract(image, report=cancel)
    assert np.array_equal(loaded.extract(image).alpha, before)


def test_leaves_the_picture_as_it_was(loaded: Loaded) -> None:
    image, trimap = picture(64, 64), ring(64, 64)
    copies = image.copy(), trimap.copy()
    loaded.extract(image, trimap)
    assert np.array_equal(image, copies[0])
    assert np.array_equal(trimap, copies[1])


def test_takes_reversed_and_repeated_channels(loaded: Loaded) -> None:
    image = picture(64, 64)
    assert np.array_equal(
        loaded.extract(image[..., ::-1]).alpha, loaded.extract(image[..., ::-1].copy()).alpha
    )
    grey = np.broadcast_to(image[..., :1], image.shape)
    assert np.array_equal(loaded.extract(grey).alpha, loaded.extract(grey.copy()).alpha)
