"""BiRefNet's own ways: deformable convolution and shifted windows against the textbook, sizes, strips."""

from __future__ import annotations

from itertools import pairwise
from typing import Any, cast

import numpy as np
import pytest
import torch
from tests.parity import random_weights
from torch.nn import functional

from flyaway import engines
from flyaway.engines import birefnet, checkpoint
from flyaway.engines.birefnet.engine import BiRefNetEngine, own_size
from flyaway.engines.birefnet.network import LITE, BiRefNet, PictureBranch
from flyaway.engines.layers import deformable, swin


def made_up(module: torch.nn.Module, deviation: float) -> torch.nn.Module:
    torch.manual_seed(0)
    for parameter in module.parameters():
        torch.nn.init.normal_(parameter, std=deviation)
    return module.requires_grad_(False).eval()


def sample(x: torch.Tensor, row: float, column: float) -> torch.Tensor:
    """Bilinear, zeros outside: CxHxW at one place."""
    total = torch.zeros(len(x))
    for i in (int(np.floor(row)), int(np.floor(row)) + 1):
        for j in (int(np.floor(column)), int(np.floor(column)) + 1):
            if 0 <= i < x.shape[1] and 0 <= j < x.shape[2]:
                total += x[:, i, j] * (1 - abs(row - i)) * (1 - abs(column - j))
    return total


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("gather", [False, True])
def test_deformable_convolution_equals_its_definition(
    size: Any, gather: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    layer = made_up(deformable.DeformableConvolution(4, 5, size), 0.5)
    x = torch.randn(1, 4, 6, 7)
    offsets = layer.offset_conv(x)[0]
    modulation = 2 * layer.modulator_conv(x)[0].sigmoid()
    assert offsets.abs().max() > 3  # places well outside are among them
    expected = torch.zeros(5, 6, 7)
    for i in range(6):
        for j in range(7):
            for tap in range(size * size):
                row = i - size // 2 + tap // size + float(offsets[2 * tap, i, j])
                column = j - size // 2 + tap % size + float(offsets[2 * tap + 1, i, j])
                weight = layer.regular_conv.weight[:, :, tap // size, tap % size]
                seen = sample(x[0], row, column) * modulation[tap, i, j]
                expected[:, i, j] += weight @ seen
    if gather:  # what devices without a fast embedding_bag do

        def gathered(table: Any, index: Any, weights: Any) -> Any:
            return (table[index.long()] * weights[..., None]).sum(1)

        monkeypatch.setattr(deformable, "_mixed", gathered)
    monkeypatch.setattr(deformable, "SAMPLES_AT_ONCE", 100)
    assert torch.allclose(layer(x)[0], expected, atol=1e-4)


@pytest.mark.parametrize("size", [(8, 8), (7, 13), (3, 5)])
@pytest.mark.parametrize("shift", [0, 2])
def test_shifted_windows_equal_masked_attention_over_everything(
    size: Any, shift: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    window, heads = 4, 2
    layer = made_up(swin.WindowAttention(32 * heads, window, shift), 0.3)
    monkeypatch.setattr(swin, "TOKENS_AT_ONCE", 1)
    height, width = size
    x = torch.randn(1, height, width, 32 * heads)
    down, across = -(-height // window) * window, -(-width // window) * window
    padded = functional.pad(x, (0, 0, 0, across - width, 0, down - height))
    shifted = padded.roll((-shift, -shift), (1, 2)).flatten(1, 2)
    queries, keys, values = layer.qkv(shifted)[0].view(-1, 3, heads, 32).permute(1, 2, 0, 3)
    scores = queries @ keys.transpose(-1, -2) * 32**-0.5
    places = torch.cartesian_prod(torch.arange(down), torch.arange(across))
    wrapped = torch.stack((places[:, 0] >= down - shift, places[:, 1] >= across - shift), 1)
    cell = torch.cat((places // window, wrapped.long() * bool(shift)), 1)
    together = (cell[:, None] == cell[None]).all(2)
    way = places[:, None] - places[None] + window - 1
    index = (way[..., 0] * (2 * window - 1) + way[..., 1]).clamp(0, (2 * window - 1) ** 2 - 1)
    scores = scores + layer.relative_position_bias_table[index].permute(2, 0, 1)
    attended = scores.masked_fill(~together, -torch.inf).softmax(-1) @ values
    expected = layer.proj(attended.permute(1, 0, 2).flatten(1)).view(1, down, across, -1)
    expected = expected.roll((shift, shift), (1, 2))[:, :height, :width]
    assert torch.allclose(layer(x), expected, atol=1e-4)


def test_a_look_in_strips_equals_the_look_at_the_whole() -> None:
    look = made_up(PictureBranch(3, 8), 0.3)
    image, weight = torch.randn(1, 3, 21, 10), torch.randn(1, 8, 1, 1)
    whole = functional.conv2d(look(image), weight)
    for strips in ([0, 21], [0, 8, 16, 21], [0, 1, 2, 21]):
        parts = [look.weighed(image, weight, first, last) for first, last in pairwise(strips)]
        assert torch.allclose(torch.cat(parts, 2), whole, atol=1e-4)


@pytest.mark.parametrize(
    ("variant", "size"),
    [
        ("general", (1024, 1024)),
        ("portrait", (1024, 1024)),
        ("lite-2k", (2560, 1440)),
        ("hr-matting", (2048, 2048)),
        ("512", (512, 512)),
        ("dynamic", None),
    ],
)
def test_each_variant_sees_its_own_size(variant: str, size: Any) -> None:
    assert f"birefnet-{variant}" in engines.names()
    assert birefnet.SIZES.get(f"birefnet-{variant}", birefnet.COMMON_SIZE) == size


def test_every_size_is_of_a_known_engine() -> None:
    assert set(birefnet.SIZES) <= set(engines.names())


@pytest.mark.parametrize(
    ("picture", "seen"),
    [
        ((205, 331), (320, 192)),
        ((10, 40), (32, 32)),
        ((4000, 6000), (2304, 1536)),
        ((64, 64), (64, 64)),
    ],
)
def test_the_dynamic_ones_see_the_pictures_own_size(picture: Any, seen: Any) -> None:
    assert own_size(*picture) == seen


def test_the_engine_shows_the_network_its_size() -> None:
    tensors = random_weights.fill(checkpoint.build(lambda: BiRefNet(LITE)))
    engine = cast(BiRefNetEngine, engines.load("birefnet-lite", tensors))
    assert engine.size == (1024, 1024)
    engine.size = (96, 64)
    seen: list[torch.Size] = []
    engine.network.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].shape))
    engine.extract(np.zeros((50, 70, 3), np.uint8))
    assert seen == [(1, 3, 64, 96)]
