"""BackgroundMattingV2's own ways: any size, strips without seams, never more patches than there are."""

from __future__ import annotations

from typing import Any, cast

import numpy as np
import pytest
import torch
from tests.parity import random_weights
from torch.nn import functional

from flyaway import engines
from flyaway.engines import checkpoint, pixels, progress
from flyaway.engines.backgroundmattingv2 import network as networks
from flyaway.engines.backgroundmattingv2.engine import BackgroundMattingV2Engine
from flyaway.engines.contract import Inputs
from flyaway.errors import RequestError

NAME = "backgroundmattingv2-mobilenetv2"


@pytest.fixture
def engine() -> BackgroundMattingV2Engine:
    network = checkpoint.build(lambda: networks.BackgroundMattingV2("mobilenetv2"))
    return cast(BackgroundMattingV2Engine, engines.load(NAME, random_weights.fill(network)))


def pair(height: int, width: int) -> tuple[torch.Tensor, torch.Tensor]:
    source = torch.Generator().manual_seed(0)
    image = torch.rand(1, 3, height, width, generator=source)
    return image, image * 0.9


def test_asks_for_a_plate(engine: BackgroundMattingV2Engine) -> None:
    with pytest.raises(RequestError, match="Choose a plate"):
        engine.extract(np.zeros((32, 32, 3), np.uint8))


@pytest.mark.parametrize("mode", ["full", "sampling", "thresholding"])
def test_strips_leave_no_seam(
    engine: BackgroundMattingV2Engine, mode: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine.network.refiner.mode = mode
    engine.network.refiner.threshold = 0.0
    with torch.inference_mode():
        whole = engine.network(*pair(96, 64))
        monkeypatch.setattr(networks, "STRIP_ROWS", 8)
        monkeypatch.setattr(networks, "PATCHES_AT_ONCE", 7)
        parts = engine.network(*pair(96, 64))
    assert whole[5].sum() > 0  # patches were refined
    for one, other in zip(whole, parts, strict=True):
        assert torch.allclose(one, other, atol=1e-5)


def test_a_cancel_is_heard_between_two_portions_of_patches(
    engine: BackgroundMattingV2Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(progress, "INTERVAL_S", 0.0)
    monkeypatch.setattr(engine.network.refiner, "threshold", -1.0)  # all patches: 24 by 16
    picture = np.random.default_rng(1).integers(0, 256, (96, 64, 3), dtype=np.uint8)
    reported: list[float] = []
    looks = []
    for at_once in (384, 24):
        reported.clear()
        monkeypatch.setattr(networks, "PATCHES_AT_ONCE", at_once)
        engine.extract(
            picture,
            Inputs(plate=picture),
            lambda fraction, preview=None: reported.append(fraction),
        )
        looks.append(len(reported))
    portions = 384 // 24
    assert looks[1] - looks[0] == 5 * (portions - 1)  # four convolutions, and the portion's end


def test_refining_everything_equals_convolving_the_whole(engine: BackgroundMattingV2Engine) -> None:
    """The published network's "full" mode is a plain convolution over the picture."""
    network = engine.network
    network.refiner.mode = "full"
    image, plate = pair(64, 48)
    with torch.inference_mode():
        alpha = network(image, plate)[0]
        both = torch.cat((image, plate), 1)
        coarse = network.coarse(functional.interpolate(both, (16, 12), mode="bilinear"))
        seen = torch.cat((coarse.hidden, coarse.alpha, coarse.colours), 1)
        halves = [functional.interpolate(x, (32, 24), mode="bilinear") for x in (seen, both)]
        refiner = network.refiner
        x = functional.pad(torch.cat(halves, 1), (3, 3, 3, 3))
        x = functional.relu(refiner.bn1(refiner.conv1(x)))
        x = functional.relu(refiner.bn2(refiner.conv2(x)))
        x = torch.cat((functional.interpolate(x, (68, 52)), functional.pad(both, (2, 2, 2, 2))), 1)
        expected = refiner.conv4(functional.relu(refiner.bn3(refiner.conv3(x))))[:, :1].clamp(0, 1)
    assert torch.allclose(alpha, expected, atol=1e-5)


def test_never_asks_for_more_patches_than_there_are(engine: BackgroundMattingV2Engine) -> None:
    engine.network.refiner.mode = "sampling"  # upstream's 80,000 pixels, of a picture of 1,024
    with torch.inference_mode():
        alpha, *_, chosen = engine.network(*pair(32, 32))
    assert alpha.shape == (1, 1, 32, 32)
    assert chosen.shape == (1, 1, 8, 8)


def test_sides_that_are_no_multiple_of_four_are_filled_up(
    engine: BackgroundMattingV2Engine,
) -> None:
    image = np.random.default_rng(0).integers(0, 256, (61, 43, 3), dtype=np.uint8)
    filled = np.pad(image, ((0, 3), (0, 1), (0, 0)), mode="edge")
    small, large = (engine.extract(picture, Inputs(plate=picture)) for picture in (image, filled))
    assert np.array_equal(small.alpha, large.alpha[:61, :43])
    assert small.foreground is not None
    assert large.foreground is not None
    assert np.array_equal(small.foreground, large.foreground[:61, :43])


@pytest.mark.parametrize("size", [(7, 9), (64, 48), (33, 100)])
def test_a_coarse_look_equals_interpolating_the_whole(size: Any) -> None:
    image = np.random.default_rng(0).integers(0, 256, (*size, 3), dtype=np.uint8)
    planes = pixels.to_planes(image)
    expected = functional.interpolate(planes, (5, 6), mode="bilinear", align_corners=False)
    assert torch.allclose(pixels.sampled_bilinear(image, 6, 5), expected, atol=1e-5)
    larger = functional.interpolate(planes, (101, 120), mode="bilinear", align_corners=False)
    rows = pixels.upsampled_rows(planes, (101, 120), 40, 77)
    assert torch.allclose(rows, larger[:, :, 40:77], atol=1e-5)
