"""A network of Paddle's beside those of torch. Paddle itself is the user's to install."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any

import torch
from torch import nn


class Paddle(nn.Module):
    """Takes and gives torch's tensors, as `networks` hands them to all."""

    def __init__(self, network: Any) -> None:
        super().__init__()
        self._network = network

    def load_state_dict(self, state: Mapping[str, torch.Tensor], **_: Any) -> Any:  # type: ignore[override]
        """Fill it."""
        _, unread = self._network.set_state_dict({k: v.numpy() for k, v in state.items()})
        return SimpleNamespace(unexpected_keys=unread)

    def eval(self) -> Paddle:
        """Ready for pictures."""
        self._network.eval()
        return self

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Alpha of a picture 1x3xHxW."""
        paddle: Any = importlib.import_module("paddle")
        with paddle.no_grad():
            found = self._network({"img": paddle.to_tensor(image.numpy())})
        return torch.from_numpy((found if not isinstance(found, dict) else found["alpha"]).numpy())
