"""AIM: finds any subject, glass and nets among them. What is known of it before it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flyaway.engines import training
from flyaway.engines.records import EngineRecord, Input, Job, Role, WeightsRecord
from flyaway.engines.twins import untwinned
from flyaway_client.wording import _

if TYPE_CHECKING:
    from torch import Tensor

    from flyaway.engines.aim.engine import AIMEngine

RECORDS = (
    EngineRecord(
        name="aim-matting",
        family="aim",
        has_soft_edges=True,
        title="AIM",
        purpose=_(
            "Any subject with a soft edge, such as fur, glass, nets or smoke; best of large photos."
        ),
        ranks={Role.FIND: 151},
        accepts=frozenset({Input.TRIMAP, Input.REGION}),
        suits=frozenset({Job.ANY_SUBJECT}),
        licence=_("MIT, for all of the project"),
        licence_url="https://github.com/JizhiziLi/AIM#statement",
        paid_work=True,
        training=training.ADOBE_AMONG_OTHERS,
        weights=WeightsRecord(
            "",
            "v1",
            "aimnet_pretrained_matting.pth",
            223_400_000,
            "",
            # in a zip, on file shares that no program can count on
            page="https://github.com/JizhiziLi/AIM#inference-code---how-to-test-on-your-images",
        ),
        also_called=("AimNet",),
    ),
)


def load(record: EngineRecord, tensors: Mapping[str, Tensor] | None) -> AIMEngine:
    """Build the engine from the tensors of its checkpoint."""
    from flyaway.engines import checkpoint
    from flyaway.engines.aim.engine import AIMEngine
    from flyaway.engines.aim.network import AimNet
    from flyaway.engines.layers.unpooled_resnet import TWINS, UNUSED

    network = checkpoint.build(AimNet)
    if tensors is not None:
        tensors = untwinned(tensors, TWINS, UNUSED)
    checkpoint.fill(network, tensors, record.title)
    return AIMEngine(network)
