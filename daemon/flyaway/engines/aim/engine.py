"""AIM at work: what upstream shows the network of a picture."""

from __future__ import annotations

from torch import Tensor, nn

from flyaway.engines import pixels
from flyaway.engines.glancing import GlancingEngine, Scales
from flyaway.engines.layers.context import Stage
from flyaway.engines.layers.resnet import BasicBlock

SCALES = Scales(once=1 / 4, glance=1 / 4, focus=1 / 2)


class AIMEngine(GlancingEngine):
    """A loaded AimNet."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__(network, SCALES, Stage, BasicBlock)

    def prepared(self, levels: Tensor) -> Tensor:
        """ImageNet's mean and deviation."""
        return pixels.normalised(levels / 255)
