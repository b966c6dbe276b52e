"""BackgroundMattingV2: alpha and colours from a plate of the empty scene. What is known before it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

from flyaway.engines import training
from flyaway.engines.records import EngineRecord, Input, Job, Role, WeightsRecord
from flyaway_client.wording import _

if TYPE_CHECKING:
    from torch import Tensor

    from flyaway.engines.backgroundmattingv2.engine import BackgroundMattingV2Engine


def _record(backbone: str, title: str, rank: int, purpose: str, size: int) -> EngineRecord:
    return EngineRecord(
        name=f"backgroundmattingv2-{backbone}",
        family="backgroundmattingv2",
        title=f"Background Matting V2 {title}",
        purpose=purpose,
        ranks={Role.COMPARE: rank},
        accepts=frozenset(Input),
        suits=frozenset({Job.EMPTY_SCENE}),
        licence="MIT",
        licence_url="https://github.com/PeterL1n/BackgroundMattingV2/blob/master/LICENSE",
        paid_work=True,
        training=training.FILMS_AND_DISTINCTIONS,
        weights=WeightsRecord(
            "",
            "v1.0.0",
            f"pytorch_{backbone}.pth",
            size,
            "",
            page="https://github.com/PeterL1n/BackgroundMattingV2#download",
        ),
    )


RECORDS = (
    _record(
        "mobilenetv2",
        "MobileNetV2",
        30,
        _("Cuts out what was not on a photo of the empty scene; the fastest."),
        20_400_000,
    ),
    _record(
        "resnet50",
        "ResNet-50",
        10,
        _("Cuts out what was not on a photo of the empty scene; the best balance."),
        161_400_000,
    ),
    _record(
        "resnet101",
        "ResNet-101",
        20,
        _("Cuts out what was not on a photo of the empty scene; the most careful."),
        237_800_000,
    ),
)


def load(record: EngineRecord, tensors: Mapping[str, Tensor] | None) -> BackgroundMattingV2Engine:
    """Build the engine from the tensors of its checkpoint."""
    from flyaway.engines import checkpoint
    from flyaway.engines.backgroundmattingv2.engine import BackgroundMattingV2Engine
    from flyaway.engines.backgroundmattingv2.network import BackgroundMattingV2

    backbone = record.name.split("-")[1]
    network = cast(BackgroundMattingV2, checkpoint.build(lambda: BackgroundMattingV2(backbone)))
    checkpoint.fill(network, tensors, record.title)
    return BackgroundMattingV2Engine(network)
