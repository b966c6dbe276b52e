"""BEN2: finds any subject. What is known of it before it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flyaway.engines import training
from flyaway.engines.records import EngineRecord, Input, Job, Role, WeightsRecord
from flyaway_client.wording import _

if TYPE_CHECKING:
    from torch import Tensor

    from flyaway.engines.ben2.engine import BEN2Engine

RECORDS = (
    EngineRecord(
        name="ben2-base",
        family="ben2",
        title="BEN2 Base",
        purpose=_("Finds any subject with its hair, seen at 1024 pixels."),
        ranks={Role.FIND: 75},
        accepts=frozenset({Input.TRIMAP, Input.REGION}),
        suits=frozenset({Job.ANY_SUBJECT}),
        licence="MIT",
        licence_url="https://github.com/PramaLLC/BEN2/blob/main/LICENSE",
        paid_work=True,
        training=training.DIS5K_AND_OWN,
        weights=WeightsRecord("PramaLLC/BEN2", "main", "BEN2_Base.pth", 376_800_000, ""),
    ),
)


def load(record: EngineRecord, tensors: Mapping[str, Tensor] | None) -> BEN2Engine:
    """Build the engine from the tensors of its checkpoint."""
    from flyaway.engines import checkpoint
    from flyaway.engines.ben2.engine import BEN2Engine
    from flyaway.engines.ben2.network import BEN2

    network = checkpoint.build(BEN2)
    checkpoint.fill(network, tensors, record.title)
    return BEN2Engine(network)
