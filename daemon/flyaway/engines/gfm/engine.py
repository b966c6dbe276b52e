"""GFM at work: what upstream shows the network of a picture."""

from __future__ import annotations

from torch import Tensor, nn

from flyaway.engines.gfm.backbones import DenseLayer
from flyaway.engines.gfm.network import MergedGFM
from flyaway.engines.glancing import GlancingEngine, Scales
from flyaway.engines.layers.context import Stage
from flyaway.engines.layers.resnet import BasicBlock, Bottleneck

SCALES = Scales(once=1 / 2, glance=1 / 3, focus=1 / 2)
SCALES_MERGED = Scales(once=1 / 3, glance=1 / 3, focus=1 / 3)


class GFMEngine(GlancingEngine):
    """A loaded GFM; one that merges three glances looks once."""

    def __init__(self, network: nn.Module) -> None:
        is_merged = isinstance(network, MergedGFM)
        scales = SCALES_MERGED if is_merged else SCALES
        steps = Stage, BasicBlock, Bottleneck, DenseLayer
        super().__init__(network, scales, *steps, looks_twice=not is_merged)

    def prepared(self, levels: Tensor) -> Tensor:
        """The levels as they are."""
        return levels
