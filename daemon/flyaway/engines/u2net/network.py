"""U2-Net: what stands out, from a U of U-nets (Qin et al. 2020, Pattern Recognition)."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from flyaway.engines.layers.nested_u import NestedU, Plan, sized_like


class U2Net(NestedU):
    """The network; its result joins the maps of all stages."""

    def __init__(self, plan: Plan) -> None:
        super().__init__(plan, 3)
        self.outconv = nn.Conv2d(6, 1, 1)

    def forward(self, planes: Tensor) -> Tensor:
        """Nx1xHxW, 0..1.

        Args:
            planes: Nx3xHxW of any size, normalised.
        """
        sides = [self.side(number, x) for number, x in enumerate(self.stages(planes), 1)]
        joined = torch.cat([sized_like(side, sides[0]) for side in sides], 1)
        return torch.sigmoid(self.outconv(joined))
