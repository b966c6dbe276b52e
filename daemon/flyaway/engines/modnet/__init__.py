"""MODNet: finds people without a trimap, fast. What is known of it before it is loaded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from flyaway.engines import training
from flyaway.engines.records import EngineRecord, Input, Job, Role, WeightsRecord
from flyaway_client.wording import _

if TYPE_CHECKING:
    from torch import Tensor

    from flyaway.engines.modnet.engine import MODNetEngine


def _record(name: str, rank: int, purpose: str, size: int, sha256: str) -> EngineRecord:
    return EngineRecord(
        name=f"modnet-{name}",
        family="modnet",
        has_soft_edges=True,
        title=f"MODNet {name.capitalize()}",
        purpose=purpose,
        ranks={Role.FIND: rank},
        accepts=frozenset({Input.TRIMAP, Input.REGION}),
        suits=frozenset({Job.PORTRAIT}),
        licence="Apache-2.0",
        licence_url="https://github.com/ZHKKKe/MODNet/blob/master/LICENSE",
        paid_work=True,
        training=training.OWN_PORTRAITS,
        weights=WeightsRecord(
            # the authors' own copy is on a file share that no program can count on
            "DavG25/modnet-pretrained-models",
            "903cc06311b3b12071edfa1b42b534e4a31c718a",
            f"models/modnet_{name}_portrait_matting.ckpt",
            size,
            sha256,
        ),
    )


RECORDS = (
    _record(
        "photographic",
        120,
        _("Portraits in a moment, even without a graphics card."),
        26_255_603,
        "7c22235f0925deba15d4d63e53afcb654c47055bbcd98f56e393ab2584007ed8",
    ),
    _record(
        "webcam",
        130,
        _("Portraits from video frames in a moment."),
        26_300_000,
        "913b82b66558db39b6286c150f809017d7528c872b156eb14333c9c6cb52108b",
    ),
)

TWIN = ("backbone.", "lr_branch.backbone.")
"""The backbone's parameters are in the checkpoint twice; either copy will do, if it is whole."""


def load(record: EngineRecord, tensors: Mapping[str, Tensor] | None) -> MODNetEngine:
    """Build the engine from the tensors of its checkpoint."""
    from flyaway.engines import checkpoint
    from flyaway.engines.modnet.engine import MODNetEngine
    from flyaway.engines.modnet.network import MODNet

    network = checkpoint.build(MODNet)
    called = names_in_file(network.state_dict(), tensors or {})
    checkpoint.fill(network, tensors, record.title, called)
    return MODNetEngine(network)


def names_in_file(names: Iterable[str], in_file: Collection[str]) -> dict[str, str]:
    """Those of the network's `names` for which a file has only the backbone's other copy, and that name."""
    for one, other in (TWIN, TWIN[::-1]):
        if not any(name.startswith(one) for name in in_file):
            twins = (name for name in names if name.startswith(one))
            return {name: other + name.removeprefix(one) for name in twins}
    return {}
