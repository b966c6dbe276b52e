"""MobileSAM: finds what is pointed at, on a processor. What is known of it before it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from flyaway.engines import training
from flyaway.engines.records import EngineRecord, Input, Role, WeightsRecord
from flyaway_client.wording import _

if TYPE_CHECKING:
    from torch import Tensor

    from flyaway.engines.mobilesam.engine import MobileSAMEngine

RECORDS = (
    EngineRecord(
        name="mobile-sam",
        family="mobilesam",
        title="MobileSAM",
        purpose=_("Finds what you click on or draw a box around; small, made for processors."),
        ranks={Role.POINT: 40},
        accepts=frozenset({Input.PROMPTS, Input.REGION, Input.TRIMAP}),
        suits=frozenset(),
        licence="Apache-2.0",
        licence_url="https://github.com/ChaoningZhang/MobileSAM/blob/master/LICENSE",
        paid_work=True,
        training=training.SA_1B,
        weights=WeightsRecord(
            "dhkim2810/MobileSAM",
            "main",
            "mobile_sam.pt",
            40_728_226,
            "6dbb90523a35330fedd7f1d3dfc66f995213d81b29a5ca8108dbcdd4e37d6c2f",
            page="https://github.com/ChaoningZhang/MobileSAM/tree/master/weights",
        ),
        also_called=("mobile_sam", "MobileSAM"),
    ),
)


def load(record: EngineRecord, tensors: Mapping[str, Tensor] | None) -> MobileSAMEngine:
    """Build the engine from the tensors of its checkpoint."""
    from flyaway.engines import checkpoint
    from flyaway.engines.mobilesam.engine import MobileSAMEngine
    from flyaway.engines.mobilesam.network import UNUSED, TinyViT
    from flyaway.engines.segmentanything import SegmentAnything

    network = cast(SegmentAnything, checkpoint.build(lambda: SegmentAnything(TinyViT())))
    used = tensors and {n: t for n, t in tensors.items() if not n.startswith(UNUSED)}
    checkpoint.fill(network, used, record.title)
    return MobileSAMEngine(network)
