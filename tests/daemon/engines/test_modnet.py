"""MODNet's own ways: upstream's sizes, and a backbone that a file holds once or twice."""

from __future__ import annotations

from typing import Any, cast

import pytest
import torch
from tests.parity import random_weights

from flyaway import engines
from flyaway.engines import checkpoint
from flyaway.engines.modnet.engine import MODNetEngine, input_size
from flyaway.engines.modnet.network import MODNet
from flyaway.errors import WeightsError

NAME = "modnet-photographic"


@pytest.fixture(scope="module")
def state() -> dict[str, torch.Tensor]:
    return random_weights.fill(checkpoint.build(MODNet))


@pytest.mark.parametrize(
    ("picture", "seen"),
    [
        ((256, 256), (512, 512)),  # small: enlarged
        ((205, 331), (512, 800)),
        ((4000, 6000), (512, 768)),  # large: reduced
        ((400, 700), (384, 672)),  # between: kept, down to multiples of 32
        ((10, 600), (32, 576)),
        ((1, 999_999), (32, 131_072)),  # by it, this would be no picture, and kept, 32 megapixels
        ((1, 511), (32, 8192)),  # upstream's rule would make 134 megapixels of it
    ],
)
def test_shows_the_network_the_size_that_upstream_does(picture: Any, seen: Any) -> None:
    assert input_size(*picture) == seen


@pytest.mark.parametrize("left_out", ["backbone.", "lr_branch.backbone."])
def test_either_copy_of_the_backbone_will_do(state: dict[str, torch.Tensor], left_out: str) -> None:
    one = {f"module.{n}": t for n, t in state.items() if not n.startswith(left_out)}
    loaded, wanted = (
        cast(MODNetEngine, engines.load(NAME, source)).network.state_dict()
        for source in (one, state)
    )
    assert all(torch.equal(loaded[name], values) for name, values in wanted.items())


def test_a_tensor_that_both_copies_lack_is_named(state: dict[str, torch.Tensor]) -> None:
    name = "backbone.model.features.3.conv.0.weight"
    lacking = {n: t for n, t in state.items() if not n.endswith(name)}
    with pytest.raises(WeightsError, match=r"features\.3\.conv\.0\.weight"):
        engines.load(NAME, lacking)


def test_a_tensor_that_one_copy_lacks_is_named(state: dict[str, torch.Tensor]) -> None:
    name = "lr_branch.backbone.model.features.3.conv.0.weight"
    with pytest.raises(WeightsError, match=r"lacks lr_branch\.backbone\S+\.3\.conv\.0\.weight"):
        engines.load(NAME, {n: t for n, t in state.items() if n != name})
