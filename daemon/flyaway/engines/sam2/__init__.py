"""SAM 2.1: finds what is pointed at, the finest. What is known of it before it is loaded."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, cast

from flyaway.engines import training
from flyaway.engines.records import EngineRecord, Input, Role, WeightsRecord
from flyaway_client.wording import _

if TYPE_CHECKING:
    from torch import Tensor

    from flyaway.engines.sam2.engine import SAM2Engine


def _record(size: str, rank: int, about: str, length: int, sha256: str = "") -> EngineRecord:
    return EngineRecord(
        name=f"sam2-{size}",
        family="sam2",
        title=f"SAM 2.1 {size.title()}",
        purpose=_("Finds what you click on or draw a box around; {about}.").format(about=about),
        ranks={Role.POINT: rank},
        accepts=frozenset({Input.PROMPTS, Input.REGION, Input.TRIMAP}),
        suits=frozenset(),
        licence="Apache-2.0",
        licence_url="https://github.com/facebookresearch/sam2#license",
        paid_work=True,
        training=training.SA_V,
        weights=WeightsRecord(
            f"facebook/sam2.1-hiera-{size}", "main", f"sam2.1_hiera_{size}.pt", length, sha256
        ),
        also_called=(f"sam2.1_hiera_{size}",),
    )


RECORDS = (
    _record(
        "tiny",
        20,
        _("fine, for fast processors and graphics cards"),
        156_008_466,
        "7402e0d864fa82708a20fbd15bc84245c2f26dff0eb43a4b5b93452deb34be69",
    ),
    _record("small", 10, _("the finest, for graphics cards"), 184_400_000),
)

DEPTHS = {"tiny": ((1, 2, 7, 2), (5, 7, 9)), "small": ((1, 2, 11, 2), (7, 10, 13))}
"""Blocks of each stage, and which of them look everywhere."""


def load(record: EngineRecord, tensors: Mapping[str, Tensor] | None) -> SAM2Engine:
    """Build the engine from the tensors of its checkpoint, but for those that are for films."""
    from flyaway.engines import checkpoint
    from flyaway.engines.sam2.engine import SAM2Engine
    from flyaway.engines.sam2.network import SAM2, UNUSED

    depths = DEPTHS[record.name.rpartition("-")[2]]
    network = cast(SAM2, checkpoint.build(lambda: SAM2(*depths)))
    used = tensors and {n: t for n, t in tensors.items() if not n.startswith(UNUSED)}
    checkpoint.fill(network, used, record.title, names_in_file(network.state_dict()))
    return SAM2Engine(network)


def names_in_file(names: Iterable[str]) -> dict[str, str]:
    """What the file calls the network's `names`: its decoder counts layers that the first version names."""
    called = {".mlp.lin1.": ".mlp.layers.0.", ".mlp.lin2.": ".mlp.layers.1."}
    return {
        name: name.replace(ours, theirs)
        for name in names
        for ours, theirs in called.items()
        if ours in name
    }
