"""SDMatte: what it is shown of a prompt, what it is told beside, and what it takes in memory."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from scipy import ndimage
from tests.fakes import sdmatte as fakes
from torch.nn import functional

from flyaway import engines
from flyaway.engines import precision, sdmatte
from flyaway.engines.contract import Inputs, Prompts
from flyaway.engines.sdmatte import blocks, plan, prompting
from flyaway.engines.sdmatte.blocks import Focus
from flyaway.engines.sdmatte.engine import SDMatteEngine
from flyaway.errors import CancelledError, DamagedWeightsError, RequestError
from flyaway.weights.recognition import recognise

SIZE = 64
IMAGE = np.random.default_rng(3).integers(0, 255, (90, 120, 3), np.uint8)
DISC = np.hypot(*np.mgrid[-45:45, -60:60]) < 30
TRIMAP = np.where(DISC, 255, 0).astype(np.uint8)
TRIMAP[35:55] = 128

BOX = Prompts(boxes=((30.0, 15.0, 89.0, 74.0),))
CLICKS = Prompts(keep=((60.0, 45.0), (50.0, 40.0)))


def loaded(name: str = "sdmatte", **how: Any) -> SDMatteEngine:
    engine = engines.load(name, fakes.tensors(name == "sdmatte-lite"), **how)
    assert isinstance(engine, SDMatteEngine)
    engine.side_px = SIZE
    return engine


@pytest.fixture(scope="module")
def engine() -> SDMatteEngine:
    return loaded()


def test_a_point_is_upstreams_spot() -> None:
    size = 128
    prompt = prompting.of_points([(3.0, 60.0), (100.0, 127.0)], size, size, size)
    wanted = np.zeros((size, size), np.float32)
    for x, y in ((3, 60), (100, 127)):
        spot = np.zeros((size, size), np.float32)
        spot[y, x] = 1
        spot = ndimage.gaussian_filter(spot, sigma=35 * size / 1024)
        wanted = np.maximum(wanted, spot / spot.max())
    assert np.abs(prompt.plane - (2 * wanted - 1)).max() < 1e-4
    assert prompt.coordinates[:4] == pytest.approx((3 / size, 60 / size, 100 / size, 127 / size))
    assert prompt.coordinates[4:] == (0.0,) * 16


def test_a_box_is_upstreams_mask_without_its_last_row_and_column() -> None:
    prompt = prompting.of_boxes([(20.0, 10.0, 39.0, 29.0)], 64, 128, 128)
    bright = np.argwhere(prompt.plane == 1)
    assert bright.min(0).tolist() == [20, 20]
    assert bright.max(0).tolist() == [58, 38]
    assert prompt.coordinates == (20 / 128, 20 / 128, 39 / 128, 59 / 128)


@pytest.mark.parametrize(
    "box", [(0.0, 0.0, 0.0, 0.0), (9e3, 9e3, 9e3, 9e3), (-5.0, -5.0, 2e3, 2e3)]
)
def test_a_box_always_holds_something(box: Any) -> None:
    prompt = prompting.of_boxes([box], 700, 2000, SIZE)
    assert (prompt.plane == 1).any()
    assert all(0 <= share <= 1 for share in prompt.coordinates)


def test_several_boxes_are_one_mask() -> None:
    two = [(0.0, 0.0, 9.0, 9.0), (100.0, 90.0, 120.0, 99.0)]
    prompt = prompting.of_boxes(two, 128, 128, 128)
    assert prompt.plane[5, 5] == prompt.plane[95, 110] == 1
    assert prompt.plane[50, 50] == -1
    assert prompt.coordinates == (0, 0, 120 / 128, 99 / 128)


def test_a_trimap_and_a_mask_are_three_and_two_levels() -> None:
    assert np.unique(prompting.of_trimap(TRIMAP, SIZE).plane).tolist() == [-1, 0, 1]
    mask = prompting.of_mask(DISC, SIZE)
    assert np.unique(mask.plane).tolist() == [-1, 1]
    assert mask.coordinates == pytest.approx((30 / 120, 15 / 90, 90 / 120, 75 / 90), abs=1.5 / SIZE)
    assert (prompting.of_mask(np.zeros((9, 9), np.bool_), SIZE).plane == -1).all()


def test_what_is_given_and_that_it_lets_light_through_change_the_alpha(
    engine: SDMatteEngine,
) -> None:
    region = np.zeros(DISC.shape, np.bool_)
    region[10:80, 20:100] = True
    asked = [
        Inputs(),
        Inputs(prompts=BOX),
        Inputs(prompts=CLICKS),
        Inputs(region=region),
        Inputs(TRIMAP),
        Inputs(transparent=True),
        Inputs(prompts=BOX, transparent=True),
    ]
    found = [engine.extract(IMAGE, each).alpha for each in asked]
    for index, alpha in enumerate(found):
        assert all(np.abs(alpha - other).max() > 1e-3 for other in found[:index])


def test_a_picture_is_encoded_once_for_all_that_is_asked(
    engine: SDMatteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = engine.encode(IMAGE)
    first = engine.solve(features, Inputs(prompts=BOX)).alpha
    shown: list[int] = []
    monkeypatch.setattr(engine, "_latents", lambda image: shown.append(1))
    again = engine.solve(features, Inputs(prompts=BOX)).alpha
    engine.solve(features, Inputs(TRIMAP))
    assert not shown
    assert np.array_equal(first, again)
    assert 0 < engine.kept_bytes(features) < 1 << 20


def test_says_from_how_far_it_saw_a_large_picture(engine: SDMatteEngine) -> None:
    large = np.zeros((SIZE, 4 * SIZE, 3), np.uint8)
    assert engine.extract(large).spread == 4
    assert engine.extract(np.zeros((SIZE // 2, SIZE, 3), np.uint8)).spread == 1


def test_a_window_of_a_large_picture_is_seen_from_near(
    engine: SDMatteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[tuple[int, ...]] = []
    large = np.zeros((1500, 1600, 3), np.uint8)

    def shown(image: np.ndarray) -> torch.Tensor:
        seen.append(image.shape)
        return torch.zeros(1, 3, SIZE, SIZE)

    monkeypatch.setattr(engine, "shown", shown)
    trimap = np.full((1500, 1600), 128, np.uint8)
    window = slice(700, 740), slice(0, 50)
    alpha = engine.solve(engine.encode(large), Inputs(trimap), window).alpha
    assert alpha.shape == (40, 50)
    assert seen == [(40 + 2 * 256, 50 + 256, 3)]


def test_says_what_it_made_nothing_of(engine: SDMatteEngine) -> None:
    beside = Prompts(keep=((60.0, 45.0),), remove=((1.0, 1.0),))
    assert "beside the subject" in engine.extract(IMAGE, Inputs(prompts=beside)).notes[0]
    many = Prompts(keep=tuple((float(x), 45.0) for x in range(40, 52)))
    assert "first 10 clicks" in engine.extract(IMAGE, Inputs(prompts=many)).notes[0]
    with pytest.raises(RequestError, match="Point at the subject"):
        engine.extract(IMAGE, Inputs(prompts=Prompts(remove=((1.0, 1.0),))))


def test_one_for_boxes_takes_a_regions_box_and_no_clicks() -> None:
    plus = loaded("sdmatte-plus")
    region = np.zeros(DISC.shape, np.bool_)
    region[15:75, 30:90] = True
    boxed = plus.extract(IMAGE, Inputs(region=region)).alpha
    assert np.array_equal(boxed[region], plus.extract(IMAGE, Inputs(prompts=BOX)).alpha[region])
    with pytest.raises(RequestError, match="made for boxes"):
        plus.extract(IMAGE, Inputs(prompts=CLICKS))


def test_finds_one_thing_that_is_pointed_at(engine: SDMatteEngine) -> None:
    features = engine.encode(IMAGE)
    alpha = engine.solve(features, Inputs(prompts=BOX)).alpha
    found = engine.candidates(features, BOX)
    assert len(found) == int((alpha >= 0.5).any())
    for candidate in found:
        assert np.allclose(candidate.mask, alpha, atol=1e-6)


@pytest.mark.parametrize("shape", [(1, 1), (1, 700), (700, 1)])
def test_takes_the_smallest_pictures(engine: SDMatteEngine, shape: tuple[int, int]) -> None:
    image = np.full((*shape, 3), 90, np.uint8)
    for inputs in (Inputs(), Inputs(np.full(shape, 128, np.uint8)), Inputs(prompts=_corner())):
        alpha = engine.extract(image, inputs).alpha
        assert alpha.shape == shape
        assert np.isfinite(alpha).all()


def _corner() -> Prompts:
    return Prompts(boxes=((0.0, 0.0, 0.0, 0.0),))


def test_its_numbers_are_its_own_once_it_is_placed() -> None:
    tensors = fakes.tensors()
    engine = engines.load("sdmatte", tensors)
    assert isinstance(engine, SDMatteEngine)
    engine.side_px = SIZE
    before = engine.extract(IMAGE).alpha
    for values in tensors.values():
        values.zero_()
    assert np.array_equal(engine.extract(IMAGE).alpha, before)


def test_lets_the_text_encoder_go() -> None:
    names = loaded().network.state_dict()
    assert {name.partition(".")[0] for name in names} == {"vae", "unet"}


def test_what_is_left_of_training_in_a_file_is_passed_over() -> None:
    left = {f"{sdmatte.FOR_TRAINING}optimizer.{n}": torch.zeros(3) for n in range(3)}
    assert engines.load("sdmatte", {**fakes.tensors(), **left}, "meta").device


@pytest.mark.parametrize(
    "lacking",
    [
        "unet.up_blocks.3.resnets.1.conv2.weight",
        "vae.quant_conv.bias",
        "text_encoder.text_model.final_layer_norm.weight",
        "unet.point_embedding.linear_1.weight",
    ],
)
def test_a_file_that_lacks_something_is_refused_by_name(lacking: str) -> None:
    tensors = {name: values for name, values in fakes.tensors().items() if name != lacking}
    with pytest.raises(DamagedWeightsError, match=f"lacks {lacking}"):
        engines.load("sdmatte", tensors, "meta")


def test_a_network_without_a_middle_and_with_fewer_stages_is_one_too() -> None:
    size = plan.Plan(
        fakes.small().words, plan.Codec(is_tiny=True), plan.Stages((64, 128), 1, 2, False)
    )
    shapes = {name: tuple(t.shape) for name, t in fakes.published(size).state_dict().items()}
    assert plan.of(shapes, plan.LITE) == size
    assert plan.of({}, plan.LITE) == plan.LITE


def test_its_files_are_told_apart(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(engines, "weights_records", lambda: sdmatte.RECORDS)  # others take long
    files = {"SDMatte": False, "SDMatte_plus": False, "anything": True}
    found = []
    for name, is_light in files.items():
        torch.save({"model": fakes.tensors(is_light), "iteration": 7}, tmp_path / f"{name}.pth")
        found.append(recognise(tmp_path / f"{name}.pth").name)
    assert found == ["sdmatte", "sdmatte-plus", "sdmatte-lite"]


@pytest.fixture
def halved(monkeypatch: pytest.MonkeyPatch) -> Iterator[SDMatteEngine]:
    """Asked for half precision on a processor that gains nothing by it."""
    monkeypatch.setattr(precision, "pays", lambda device, dtype: False)
    yield loaded(precision="half")


def test_on_a_processor_half_precision_halves_the_memory_and_keeps_the_alpha(
    halved: SDMatteEngine, engine: SDMatteEngine
) -> None:
    kinds = {parameter.dtype for parameter in halved.network.parameters()}
    assert kinds == {torch.float16}
    inputs = Inputs(prompts=BOX)
    apart = np.abs(halved.extract(IMAGE, inputs).alpha - engine.extract(IMAGE, inputs).alpha)
    assert apart.max() < 0.02
    assert {parameter.dtype for parameter in halved.network.parameters()} == kinds
    assert "half precision" in halved.device


def test_halves_are_halves_again_after_a_cancel(halved: SDMatteEngine) -> None:
    seen = 0

    def cancel(fraction: float, preview: Any = None) -> None:
        nonlocal seen
        seen += 1
        if seen > 2:
            raise CancelledError("not wanted any more")

    before = halved.extract(IMAGE).alpha
    with pytest.raises(CancelledError):
        halved.extract(IMAGE, report=cancel)
    assert {parameter.dtype for parameter in halved.network.parameters()} == {torch.float16}
    assert np.array_equal(halved.extract(IMAGE).alpha, before)


def test_attention_in_portions_is_torchs_own(monkeypatch: pytest.MonkeyPatch) -> None:
    source = torch.Generator().manual_seed(1)
    query, key, value = (torch.randn((1, 2, n, 8), generator=source) for n in (50, 30, 30))
    added = torch.randn(30, generator=source)
    whole = functional.scaled_dot_product_attention(query, key, value, added.expand(1, 1, 50, 30))
    monkeypatch.setattr(blocks, "PRODUCTS_AT_ONCE", 1)
    portions = blocks.attended(query, key, value, added)
    assert torch.allclose(portions, whole.transpose(1, 2).flatten(2), atol=1e-6)


@pytest.mark.parametrize("kind", ["binary", "spot", "nothing"])
def test_places_that_are_left_out_would_not_have_counted(kind: str) -> None:
    lit = torch.zeros(1, 1, 8, 8)
    if kind == "binary":
        lit[..., 2:5, 3:7] = 1
    elif kind == "spot":
        rows = torch.arange(8.0)
        lit[0, 0] = torch.exp(-((rows[:, None] - 3) ** 2 + (rows - 4) ** 2) / 50)
    source = torch.Generator().manual_seed(2)
    query, key, value = (torch.randn((1, 2, 64, 8), generator=source) for _ in range(3))
    upstream = ((1 - lit) * -10_000).flatten()
    whole = functional.scaled_dot_product_attention(
        query, key, value, upstream.expand(1, 1, 64, 64)
    )
    places, added = Focus(lit).at((8, 8))
    seen = slice(None) if places is None else places
    ours = blocks.attended(query, key[:, :, seen], value[:, :, seen], added)
    # where everything is shut out, upstream rounds scores of about ten thousand
    atol = 2e-3 if kind == "nothing" else 1e-5
    assert torch.allclose(ours, whole.transpose(1, 2).flatten(2), atol=atol)
    assert (places is None) == (kind == "nothing")


def test_odd_latents_come_back_at_their_size() -> None:
    net = loaded().network
    told = net.unet.told(torch.tensor(prompting.ALL), False, True, torch.float32)
    latents = torch.zeros(1, 4, 17, 23)
    with torch.inference_mode():
        both = torch.cat((latents, latents), 1)
        assert net.unet(both, told, net.words, latents, Focus()).shape == latents.shape
