"""P3M-Net: finds people, trained on faces that nobody can recognise. What is known of it before it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flyaway.engines import training
from flyaway.engines.records import EngineRecord, Input, Job, Role, WeightsRecord
from flyaway.engines.twins import untwinned
from flyaway_client.wording import _

if TYPE_CHECKING:
    from torch import Tensor

    from flyaway.engines.p3m.engine import P3MEngine

RECORDS = (
    EngineRecord(
        name="p3m-portrait",
        family="p3m",
        has_soft_edges=True,
        title="P3M-Net",
        purpose=_("Portraits down to the hair, seen at up to 1080 pixels."),
        ranks={Role.FIND: 113},
        accepts=frozenset({Input.TRIMAP, Input.REGION}),
        suits=frozenset({Job.PORTRAIT}),
        licence=_("MIT, for all of the project"),
        licence_url="https://github.com/JizhiziLi/P3M#statement",
        paid_work=True,
        training=training.PORTRAITS,
        weights=WeightsRecord(
            "",
            "v1",
            "p3mnet_pretrained_on_p3m10k.pth",
            160_100_000,
            "",
            # in a zip, on file shares that no program can count on
            page="https://github.com/JizhiziLi/P3M#inference-code---how-to-test-on-your-images",
        ),
        also_called=("P3M-Net",),
    ),
)


def load(record: EngineRecord, tensors: Mapping[str, Tensor] | None) -> P3MEngine:
    """Build the engine from the tensors of its checkpoint."""
    from flyaway.engines import checkpoint
    from flyaway.engines.layers.unpooled_resnet import TWINS, UNUSED
    from flyaway.engines.p3m.engine import P3MEngine
    from flyaway.engines.p3m.network import P3MNet

    network = checkpoint.build(P3MNet)
    if tensors is not None:
        tensors = untwinned(tensors, TWINS, UNUSED)
    checkpoint.fill(network, tensors, record.title)
    return P3MEngine(network)
