"""BEN2: the parts that its network is made of, and the file that its authors publish."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from tests.parity import random_weights
from torch import nn
from torch.nn import functional

from flyaway import engines
from flyaway.engines import checkpoint
from flyaway.engines.ben2 import network
from flyaway.engines.ben2.engine import BEN2Engine
from flyaway.weights.recognition import recognise


def noise(*shape: int) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(5))


def test_a_picture_is_what_its_quarters_make() -> None:
    picture = noise(1, 3, 6, 10)
    quarters = network.in_four(picture)
    assert torch.equal(quarters[1], picture[0, :, :3, 5:])
    assert torch.equal(quarters[2], picture[0, :, 3:, :5])
    assert torch.equal(network.joined(quarters), picture)


def test_attention_is_torchs_own() -> None:
    theirs = nn.MultiheadAttention(network.WIDTH, 1, batch_first=True).eval()
    ours = network.Attention()
    ours.load_state_dict(theirs.state_dict())
    queries, keys, values = (noise(1, count, network.WIDTH) for count in (9000, 7, 7))
    with torch.inference_mode():
        assert torch.allclose(
            ours(queries, keys, values), theirs(queries, keys, values)[0], atol=1e-5
        )


def test_the_first_look_is_the_whole_ones_brought_to_half_and_quarter() -> None:
    net = checkpoint.build(network.BEN2)
    checkpoint.fill(net, random_weights.fill(net), "BEN2")
    assert isinstance(net, network.BEN2)
    image = noise(1, 3, 3 * network.ROWS_AT_ONCE, 40)
    with torch.inference_mode():
        whole = net.shallow(image)
        looks = net._shallow(image)
    for look, scale in zip(looks, (0.5, 0.25), strict=True):
        wanted = functional.interpolate(whole, scale_factor=scale, mode="bilinear")
        assert torch.allclose(look, wanted, atol=1e-5)


def test_its_file_is_recognised_and_sees_pictures_at_1024(tmp_path: Path) -> None:
    tensors = random_weights.fill(checkpoint.build(network.BEN2))
    torch.save({"model_state_dict": tensors}, tmp_path / "anything.pth")
    assert recognise(tmp_path / "anything.pth").name == "ben2-base"
    engine = engines.load("ben2-base", tensors, "meta")
    assert isinstance(engine, BEN2Engine)
    assert engine.size == (1024, 1024)


def test_deep_pixels_do_not_overshoot_what_the_kernel_makes_of_8_bits() -> None:
    engine = engines.load("ben2-base", random_weights.fill(checkpoint.build(network.BEN2)))
    assert isinstance(engine, BEN2Engine)
    engine.size = (128, 128)
    seen: list[torch.Tensor] = []
    engine.network.register_forward_pre_hook(lambda _, planes: seen.append(planes[0]))
    stripes = np.zeros((64, 64, 3), np.uint8)
    stripes[:, ::3] = 255
    engine.extract(stripes)
    engine.extract((stripes / 255).astype(np.float32))
    assert (seen[0] - seen[1]).abs().max() < 0.02
