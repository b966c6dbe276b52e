"""ViTMatte's own ways: both namings, upstream's padding, exact slices and tiles, windows without seams."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, cast

import numpy as np
import pytest
import torch
from tests.parity import random_weights
from torch.nn import functional

from flyaway import engines
from flyaway.engines import checkpoint
from flyaway.engines.contract import Inputs
from flyaway.engines.vitmatte import engine as working
from flyaway.engines.vitmatte import hub_name, network
from flyaway.errors import RequestError, WeightsError

NAME = "vitmatte-small-composition-1k"


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    return random_weights.fill(checkpoint.build(lambda: network.ViTMatte(384, 6)))


@pytest.fixture
def engine(state: dict[str, torch.Tensor]) -> working.ViTMatteEngine:
    return cast(working.ViTMatteEngine, engines.load(NAME, state))


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)


def test_loads_the_hubs_names_and_upstreams(state: dict[str, torch.Tensor]) -> None:
    hub = {hub_name(name): values for name, values in state.items()}
    ours, theirs = (
        cast(working.ViTMatteEngine, engines.load(NAME, s)).network.state_dict()
        for s in (state, hub)
    )
    assert all(torch.equal(ours[name], theirs[name]) for name in ours)


def test_a_missing_tensor_is_named_as_the_file_names_it(state: dict[str, torch.Tensor]) -> None:
    hub = {hub_name(name): values for name, values in state.items()}
    del hub["backbone.encoder.layer.2.attention.qkv.bias"]
    with pytest.raises(WeightsError, match=r"backbone\.encoder\.layer\.2\.attention\.qkv\.bias"):
        engines.load(NAME, hub)


def test_weights_of_the_other_size_are_refused(state: dict[str, torch.Tensor]) -> None:
    with pytest.raises(WeightsError, match="ViTMatte Base"):
        engines.load("vitmatte-base-composition-1k", state)


def test_asks_for_a_trimap(engine: working.ViTMatteEngine) -> None:
    with pytest.raises(RequestError, match="Make a selection"):
        engine.extract(picture(32, 32))


def test_solves_whatever_a_trimap_does_not_say_for_certain(engine: working.ViTMatteEngine) -> None:
    trimap = np.full((32, 32), 255, np.uint8)
    trimap[:16] = 127
    alpha = engine.extract(picture(32, 32), Inputs(trimap)).alpha
    assert (alpha[16:] == 1).all()
    assert 0 < alpha[:16].min() < alpha[:16].max() < 1


@pytest.mark.parametrize(
    ("size", "expected"),
    [((64, 96), (64, 96)), ((224, 300), (256, 320)), ((205, 331), (224, 352)), ((1, 1), (32, 32))],
)
def test_pads_as_upstream_does(size: Any, expected: Any) -> None:
    assert working.padded(*size) == expected


def test_attention_in_slices_equals_the_textbook(monkeypatch: pytest.MonkeyPatch) -> None:
    torch.manual_seed(0)
    attention = network.Attention(96, 3, span=8)
    for parameter in attention.parameters():
        torch.nn.init.normal_(parameter, std=0.3)
    x = torch.randn(2, 5, 7, 96)
    queries, keys, values = attention.qkv(x).view(2, 35, 3, 3, 32).permute(2, 0, 3, 1, 4)
    tables = (attention.rel_pos_h, attention.rel_pos_w)
    (down, across) = (network.apart(t, n) for t, n in zip(tables, (5, 7), strict=True))
    places = torch.cartesian_prod(torch.arange(5), torch.arange(7))
    scores = queries @ keys.transpose(-1, -2) * 32**-0.5
    for i, (row, column) in enumerate(places):
        for j, (other_row, other_column) in enumerate(places):
            way = down[row, other_row] + across[column, other_column]
            scores[:, :, i, j] += queries[:, :, i] @ way
    expected = (scores.softmax(-1) @ values).transpose(1, 2).reshape(2, 5, 7, 96)
    monkeypatch.setattr(network, "SLICE_BYTES", 1)  # a row at a time
    assert torch.allclose(attention(x), attention.proj(expected), atol=1e-4)


def test_decoding_in_tiles_changes_nothing(
    engine: working.ViTMatteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    planes = torch.randn(1, 4, 160, 224)
    with torch.inference_mode():
        whole = engine.network(planes)
        monkeypatch.setattr(network, "TILE_PATCHES", 4)
        assert torch.allclose(engine.network(planes), whole, atol=1e-5)


def test_attention_in_one_band_at_a_time_changes_nothing(
    engine: working.ViTMatteEngine, monkeypatch: pytest.MonkeyPatch
) -> None:
    planes = torch.randn(1, 4, 480, 256)
    with torch.inference_mode():
        whole = engine.network(planes)
        monkeypatch.setattr(network, "SLICE_BYTES", 1)
        monkeypatch.setattr(network, "MLP_TOKENS", 100)
        assert torch.allclose(engine.network(planes), whole, atol=1e-5)


def test_solves_only_windows_that_hold_unknown_pixels(engine: working.ViTMatteEngine) -> None:
    engine.division = replace(engine.division, whole_px=0, side_px=256)
    seen: list[tuple[int, ...]] = []
    engine.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape[2:]))
    trimap = np.zeros((640, 640), np.uint8)
    trimap[:, 320:] = 255
    trimap[20:60, 20:60] = 128
    alpha = engine.extract(picture(640, 640), Inputs(trimap)).alpha
    assert seen == [(256, 256)]
    assert (alpha[trimap == 0] == 0).all()
    assert (alpha[trimap == 255] == 1).all()
    assert alpha[trimap == 128].std() > 0


class Contrary(torch.nn.Module):
    """Says alpha 0 of the first window, 1 of the next, and so on: neighbours wholly disagree."""

    def __init__(self) -> None:
        super().__init__()
        self.anything = torch.nn.Parameter(torch.zeros(1))
        self.backbone = torch.nn.ModuleDict({"blocks": torch.nn.ModuleList()})
        self.calls = 0

    def forward(self, planes: torch.Tensor, wanted: np.ndarray) -> torch.Tensor:
        self.calls += 1
        return torch.full((1, 1, *planes.shape[2:]), float(self.calls % 2))


@pytest.mark.parametrize("width", [1025, 1500, 1856, 2000, 2700, 4000])
def test_windows_that_wholly_disagree_leave_no_seam(width: int) -> None:
    engine = working.ViTMatteEngine(cast(network.ViTMatte, contrary := Contrary()))
    engine.division = replace(engine.division, whole_px=0)
    trimap = np.full((2, width), 128, np.uint8)
    alpha = engine.extract(np.zeros((2, width, 3), np.uint8), Inputs(trimap)).alpha
    assert contrary.calls > 1
    assert np.ptp(alpha) > 0.9
    assert np.abs(np.diff(alpha, axis=1)).max() < 2 / 255


def test_relative_places_learned_at_one_size_are_stretched_to_another() -> None:
    learned = torch.arange(7.0)[:, None]  # a side of 4
    assert torch.equal(network.apart(learned, 4)[0, :, 0], torch.tensor([3.0, 2, 1, 0]))
    stretched = functional.interpolate(learned.t()[None], 3, mode="linear")[0, 0]
    assert torch.equal(network.apart(learned, 2)[0, :, 0], stretched[[1, 0]])


def shown(engine: working.ViTMatteEngine) -> list[tuple[int, ...]]:
    """The sizes of what the network is shown from now on."""
    seen: list[tuple[int, ...]] = []
    engine.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape[2:]))
    return seen


def test_only_pieces_whose_trimap_changed_are_solved_again(engine: working.ViTMatteEngine) -> None:
    engine.division = replace(engine.division, whole_px=0, side_px=384)
    image, trimap = picture(300, 900), np.zeros((300, 900), np.uint8)
    trimap[100:140] = 128
    features, seen = engine.encode(image), shown(engine)
    first = engine.solve(features, Inputs(trimap)).alpha
    pieces = len(seen)
    changed = trimap.copy()
    changed[120, 10] = 255
    again = engine.solve(features, Inputs(changed)).alpha
    assert pieces == 4
    assert len(seen) - pieces == 1
    assert again[120, 10] == 1
    assert np.array_equal(again, engine.extract(image, Inputs(changed)).alpha)
    assert np.array_equal(engine.solve(features, Inputs(trimap)).alpha, first)


def test_a_window_of_a_large_picture_is_solved_with_some_context_alone(
    engine: working.ViTMatteEngine,
) -> None:
    engine.division = replace(engine.division, side_px=256, context_px=112, grid_px=224)
    rows, columns = np.mgrid[:640, :900]
    clouds = np.sin(rows / 37) * np.cos(columns / 51)
    image = np.stack([(clouds + shade) * 60 + 80 for shade in (0, 0.5, 1)], 2).astype(np.uint8)
    trimap = np.where(columns < 400, 0, np.where(columns > 500, 255, 128)).astype(np.uint8)
    window = slice(300, 330), slice(380, 520)
    whole = engine.extract(image, Inputs(trimap)).alpha[window]
    seen = shown(engine)
    part = engine.solve(engine.encode(image), Inputs(trimap), window).alpha
    assert seen == [(448, 448)]
    is_unknown = trimap[window] == 128
    assert np.array_equal(part[~is_unknown], whole[~is_unknown])
    # with random weights what is far away matters, with trained ones hardly
    assert np.abs(part - whole)[is_unknown].mean() < 0.5 * whole[is_unknown].std()


def test_needs_less_memory_and_is_restored(engine: working.ViTMatteEngine) -> None:
    usual = engine.division
    assert engine.economise(500 * 500, True) is None  # pieces of half that size would be too small
    assert "smaller windows" in str(engine.economise(3000 * 4000, True))
    assert engine.division.side_px < usual.side_px
    engine.restore()
    assert engine.division == usual
