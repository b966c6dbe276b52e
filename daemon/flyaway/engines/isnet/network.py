"""IS-Net: any subject with its fine parts, from a U of U-nets at half size (Qin et al. 2022, ECCV)."""

from __future__ import annotations

import torch
from torch import Tensor

from flyaway.engines.layers import portioned
from flyaway.engines.layers.nested_u import FULL, NestedU, sized_like


class ISNet(NestedU):
    """The network; its result is the finest stage's map, the others were for training."""

    def __init__(self) -> None:
        super().__init__(FULL, 64)
        self.conv_in = portioned.Conv2d(3, 64, 3, stride=2, padding=1)

    def forward(self, planes: Tensor) -> Tensor:
        """Nx1xHxW, 0..1.

        Args:
            planes: Nx3xHxW of any size, -0.5..0.5.
        """
        finest = self.stages(self.conv_in(planes))[0]
        return torch.sigmoid(sized_like(self.side(1, finest), planes))
