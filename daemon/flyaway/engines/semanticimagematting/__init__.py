"""Semantic Image Matting: solves trimaps by the kind of edge. What is known of it before it is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast

from flyaway.engines import training
from flyaway.engines.records import EngineRecord, Input, Job, Role, WeightsRecord
from flyaway_client.wording import _

if TYPE_CHECKING:
    from torch import Tensor

    from flyaway.engines.semanticimagematting.engine import SemanticImageMattingEngine

_PAGE = "https://github.com/nowsyn/SIM#performance"


def _record(
    name: str,
    title: str,
    purpose: str,
    ranks: Mapping[Role, int],
    weights: WeightsRecord,
    also_called: tuple[str, ...] = (),
    companion: EngineRecord | None = None,
) -> EngineRecord:
    return EngineRecord(
        name=f"semanticimagematting-{name}",
        family="semanticimagematting",
        title=title,
        purpose=purpose,
        ranks=ranks,
        accepts=frozenset({Input.TRIMAP}),
        suits=frozenset({Job.FINE_HAIR}),
        licence=_("Not stated"),
        licence_url="https://github.com/nowsyn/SIM",
        paid_work=None,
        training=training.COMPOSITION_1K if name == "composition-1k" else training.SIMD,
        weights=weights,
        also_called=also_called,
        companion=companion,
    )


CLASSIFIER = _record(
    "classifier",
    _("Semantic Image Matting's classifier"),
    _("Tells twenty kinds of edges apart."),
    {},
    WeightsRecord("", "v1", "classifier_resnet50_best.pth.tar", 94_640_000, "", page=_PAGE),
)
"""What both engines need beside their own weights."""

RECORDS = (
    _record(
        "simd",
        "Semantic Image Matting (SIMD)",
        _(
            "Hair, fur, glass, smoke and more from a selection or trimap; says what it took the "
            "edge for."
        ),
        {Role.SOLVE: 50},
        WeightsRecord("", "v1", "SIM/ckpt_best.pth", 186_900_000, "", page=_PAGE),
        ("SIM", "SIMD"),
        CLASSIFIER,
    ),
    _record(
        "composition-1k",
        "Semantic Image Matting (Composition-1k)",
        _("Edges from a selection or trimap; says what it took the edge for."),
        {Role.SOLVE: 55},
        WeightsRecord("", "v1", "Adobe/ckpt_best.pth", 186_900_000, "", page=_PAGE),
        ("Adobe",),
        CLASSIFIER,
    ),
)

STANDARDISED = (
    "decoder.global_module.",
    "decoder.conv_up1.",
    "decoder.conv_up2.",
    "decoder.conv_up3.",
)
"""Whose convolutions upstream standardises at every run (Qiao et al. 2019)."""


def load(record: EngineRecord, tensors: Mapping[str, Tensor] | None) -> SemanticImageMattingEngine:
    """Build the engine from the tensors of its checkpoint and, behind "classifier.", of its classifier."""
    from flyaway.engines import checkpoint
    from flyaway.engines.semanticimagematting.engine import SemanticImageMattingEngine
    from flyaway.engines.semanticimagematting.network import SemanticImageMatting

    if record is CLASSIFIER and tensors is not None:
        tensors = {f"classifier.{name}": values for name, values in tensors.items()}
    parts = {name.startswith("classifier.") for name in tensors or ()}
    network = cast(
        SemanticImageMatting,
        checkpoint.build(
            lambda: SemanticImageMatting(
                solves=record is not CLASSIFIER, classifies=True in parts or record is CLASSIFIER
            )
        ),
    )
    called = names_in_file(network.state_dict(), tensors or {})
    checkpoint.fill(network, tensors and _standardised(tensors), record.title, called)
    return SemanticImageMattingEngine(network)


def names_in_file(names: Iterable[str], in_file: Iterable[str]) -> dict[str, str]:
    """What a file calls the classifier's `names`: behind one more word, whichever it is."""
    last = next((name for name in in_file if name.endswith(".fc.weight")), "classifier.fc.weight")
    prefix = last.removesuffix("fc.weight")
    return {
        name: prefix + name.removeprefix("classifier.")
        for name in names
        if name.startswith("classifier.")
    }


def _standardised(tensors: Mapping[str, Tensor]) -> dict[str, Tensor]:
    return {
        name: standardised(values)
        if name.startswith(STANDARDISED) and values.dim() == 4
        else values
        for name, values in tensors.items()
    }


def standardised(weight: Tensor) -> Tensor:
    """A convolution's weight with mean 0 and deviation 1 in each of its outputs, in float32."""
    rows = weight.float().flatten(1)
    rows = rows - rows.mean(1, keepdim=True)
    deviation = (rows.var(1, keepdim=True) + 1e-12).sqrt() + 1e-5
    return (rows / deviation).view(weight.shape)
