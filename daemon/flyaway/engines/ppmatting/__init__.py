"""PP-Matting: finds people, or any subject, without a trimap. What is known of it before it is loaded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING

from flyaway.engines import training
from flyaway.engines.records import EngineRecord, Input, Job, Role, Training, WeightsRecord
from flyaway_client.wording import _

if TYPE_CHECKING:
    from torch import Tensor

    from flyaway.engines.ppmatting.engine import PPMattingEngine

_SERVER = "https://paddleseg.bj.bcebos.com/matting/models/"


def _record(
    name: str,
    title: str,
    rank: int,
    purpose: str,
    size: int,
    file: str,
    job: Job = Job.PORTRAIT,
    trained_on: Training = training.PADDLES_PORTRAITS,
) -> EngineRecord:
    return EngineRecord(
        name=f"ppmatting-{name}",
        family="ppmatting",
        has_soft_edges=True,
        title=title,
        purpose=purpose,
        ranks={Role.FIND: rank},
        accepts=frozenset({Input.TRIMAP, Input.REGION}),
        suits=frozenset({job}),
        licence=_("Apache-2.0 for PaddleSeg, not stated for the weights"),
        licence_url="https://github.com/PaddlePaddle/PaddleSeg/blob/develop/LICENSE",
        paid_work=None,
        training=trained_on,
        weights=WeightsRecord("", "v1", file, size, "", page=f"{_SERVER}{file}"),
    )


RECORDS = (
    _record(
        "human-512",
        "PP-Matting 512",
        115,
        _("Portraits, with the best results of its authors; seen at 512 pixels."),
        98_200_000,
        "ppmatting-hrnet_w18-human_512.pdparams",
    ),
    _record(
        "human-1024",
        "PP-Matting 1024",
        117,
        _("Portraits with finer edges, seen at 1024 pixels."),
        98_200_000,
        "ppmatting-hrnet_w18-human_1024.pdparams",
    ),
    _record(
        "v2-human-512",
        "PP-Matting V2",
        119,
        _("Portraits in a moment, seen at 512 pixels."),
        35_900_000,
        "ppmattingv2-stdc1-human_512.pdparams",
    ),
    _record(
        "composition-1k",
        "PP-Matting Composition-1k",
        171,
        _("Any subject; seen at up to 1536 pixels."),
        345_200_000,
        "ppmatting-hrnet_w48-composition.pdparams",
        Job.ANY_SUBJECT,
        training.COMPOSITION_1K,
    ),
    _record(
        "distinctions-646",
        "PP-Matting Distinctions-646",
        173,
        _("Any subject; seen at up to 1536 pixels."),
        345_200_000,
        "ppmatting-hrnet_w48-distinctions.pdparams",
        Job.ANY_SUBJECT,
        training.DISTINCTIONS_646,
    ),
)

SHORT_SIDES_PX = {
    "ppmatting-human-512": 512,
    "ppmatting-human-1024": 1024,
    "ppmatting-v2-human-512": 512,
    "ppmatting-composition-1k": 1536,
    "ppmatting-distinctions-646": 1536,
}
"""What upstream's settings shrink the shorter side of larger photos to."""

STATISTICS = {"running_mean": "_mean", "running_var": "_variance"}
"""What Paddle calls those of a batch normalisation. Nothing here has another layout there."""


def load(record: EngineRecord, tensors: Mapping[str, Tensor] | None) -> PPMattingEngine:
    """Build the engine from the tensors of its checkpoint."""
    from flyaway.engines import checkpoint
    from flyaway.engines.ppmatting.engine import PPMattingEngine
    from flyaway.engines.ppmatting.network import W18, W48, PPMatting
    from flyaway.engines.ppmatting.second import PPMattingV2

    is_second = record.name.startswith("ppmatting-v2-")
    widths = W18 if "-human-" in record.name else W48
    network = checkpoint.build(PPMattingV2 if is_second else lambda: PPMatting(widths))
    called = names_in_file(network.state_dict(), tensors or {})
    checkpoint.fill(network, tensors, record.title, called)
    return PPMattingEngine(network, SHORT_SIDES_PX[record.name])


def names_in_file(names: Iterable[str], in_file: Collection[str]) -> dict[str, str]:
    """What Paddle calls the network's `names`, where a file does not have them as torch would."""
    called = {}
    for name in names:
        part, _, last = name.rpartition(".")
        if last in STATISTICS and name not in in_file:
            called[name] = f"{part}.{STATISTICS[last]}"
    return called
