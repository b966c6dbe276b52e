"""IS-Net: finds any subject with its fine parts. What is known of it before it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flyaway.engines import training
from flyaway.engines.records import EngineRecord, Input, Job, Role, WeightsRecord
from flyaway_client.wording import _

if TYPE_CHECKING:
    from torch import Tensor

    from flyaway.engines.isnet.engine import ISNetEngine


def _record(
    name: str, title: str, rank: int, purpose: str, file: str, sha256: str, also_called: str
) -> EngineRecord:
    return EngineRecord(
        name=f"isnet-{name}",
        family="isnet",
        title=title,
        purpose=purpose,
        ranks={Role.FIND: rank},
        accepts=frozenset({Input.TRIMAP, Input.REGION}),
        suits=frozenset({Job.ANY_SUBJECT}),
        licence=_("Not stated for the weights"),
        licence_url="https://github.com/xuebinqin/DIS#terms-of-use",
        paid_work=None,
        training=training.DIS5K,
        weights=WeightsRecord(
            "", "v1", file, 176_579_397, sha256, page="https://github.com/xuebinqin/DIS#inference"
        ),
        also_called=(also_called,),
    )


RECORDS = (
    _record(
        "general",
        "IS-Net General",
        190,
        _("Finds any subject with its fine parts, seen at 1024 pixels."),
        "isnet-general-use.pth",
        "9e1aafea58f0b55d0c35077e0ceade6ba1ba2bce372fd4f8f77215391f3fac13",
        "isnet-general-use",
    ),
    _record(
        "dis",
        "IS-Net DIS5K",
        200,
        _("Finds any subject with its fine parts, as the paper's weights do; seen at 1024 pixels."),
        "isnet.pth",
        "ea0889743a78391b48d6b7c40b4def963ee329cb10934c75aa32481dc5af9c61",
        "isnet",
    ),
)


def load(record: EngineRecord, tensors: Mapping[str, Tensor] | None) -> ISNetEngine:
    """Build the engine from the tensors of its checkpoint."""
    from flyaway.engines import checkpoint
    from flyaway.engines.isnet.engine import ISNetEngine
    from flyaway.engines.isnet.network import ISNet

    network = checkpoint.build(ISNet)
    checkpoint.fill(network, tensors, record.title)
    return ISNetEngine(network)
