"""U2-Net: finds what stands out; its small one is the smallest of all downloads. What is known before it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flyaway.engines import training
from flyaway.engines.records import EngineRecord, Input, Job, Role, WeightsRecord
from flyaway_client.wording import _

if TYPE_CHECKING:
    from torch import Tensor

    from flyaway.engines.u2net.engine import U2NetEngine

_PAGE = "https://github.com/xuebinqin/U-2-Net#usage-for-salient-object-detection"


def _record(
    name: str, title: str, rank: int, purpose: str, file: str, size: int, sha256: str = ""
) -> EngineRecord:
    return EngineRecord(
        name=f"u2net-{name}",
        family="u2net",
        title=title,
        purpose=purpose,
        ranks={Role.FIND: rank},
        accepts=frozenset({Input.TRIMAP, Input.REGION}),
        suits=frozenset({Job.PORTRAIT if name == "human" else Job.ANY_SUBJECT}),
        licence="Apache-2.0",
        licence_url="https://github.com/xuebinqin/U-2-Net/blob/master/LICENSE",
        paid_work=True,
        training=training.SUPERVISELY if name == "human" else training.DUTS,
        weights=WeightsRecord("", "v1", file, size, sha256, page=_PAGE),
    )


RECORDS = (
    _record(
        "full",
        "U2-Net",
        210,
        _("Finds what stands out, seen at 320 pixels; a rough edge, which another engine solves."),
        "u2net.pth",
        176_290_937,
        "10025a17f49cd3208afc342b589890e402ee63123d6f2d289a4a0903695cce58",
    ),
    _record(
        "small",
        "U2-Net P",
        220,
        _(
            "Finds what stands out with a network of 5 MB; a rough edge, which another engine "
            "solves."
        ),
        "u2netp.pth",
        4_683_258,
        "e7567cde013fb64813973ce6e1ecc25a80c05c3ca7adbc5a54f3c3d90991b854",
    ),
    _record(
        "human",
        "U2-Net Human",
        230,
        _("Finds people, seen at 320 pixels; a rough edge, which another engine solves."),
        "u2net_human_seg.pth",
        176_290_937,
    ),
)


def load(record: EngineRecord, tensors: Mapping[str, Tensor] | None) -> U2NetEngine:
    """Build the engine from the tensors of its checkpoint."""
    from flyaway.engines import checkpoint
    from flyaway.engines.layers.nested_u import FULL, SMALL
    from flyaway.engines.u2net.engine import U2NetEngine
    from flyaway.engines.u2net.network import U2Net

    plan = SMALL if record.name == "u2net-small" else FULL
    network = checkpoint.build(lambda: U2Net(plan))
    checkpoint.fill(network, tensors, record.title)
    return U2NetEngine(network)
