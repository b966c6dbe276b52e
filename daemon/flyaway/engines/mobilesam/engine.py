"""MobileSAM at work: its encoder's parts, told to `segmentanything`."""

from __future__ import annotations

from flyaway.engines.mobilesam.network import Block, Convolutions, Merging
from flyaway.engines.segmentanything import SegmentAnything, SegmentAnythingEngine


class MobileSAMEngine(SegmentAnythingEngine):
    """A loaded MobileSAM."""

    def __init__(self, network: SegmentAnything) -> None:
        super().__init__(network, Convolutions, Block, Merging)
