"""SDMatte's files: what is in one, and one so small that a test can run it."""

from __future__ import annotations

import torch
from tests.parity import random_weights

from flyaway.engines import checkpoint
from flyaway.engines.sdmatte.network import SDMatte
from flyaway.engines.sdmatte.plan import Codec, Plan, Stages, Words
from flyaway.engines.sdmatte.words import TextEncoder


def published(size: Plan) -> torch.nn.Module:
    """What is in a file: the network, and the text encoder beside it."""
    network = SDMatte(size)
    network.text_encoder = TextEncoder(size.words)
    return network


def small(is_light: bool = False) -> Plan:
    """As SDMatte, or LiteSDMatte, with few channels and layers."""
    return Plan(
        Words(vocabulary=64, width=64, inner=64, layers=1, length=8),
        Codec((32, 32, 64, 64), 1, is_tiny=is_light),
        Stages((64, 64, 128, 128), 1),
    )


def tensors(is_light: bool = False) -> dict[str, torch.Tensor]:
    """Random weights for such a file."""
    return random_weights.fill(checkpoint.build(lambda: published(small(is_light))))
