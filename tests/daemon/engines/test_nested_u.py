"""U2-Net and IS-Net: what they are shown of a picture, and maps that show no subject."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from tests.parity import random_weights

from flyaway import engines
from flyaway.engines import checkpoint, pixels
from flyaway.engines.isnet.network import ISNet
from flyaway.engines.layers.nested_u import FULL, SMALL
from flyaway.engines.u2net.engine import U2NetEngine, resized
from flyaway.engines.u2net.network import U2Net
from flyaway.weights.recognition import recognise


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


def test_a_picture_that_is_shrunk_is_sampled_as_torch_does() -> None:
    image = picture(97, 130)
    theirs = torch.nn.functional.interpolate(pixels.to_planes(image), (40, 40), mode="bilinear")
    assert np.abs(resized(image, 40) - theirs[0].permute(1, 2, 0).numpy()).max() < 1e-5


def test_a_picture_that_is_enlarged_darkens_towards_its_frame() -> None:
    image = np.full((10, 20, 3), 255, np.uint8)
    seen = resized(image, 40)
    assert seen[20, 20] == pytest.approx(1)
    assert seen[0, 20, 0] == pytest.approx(1 - 0.375)  # three eighths of a pixel beyond its rows
    assert seen[20, 0, 0] == pytest.approx(1 - 0.25)


def test_a_black_picture_has_no_brightest_pixel_to_divide_by() -> None:
    engine = engines.load(
        "u2net-small", random_weights.fill(checkpoint.build(lambda: U2Net(SMALL)))
    )
    assert isinstance(engine, U2NetEngine)
    assert torch.isfinite(engine.look(np.zeros((30, 40, 3), np.uint8))).all()


@pytest.mark.parametrize(("spread", "stretched"), [(0.05, False), (0.3, True)])
def test_a_map_that_differs_nowhere_shows_no_subject(spread: float, stretched: bool) -> None:
    found = torch.linspace(0.4, 0.4 + spread, 12).view(1, 1, 3, 4)
    shown = pixels.stretched(found)
    assert (float(shown.min()), float(shown.max())) == pytest.approx(
        (0, 1) if stretched else (0.4, 0.4 + spread)
    )


@pytest.mark.parametrize(
    ("file", "name"),
    [
        ("u2net.pth", "u2net-full"),
        ("u2net_human_seg.pth", "u2net-human"),
        ("u2netp.pth", "u2net-small"),
        ("isnet-general-use.pth", "isnet-general"),
        ("isnet.pth", "isnet-dis"),
    ],
)
def test_published_files_are_known_by_their_names(tmp_path: Path, file: str, name: str) -> None:
    networks = {
        "isnet": ISNet,
        "u2net": lambda: U2Net(SMALL if name == "u2net-small" else FULL),
    }
    network = checkpoint.build(networks[name.partition("-")[0]])
    torch.save(random_weights.fill(network), tmp_path / file)
    assert recognise(tmp_path / file).name == name
