"""Parameters kept in half precision where a processor computes in full: half the memory, and nearly the same time.

Each layer's are widened for as long as it works. What a processor does in half precision itself is slower on most.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn


def keep(network: nn.Module) -> None:
    """Have every layer of a network, whose parameters are in half precision, work in full."""
    for module in network.modules():
        own = list(module.parameters(recurse=False))
        if own:
            _Widening(own).attach(module)


class _Widening:
    """The parameters of one layer, in full precision while it works.

    Args:
        parameters: in half precision.
    """

    def __init__(self, parameters: list[nn.Parameter]) -> None:
        self._parameters = parameters
        self._kept: list[Tensor] = []

    def attach(self, module: nn.Module) -> None:
        module.register_forward_pre_hook(lambda *_: self._widen())
        # also where it is cancelled in the middle
        module.register_forward_hook(lambda *_: self._narrow(), always_call=True)

    def _widen(self) -> None:
        self._kept = [parameter.data for parameter in self._parameters]
        for parameter in self._parameters:
            parameter.data = parameter.data.to(torch.float32)

    def _narrow(self) -> None:
        for parameter, kept in zip(self._parameters, self._kept, strict=True):
            parameter.data = kept
        self._kept = []
