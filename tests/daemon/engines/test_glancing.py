"""GFM, AIM and P3M-Net: upstream's sizes and strategies, and pictures that upstream cannot take."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from tests.parity import random_weights
from torch import nn

from flyaway import engines
from flyaway.engines import checkpoint, pixels, twins
from flyaway.engines.aim.network import AimNet
from flyaway.engines.gfm.network import build
from flyaway.engines.glancing import Glance, GlancingEngine, GlancingNetwork, limited_size, side_at
from flyaway.engines.layers import unpooling
from flyaway.engines.p3m.network import P3MNet
from flyaway.errors import WeightsError
from flyaway.weights.recognition import recognise

NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "gfm-r34-tt": lambda: build("r34", "TT"),
    "aim-matting": AimNet,
    "p3m-portrait": P3MNet,
}


@pytest.fixture(scope="module", params=NETWORKS)
def engine(request: pytest.FixtureRequest) -> Iterator[GlancingEngine]:
    network = checkpoint.build(NETWORKS[request.param])
    loaded = engines.load(request.param, random_weights.fill(network))
    assert isinstance(loaded, GlancingEngine)
    yield loaded


def picture(height: int, width: int) -> np.ndarray:
    return np.random.default_rng(0).integers(0, 256, (height, width, 3), np.uint8)


@pytest.mark.parametrize(
    ("side", "share", "seen"),
    [
        (397, 1 / 2, 192),
        (523, 1 / 3, 160),
        (1080, 1, 1056),
        (4000, 1 / 2, 1600),  # no longer than that
        (100, 1 / 4, 32),  # upstream makes nothing of it
        (1, 1 / 3, 32),
    ],
)
def test_shows_the_network_the_size_that_upstream_does(side: int, share: float, seen: int) -> None:
    assert side_at(side, share) == seen


@pytest.mark.parametrize(
    ("size", "limited"),
    [
        ((397, 523), (397, 523)),
        ((4000, 6000), (1080, 1620)),
        ((6000, 4000), (1620, 1080)),
        ((1080, 100_000), (1080, 8192)),
        ((999_999, 1), (8192, 1)),
    ],
)
def test_large_photos_are_shrunk_to_a_short_side_of_1080(size: Any, limited: Any) -> None:
    assert limited_size(*size) == limited


@pytest.mark.parametrize("size", [(1, 1), (1, 900), (31, 33), (700, 2)])
@pytest.mark.parametrize("looks_twice", [False, True])
def test_small_and_thin_pictures_work(engine: GlancingEngine, size: Any, looks_twice: bool) -> None:
    engine.looks_twice = looks_twice
    alpha = engine.extract(picture(*size)).alpha
    engine.restore()
    assert alpha.shape == size
    assert np.isfinite(alpha).all()


def test_a_photo_is_seen_as_the_same_one_shrunk_before(engine: GlancingEngine) -> None:
    photo = picture(1200, 1100)
    shrunk = pixels.resized_plainly(photo, *limited_size(1200, 1100))
    engine.looks_twice = False  # the fewest pixels
    looks = engine.look(photo), engine.look(shrunk)
    engine.restore()
    assert looks[0].shape == (1, 1, 1178, 1080)
    assert torch.equal(*looks)
    assert engine.enlarged(looks[0], (1200, 1100)).shape == (1, 1, 1200, 1100)


def test_the_two_strategies_differ(engine: GlancingEngine) -> None:
    image = picture(256, 320)
    twice = engine.extract(image).alpha
    engine.looks_twice = False
    once = engine.extract(image).alpha
    engine.restore()
    assert engine.looks_twice
    assert np.abs(twice - once).mean() > 1e-3


def test_a_shortage_of_memory_ends_the_second_look_where_that_saves_any(
    engine: GlancingEngine,
) -> None:
    saved = engine.economise(1_000_000, True)
    has_saved = engine.scales.once < engine.scales.focus
    assert (saved is not None) == has_saved == (not engine.looks_twice)
    engine.restore()
    assert engine.looks_twice


def test_glance_and_focus_alone_are_those_of_both(engine: GlancingEngine) -> None:
    planes = torch.rand(1, 3, 64, 96, generator=torch.Generator().manual_seed(0))
    with torch.inference_mode():
        glance, focus = engine.network.both(planes)
        assert torch.equal(engine.network.glance(planes), glance)
        assert torch.equal(engine.network.focus(planes), focus)


@pytest.mark.parametrize("dtype", [torch.float64, torch.float32, torch.float16])
@pytest.mark.parametrize(
    ("kind", "fused"),
    [
        (Glance.TRANSITION, [[0, 0.25, 1], [0, 0.75, 1]]),
        (Glance.FOREGROUND, [[0.25, 0.75, 1], [0.75, 1, 1]]),
        (Glance.BACKGROUND, [[0, 0.25, 0.75], [0, 0, 0.25]]),
    ],
)
def test_glance_and_focus_are_put_together_as_their_meaning_asks(
    kind: Glance, fused: Any, dtype: torch.dtype
) -> None:
    glance = torch.tensor([[0, 0.5, 1]] * 2, dtype=dtype)
    focus = torch.tensor([[0.25], [0.75]], dtype=dtype).expand(2, 3)
    assert kind.fused(glance, focus).tolist() == fused


class Fixed(GlancingNetwork):
    """Three maps of which each wins in a third of the picture, and half an edge everywhere."""

    def glance(self, planes: torch.Tensor) -> torch.Tensor:
        third = torch.arange(planes.shape[3]) * 3 // planes.shape[3]
        maps = torch.stack([(third == number).float() for number in range(3)])
        return maps[None, :, None].expand(1, 3, *planes.shape[2:])

    def focus(self, planes: torch.Tensor) -> torch.Tensor:
        return torch.full((1, 1, *planes.shape[2:]), 0.5)

    def both(self, planes: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        return self.glance(planes), self.focus(planes)


def test_alpha_is_known_where_the_glance_is_sure() -> None:
    alpha = Fixed()(torch.zeros(1, 3, 32, 96))[0, 0]
    assert alpha[:, ::32].tolist() == [[0, 0.5, 1]] * 32


def test_a_picture_is_resized_as_scikit_image_does() -> None:
    """Of its `resize` in version 0.26."""
    plane = (np.arange(35) ** 2 % 17 / 17).reshape(5, 7)
    smaller = pixels.resized_blurred(plane, 2, 3)
    assert smaller == pytest.approx(np.array(SMALLER), abs=1e-9)
    mixed = pixels.resized_blurred(plane.astype(np.float32), 3, 9)
    assert mixed.dtype == np.float32
    assert mixed == pytest.approx(np.array(MIXED), abs=1e-6)


SMALLER = [
    [0.496629538438, 0.543269391243, 0.487466524857],
    [0.487466524857, 0.543269391243, 0.496629538438],
]
MIXED = [
    [
        0.30214399,
        0.3007234,
        0.35102215,
        0.46668035,
        0.6476981,
        0.65532482,
        0.55318832,
        0.44636223,
        0.40740621,
    ],
    [
        0.50504255,
        0.34164381,
        0.16517322,
        0.05647712,
        0.01917801,
        0.05647712,
        0.16517322,
        0.34164381,
        0.50504255,
    ],
    [
        0.40740621,
        0.44636223,
        0.55318832,
        0.65532482,
        0.6476981,
        0.46668035,
        0.35102215,
        0.3007234,
        0.30214399,
    ],
]


@pytest.mark.parametrize("size", [(16, 24), (2, 2), (34, 18)])
def test_values_go_back_as_one_thread_puts_them(size: Any) -> None:
    source = torch.Generator().manual_seed(0)
    # few values, so that overlapping windows often have one maximum
    x = torch.randint(0, 4, (2, 11, *size), generator=source).float()
    maxima, places = unpooling.halved(x)
    values = torch.rand(maxima.shape, generator=source)
    back = torch.zeros(x.shape).flatten(2)
    for one, where, into in zip(
        values.flatten(0, 1), places.flatten(0, 1), back.flatten(0, 1), strict=True
    ):
        for value, place in zip(one.flatten(), where.flatten(), strict=True):
            into[place] = value
    assert torch.equal(unpooling.put_back(values, places), back.view(x.shape))


def test_either_copy_of_a_part_will_do() -> None:
    alias = {"encoder.": "net.layer."}
    first = {"encoder.w": 1, "encoder.b": 2, "head": 3}
    second = {"net.layer.w": 1, "net.layer.b": 2, "head": 3, "net.fc.w": 4}
    for given in (first, second, first | second):
        assert twins.untwinned(given, alias, ("net.fc.",)) == first


def test_what_only_the_second_copy_has_stays() -> None:
    given = {"encoder.w": 1, "net.layer.w": 1, "net.layer.more": 2}
    left = twins.untwinned(given, {"encoder.": "net.layer."})
    assert left == {"encoder.w": 1, "net.layer.more": 2}


def test_a_tensor_that_one_copy_lacks_is_named() -> None:
    tensors = random_weights.fill(checkpoint.build(AimNet))
    name = "encoder2.1.conv1.weight"
    del tensors[name]
    with pytest.raises(WeightsError, match=f"lacks {name}"):
        engines.load("aim-matting", tensors)


@pytest.mark.parametrize(
    ("file", "name", "network"),
    [
        ("gfm_r34_2b_tt.pth", "gfm-r34-2b-tt", ("r34_2b", "TT")),
        ("gfm_r34_tt.pth", "gfm-r34-tt", ("r34", "TT")),
        ("gfm_r34_ft.pth", "gfm-r34-ft", ("r34", "FT")),
        ("gfm_r34_bt.pth", "gfm-r34-bt", ("r34", "BT")),
        ("gfm_d121_tt.pth", "gfm-d121-tt", ("d121", "TT")),
        ("gfm_r101_tt.pth", "gfm-r101-tt", ("r101", "TT")),
        ("whatever.pth", "gfm-d121-rim", ("d121", "RIM")),
        ("aimnet_pretrained_matting.pth", "aim-matting", None),
        ("p3mnet_pretrained_on_p3m10k.pth", "p3m-portrait", None),
    ],
)
def test_published_files_are_known(tmp_path: Path, file: str, name: str, network: Any) -> None:
    built = checkpoint.build(lambda: build(*network) if network else NETWORKS[name]())
    # each tensor is one number seen many times, so that the file is small
    outline = {
        called: torch.zeros((), dtype=values.dtype).expand(values.shape)
        for called, values in built.state_dict().items()
    }
    torch.save({"state_dict": outline} if network is None else outline, tmp_path / file)
    assert recognise(tmp_path / file).name == name


def test_those_that_only_their_names_tell_apart_are_to_be_named(tmp_path: Path) -> None:
    built = checkpoint.build(lambda: build("r34", "FT"))
    outline = {n: torch.zeros(()).expand(t.shape) for n, t in built.state_dict().items()}
    torch.save(outline, tmp_path / "model.pth")
    with pytest.raises(WeightsError, match=r"gfm-r34-ft, gfm-r34-bt\. .* --as"):
        recognise(tmp_path / "model.pth")
