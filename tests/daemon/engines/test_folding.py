"""Normalisation folded into convolutions: nothing is left of it, and nothing else changes."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from tests.parity import random_weights
from torch import nn

from flyaway.engines import checkpoint
from flyaway.engines.backgroundmattingv2 import network as backgroundmattingv2
from flyaway.engines.birefnet import network as birefnet
from flyaway.engines.layers import folding
from flyaway.engines.modnet import network as modnet
from flyaway.engines.vitmatte import network as vitmatte

NETWORKS: dict[str, tuple[Callable[[], nn.Module], tuple[int, ...]]] = {
    "modnet": (modnet.MODNet, (3,)),
    "birefnet": (lambda: birefnet.BiRefNet(birefnet.LITE), (3,)),
    "vitmatte": (lambda: vitmatte.ViTMatte(384, 6), (4,)),
    "mobilenetv2": (lambda: backgroundmattingv2.BackgroundMattingV2("mobilenetv2"), (3, 3)),
    "resnet50": (lambda: backgroundmattingv2.BackgroundMattingV2("resnet50"), (3, 3)),
}
"""Networks and the channels of their inputs."""


@pytest.mark.parametrize("name", NETWORKS)
def test_a_folded_network_gives_what_it_gave(name: str) -> None:
    network, inputs = _filled(name)
    with torch.inference_mode():
        before = _first(network(*inputs))
        folding.fold(network)
        after = _first(network(*inputs))
    assert before.std() > 1e-3
    assert (after - before).abs().max() <= 1e-5 * max(1.0, float(before.abs().max()))


@pytest.mark.parametrize("name", NETWORKS)
def test_no_normalisation_over_the_batch_is_left(name: str) -> None:
    network, _ = _filled(name)
    folding.fold(network)
    own_ways = (modnet.HalfNorm, birefnet.Branch)  # these multiply and add by themselves
    theirs = {
        layer
        for module in network.modules()
        if isinstance(module, own_ways)
        for layer in module.children()
    }
    left = {module for module in network.modules() if isinstance(module, nn.BatchNorm2d)}
    assert left <= theirs


def test_a_normalisation_before_its_convolution_stays() -> None:
    network = nn.Sequential(nn.BatchNorm2d(3), nn.Conv2d(3, 4, 1)).eval()
    folding.fold(network)
    assert isinstance(network[0], nn.BatchNorm2d)


def test_a_part_that_keeps_its_normalisations_stays_as_it_is() -> None:
    class Exact(nn.Sequential):
        keeps_norms = True

    def pair() -> list[nn.Module]:
        return [nn.Conv2d(3, 4, 1), nn.BatchNorm2d(4)]

    network = nn.Sequential(Exact(*pair(), nn.Sequential(*pair())), nn.Sequential(*pair())).eval()
    folding.fold(network)
    kinds = [isinstance(part, nn.BatchNorm2d) for part in network.modules()]
    assert sum(kinds) == 2
    assert isinstance(network.get_submodule("1.1"), nn.Identity)


def test_half_and_half_equals_both_normalisations() -> None:
    layer = modnet.HalfNorm(6)
    layer.load_state_dict(random_weights.fill(layer), strict=False)
    layer.eval().requires_grad_(False)
    x = torch.randn(2, 6, 5, 7, generator=torch.Generator().manual_seed(1)) * 3 + 2
    wanted = torch.cat((layer.bnorm(x[:, :3]), nn.functional.instance_norm(x[:, 3:])), 1)
    assert torch.allclose(layer(x.clone()), wanted, atol=1e-5)


def _filled(name: str) -> tuple[nn.Module, list[torch.Tensor]]:
    """A network with made-up weights, and a picture of noise."""
    make, channels = NETWORKS[name]
    network = checkpoint.build(make)
    checkpoint.fill(network, random_weights.fill(network), name)
    source = torch.Generator().manual_seed(3)
    return network, [torch.rand(1, count, 64, 96, generator=source) for count in channels]


def _first(result: torch.Tensor | tuple[torch.Tensor, ...]) -> torch.Tensor:
    return result[0] if isinstance(result, tuple) else result
