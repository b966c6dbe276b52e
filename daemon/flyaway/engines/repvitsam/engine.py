"""RepViT-SAM at work: its encoder's parts, told to `segmentanything`."""

from __future__ import annotations

from flyaway.engines.repvitsam.network import Block, fuse
from flyaway.engines.segmentanything import SegmentAnything, SegmentAnythingEngine


class RepViTSAMEngine(SegmentAnythingEngine):
    """A loaded RepViT-SAM."""

    def __init__(self, network: SegmentAnything) -> None:
        fuse(network)
        super().__init__(network, Block)
