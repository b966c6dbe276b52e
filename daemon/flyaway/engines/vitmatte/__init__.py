"""ViTMatte: solves hair, fur and veils from a trimap. What is known of it before it is loaded."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, cast

from flyaway.engines import training
from flyaway.engines.records import EngineRecord, Input, Job, Role, WeightsRecord
from flyaway_client.wording import _

if TYPE_CHECKING:
    from torch import Tensor

    from flyaway.engines.vitmatte.engine import ViTMatteEngine


TRAINING = {
    "composition-1k": training.COMPOSITION_1K,
    "distinctions-646": training.DISTINCTIONS_646,
}


def _record(
    size: str,
    data: str,
    title: str,
    rank: int,
    also_called: str,
    file: str,
    revision: str,
    length: int,
    sha256: str = "",
) -> EngineRecord:
    name = f"vitmatte-{size}-{data}"
    purpose = (
        _("Hair, fur and veils from a selection or trimap; light.")
        if size == "small"
        else _("Hair, fur and veils from a selection or trimap; finer and slower.")
    )
    return EngineRecord(
        name=name,
        family="vitmatte",
        title=f"ViTMatte {title}",
        purpose=purpose,
        ranks={Role.SOLVE: rank},
        accepts=frozenset({Input.TRIMAP}),
        suits=frozenset({Job.FINE_HAIR}),
        licence="Apache-2.0",
        licence_url=f"https://huggingface.co/hustvl/{name}",
        paid_work=True,
        training=TRAINING[data],
        weights=WeightsRecord(f"hustvl/{name}", revision, file, length, sha256),
        also_called=(also_called,),
    )


RECORDS = (
    _record(
        "small",
        "composition-1k",
        "Small (Composition-1k)",
        30,
        "ViTMatte_S_Com",
        "model.safetensors",
        "6a58ad7646403c1df626fbd746900aec7361ea1d",
        103_294_572,
        "bda9289db1bb6762d978b42d1c62ae3f34daf7497171a347a1d09657efd788cb",
    ),
    _record(
        "small",
        "distinctions-646",
        "Small (Distinctions-646)",
        40,
        "ViTMatte_S_DIS",
        "model.safetensors",
        "6a0e75d7214b01f4d1163ede0f15b23afbbd480b",
        103_294_572,
    ),
    _record(
        "base",
        "composition-1k",
        "Base (Composition-1k)",
        10,
        "ViTMatte_B_Com",
        "pytorch_model.bin",
        "bf486d01a7d9e3dbcc8400f7942835caf0eaf76e",
        386_900_000,
        "b2521bcc4b719fb24611c39605b6642162fd7502e69b3cc846506ca921757b41",
    ),
    _record(
        "base",
        "distinctions-646",
        "Base (Distinctions-646)",
        20,
        "ViTMatte_B_DIS",
        "model.safetensors",
        "b58373f8dbbfbeb58157456e2e4949f9f872aa18",
        386_800_000,
    ),
)

WIDTHS = {"small": (384, 6), "base": (768, 12)}
"""Channels and attention heads."""


def load(record: EngineRecord, tensors: Mapping[str, Tensor] | None) -> ViTMatteEngine:
    """Build the engine from the tensors of its checkpoint, upstream's names or the hub's."""
    from flyaway.engines import checkpoint
    from flyaway.engines.vitmatte.engine import ViTMatteEngine
    from flyaway.engines.vitmatte.network import ViTMatte

    width, heads = WIDTHS[record.name.split("-")[1]]
    network = cast(ViTMatte, checkpoint.build(lambda: ViTMatte(width, heads)))
    called = names_in_file(network.state_dict(), tensors or {})
    checkpoint.fill(network, tensors, record.title, called)
    return ViTMatteEngine(network)


def names_in_file(names: Iterable[str], in_file: Collection[str]) -> dict[str, str]:
    """What a file calls the network's `names`, as far as that is something else."""
    if not any(name.startswith("backbone.embeddings.") for name in in_file):
        return {}
    return {name: hub_name(name) for name in names}


def hub_name(name: str) -> str:
    """What the hub's checkpoints call the parameter that upstream calls `name`."""
    for ours, theirs in (
        ("backbone.pos_embed", "backbone.embeddings.position_embeddings"),
        ("backbone.patch_embed.proj.", "backbone.embeddings.projection."),
        ("backbone.blocks.", "backbone.encoder.layer."),
        (".attn.", ".attention."),
        ("decoder.fusion_blks.", "decoder.fusion_blocks."),
        (".bn.", ".batch_norm."),
    ):
        name = name.replace(ours, theirs)
    return name
