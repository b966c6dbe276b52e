"""Deep Image Matting: solves trimaps. What is known of it before it is loaded."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from flyaway.engines import training
from flyaway.engines.records import EngineRecord, Input, Job, Role, WeightsRecord
from flyaway_client.wording import _

if TYPE_CHECKING:
    from torch import Tensor

    from flyaway.engines.deepimagematting.engine import DeepImageMattingEngine

_PAGE = "https://github.com/huochaitiantang/pytorch-deep-image-matting/releases"


def _record(layout: str, title: str, rank: int, purpose: str, release: str) -> EngineRecord:
    version, _slash, file = release.partition("/")
    return EngineRecord(
        name=f"deepimagematting-{layout}",
        family="deepimagematting",
        title=f"Deep Image Matting {title}",
        purpose=purpose,
        ranks={Role.SOLVE: rank},
        accepts=frozenset({Input.TRIMAP}),
        suits=frozenset({Job.FINE_HAIR}),
        licence=_("Non-commercial use only"),
        licence_url="https://github.com/huochaitiantang/pytorch-deep-image-matting#disclaimer",
        paid_work=False,
        training=training.COMPOSITION_1K,
        weights=WeightsRecord("", version, file, 113_200_000, "", page=_PAGE),
    )


RECORDS = (
    _record(
        "skip",
        "(with skips)",
        60,
        _("Hair and veils from a selection or trimap; the classic, in its best version."),
        "v1.5/stage1_skip_sad_52.9.pth",
    ),
    _record(
        "plain",
        "(without skips)",
        70,
        _("Hair and veils from a selection or trimap; the classic, as weights before 1.5 want it."),
        "v1.4/stage1_sad_54.4.pth",
    ),
)
"""Both layouts have the same names and shapes: only a file's hash or name tells them apart."""


def load(record: EngineRecord, tensors: Mapping[str, Tensor] | None) -> DeepImageMattingEngine:
    """Build the engine from the tensors of its checkpoint, with the refining head if that is in there."""
    from flyaway.engines import checkpoint
    from flyaway.engines.deepimagematting.engine import DeepImageMattingEngine
    from flyaway.engines.deepimagematting.network import DeepImageMatting

    refines = any(name.startswith("refine_") for name in tensors or ())
    has_skips = record.name.endswith("-skip")
    network = checkpoint.build(lambda: DeepImageMatting(has_skips=has_skips, refines=refines))
    checkpoint.fill(network, tensors, record.title)
    return DeepImageMattingEngine(network)
