"""RepViT-SAM: finds what is pointed at, finer than MobileSAM. What is known of it before it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from flyaway.engines import training
from flyaway.engines.records import EngineRecord, Input, Role, WeightsRecord
from flyaway_client.wording import _

if TYPE_CHECKING:
    from torch import Tensor

    from flyaway.engines.repvitsam.engine import RepViTSAMEngine

RECORDS = (
    EngineRecord(
        name="repvit-sam",
        family="repvitsam",
        title="RepViT-SAM",
        purpose=_(
            "Finds what you click on or draw a box around; finer than MobileSAM, takes twice as "
            "long."
        ),
        ranks={Role.POINT: 30},
        accepts=frozenset({Input.PROMPTS, Input.REGION, Input.TRIMAP}),
        suits=frozenset(),
        licence=_("Apache-2.0 for the code, not stated for the weights"),
        licence_url="https://github.com/THU-MIG/RepViT/blob/main/LICENSE",
        paid_work=None,
        training=training.SA_1B,
        weights=WeightsRecord(
            "",
            "v1.0",
            "repvit_sam.pt",
            109_800_000,
            "",
            page="https://github.com/THU-MIG/RepViT/releases/download/v1.0/repvit_sam.pt",
        ),
        also_called=("repvit_sam",),
    ),
)


def load(record: EngineRecord, tensors: Mapping[str, Tensor] | None) -> RepViTSAMEngine:
    """Build the engine from the tensors of its checkpoint."""
    from flyaway.engines import checkpoint
    from flyaway.engines.repvitsam.engine import RepViTSAMEngine
    from flyaway.engines.repvitsam.network import RepViT
    from flyaway.engines.segmentanything import SegmentAnything

    network = cast(SegmentAnything, checkpoint.build(lambda: SegmentAnything(RepViT())))
    checkpoint.fill(network, tensors, record.title)
    return RepViTSAMEngine(network)
