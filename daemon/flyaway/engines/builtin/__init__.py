"""The built-in engine: alpha from a trimap, a rough region or nothing, without weights.

The method and its sources: docs/builtin-engine.md.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flyaway.engines import training
from flyaway.engines.records import EngineRecord, Input, Job, Role
from flyaway_client.wording import _

if TYPE_CHECKING:
    from torch import Tensor

    from flyaway.engines.builtin.engine import BuiltinEngine

_LAST = 10_000
"""Its rank: whatever network a user has installed comes first."""

RECORDS = (
    EngineRecord(
        name="builtin",
        family="builtin",
        title=_("Built-in engine"),
        purpose=_(
            "Solves hair and fur from a selection or trimap; a rough guess without one. No "
            "download."
        ),
        ranks={Role.FIND: _LAST, Role.SOLVE: _LAST},
        accepts=frozenset({Input.TRIMAP, Input.REGION}),
        suits=frozenset({Job.ANY_SUBJECT, Job.FINE_HAIR}),
        licence="Apache-2.0",
        licence_url="https://www.apache.org/licenses/LICENSE-2.0",
        paid_work=True,
        training=training.NOTHING,
    ),
)


def load(record: EngineRecord, tensors: Mapping[str, Tensor] | None) -> BuiltinEngine:
    """Build the engine; it has no tensors to load."""
    import torch

    from flyaway.engines.builtin.engine import BuiltinEngine

    return BuiltinEngine(torch.get_num_threads())
