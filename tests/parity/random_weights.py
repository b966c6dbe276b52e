"""Random weights for a whole network in a moment: for tests that look at anything but the values."""

from __future__ import annotations

from functools import cache

import torch
from torch import nn

LARGEST = 1 << 24


def fill(network: nn.Module) -> dict[str, torch.Tensor]:
    """A checkpoint for `network`, which may be on the meta device."""
    return {
        name: _values(name, values.shape)
        for name, values in network.state_dict().items()
        if values.is_floating_point()
    }


def _values(name: str, shape: torch.Size) -> torch.Tensor:
    values = _pool()[: shape.numel()].view(shape)
    if name.endswith("running_var"):
        return values.abs() + 0.5
    if len(shape) < 2:
        return 1 + 0.1 * values if name.endswith("weight") else 0.1 * values
    return values * (shape[0] / shape.numel()) ** 0.5


@cache
def _pool() -> torch.Tensor:
    return torch.randn(LARGEST, generator=torch.Generator().manual_seed(7))
