"""GFM: finds animals with their fur. What is known of its engines before they are loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flyaway.engines import training
from flyaway.engines.records import EngineRecord, Input, Role, WeightsRecord
from flyaway.engines.twins import untwinned
from flyaway_client.wording import _

if TYPE_CHECKING:
    from torch import Tensor

    from flyaway.engines.gfm.engine import GFMEngine

MERGED = "RIM"
"""Three glances in one network, merged."""


def _record(
    name: str, title: str, rank: int, purpose: str, size: int, file: str = ""
) -> EngineRecord:
    return EngineRecord(
        name=f"gfm-{name}",
        family="gfm",
        has_soft_edges=True,
        title=f"GFM {title}",
        purpose=purpose,
        ranks={Role.FIND: rank},
        accepts=frozenset({Input.TRIMAP, Input.REGION}),
        suits=frozenset(),
        licence=_("MIT, for all of the project"),
        licence_url="https://github.com/JizhiziLi/GFM#statement",
        paid_work=True,
        training=training.ANIMALS,
        weights=WeightsRecord(
            "",
            "v1",
            file or f"gfm_{name.replace('-', '_')}.pth",
            size,
            "",
            # in a zip each, on file shares that no program can count on
            page="https://github.com/JizhiziLi/GFM#gfm",
        ),
    )


RECORDS = (
    _record(
        "r34-2b-tt",
        "Animals (ResNet-34 and two blocks)",
        241,
        _("Animals with their fur; the one that its authors show."),
        503_700_000,
    ),
    _record("r34-tt", "Animals (ResNet-34)", 243, _("Animals with their fur."), 221_300_000),
    _record(
        "r34-ft",
        "Animals (ResNet-34, from the foreground)",
        249,
        _("Animals with their fur; the edge adds to what is surely animal."),
        221_300_000,
    ),
    _record(
        "r34-bt",
        "Animals (ResNet-34, from the background)",
        251,
        _("Animals with their fur; the edge takes from what is not surely background."),
        221_300_000,
    ),
    _record("d121-tt", "Animals (DenseNet-121)", 245, _("Animals with their fur."), 188_200_000),
    _record("r101-tt", "Animals (ResNet-101)", 247, _("Animals with their fur."), 1_989_600_000),
    _record(
        "d121-rim",
        "Animals (DenseNet-121, merged)",
        253,
        _(
            "Animals with their fur, as three ways to see an edge agree; seen at a third of the "
            "size."
        ),
        190_000_000,
    ),
)

_STAGES = {f"encoder{stage}.": f"resnet.layer{stage}." for stage in (1, 2, 3, 4)}
_RESNET = {
    "encoder0.0.": "resnet.conv1.",
    "encoder0.1.": "resnet.bn1.",
    "encoder1.1.": "resnet.layer1.",
    **{first: second for first, second in _STAGES.items() if first != "encoder1."},
}
_DENSENET = {
    "encoder0.0.": "densenet.features.conv0.",
    "encoder0.1.": "densenet.features.norm0.",
    **{f"encoder{stage}.0.": f"densenet.features.denseblock{stage}." for stage in (1, 2, 3, 4)},
    **{f"encoder{stage}.1.": f"densenet.features.transition{stage}." for stage in (1, 2, 3)},
}
TWINS: Mapping[str, Mapping[str, str]] = {
    "r34_2b": _STAGES,
    "r34": _RESNET,
    "r101": _RESNET,
    "d121": _DENSENET,
}
"""By backbone the beginnings of names; checkpoints have each parameter under both."""

UNUSED: Mapping[str, tuple[str, ...]] = {
    "r34_2b": ("resnet.conv1.", "resnet.bn1.", "resnet.fc."),
    "r34": ("resnet.fc.",),
    "r101": ("resnet.fc.",),
    "d121": ("densenet.features.norm5.", "densenet.classifier."),
}
"""What comes along of a backbone and is never run."""


def backbone_and_glance(record: EngineRecord) -> tuple[str, str]:
    """What upstream calls an engine's backbone and what its glance tells apart ("RoSTa")."""
    backbone, _, glance = record.name.removeprefix("gfm-").rpartition("-")
    return backbone.replace("-", "_"), glance.upper()


def load(record: EngineRecord, tensors: Mapping[str, Tensor] | None) -> GFMEngine:
    """Build the engine from the tensors of its checkpoint."""
    from flyaway.engines import checkpoint
    from flyaway.engines.gfm.engine import GFMEngine
    from flyaway.engines.gfm.network import build

    backbone, glance = backbone_and_glance(record)
    network = checkpoint.build(lambda: build(backbone, glance))
    if tensors is not None:
        tensors = untwinned(tensors, TWINS[backbone], UNUSED[backbone])
    checkpoint.fill(network, tensors, record.title)
    return GFMEngine(network)
