"""Matting engines by name: look one up, load one. Importing this does not import torch."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from flyaway.engines import (
    aim,
    backgroundmattingv2,
    ben2,
    birefnet,
    builtin,
    deepimagematting,
    gfm,
    isnet,
    mobilesam,
    modnet,
    p3m,
    ppmatting,
    repvitsam,
    sam2,
    sdmatte,
    semanticimagematting,
    u2net,
    vitmatte,
)
from flyaway.engines.records import EngineRecord
from flyaway.errors import UnknownEngineError
from flyaway_client.wording import _

if TYPE_CHECKING:
    import torch

    from flyaway.engines.contract import AnyEngine

__all__ = [
    "FAMILIES",
    "FIRST_DOWNLOAD",
    "FIRST_POINTER",
    "load",
    "names",
    "record",
    "weights_record",
    "weights_records",
]


class Family(Protocol):
    """What the folder of every family offers; reading it needs no torch."""

    @property
    def RECORDS(self) -> tuple[EngineRecord, ...]:  # noqa: N802 - a constant of a module
        """What is known of its engines."""

    def load(self, record: EngineRecord, tensors: Mapping[str, torch.Tensor] | None) -> AnyEngine:
        """Build one of its engines in full precision, where the tensors of its checkpoint are."""


FAMILIES: dict[str, Family] = {
    "builtin": builtin,
    "birefnet": birefnet,
    "ben2": ben2,
    "modnet": modnet,
    "vitmatte": vitmatte,
    "deepimagematting": deepimagematting,
    "semanticimagematting": semanticimagematting,
    "isnet": isnet,
    "u2net": u2net,
    "gfm": gfm,
    "aim": aim,
    "p3m": p3m,
    "ppmatting": ppmatting,
    "backgroundmattingv2": backgroundmattingv2,
    "mobilesam": mobilesam,
    "repvitsam": repvitsam,
    "sam2": sam2,
    "sdmatte": sdmatte,
}
"""All families; a new one is its folder and its line here."""

FIRST_DOWNLOAD = "birefnet-lite"
"""The smallest network that finds any subject: what a user who has none is told to fetch."""

FIRST_POINTER = "mobile-sam"
"""The smallest network that finds what is pointed at, likewise."""


def names() -> tuple[str, ...]:
    """The names of all engines, the built-in one first."""
    return tuple(known.name for known in _records())


def record(name: str) -> EngineRecord:
    """What is known of the engine called `name`.

    Raises:
        UnknownEngineError: there is none of that name.
    """
    for known in _records():
        if known.name == name:
            return known
    raise UnknownEngineError(
        _("There is no engine called {name!r}. Engines: {names}.").format(
            name=name, names=", ".join(names())
        )
    )


def weights_records() -> tuple[EngineRecord, ...]:
    """What has weights of its own: engines, and their companions."""
    beside = {known.companion.name: known.companion for known in _records() if known.companion}
    return (*(known for known in _records() if known.weights), *beside.values())


def weights_record(name: str) -> EngineRecord:
    """The engine, or the companion of engines, called `name`.

    Raises:
        UnknownEngineError: there is none of that name.
    """
    found = (known for known in weights_records() if known.name == name)
    return next(found, None) or record(name)


def _records() -> tuple[EngineRecord, ...]:
    return tuple(known for family in FAMILIES.values() for known in family.RECORDS)


def load(
    name: str,
    checkpoint: str | Path | Mapping[str, torch.Tensor] | None = None,
    device: str | torch.device = "cpu",
    precision: str = "full",
    companion: str | Path | Mapping[str, torch.Tensor] | None = None,
) -> AnyEngine:
    """Load an engine and bring it to where it shall work.

    Args:
        name: of an engine or, to see whether a file is for it, of a companion.
        checkpoint: a weights file, or its content: published parameter names to tensors. None for the
            built-in engine, which has no weights.
        device: where it shall run, as torch names it.
        precision: "full"; "half" for half precision wherever it is faster; "auto" for that on anything but
            a processor, where it leaves the alpha as it is.
        companion: likewise what its record's companion stands for; a family finds its tensors behind the
            last word of that record's name.

    Raises:
        UnknownEngineError: no engine has that name.
        WeightsError: the checkpoint is missing, damaged, or not this engine's; names the tensor.
    """
    import torch  # deferred: takes seconds, and listing engines must not pay for it

    known = weights_record(name)
    tensors = _tensors(checkpoint)
    if tensors is not None and known.companion is not None:
        word = known.companion.name.rpartition("-")[2]
        beside = _tensors(companion) or {}
        tensors |= {f"{word}.{called}": values for called, values in beside.items()}
    engine = FAMILIES[known.family].load(known, tensors)
    engine.place(torch.device(device), precision)
    return engine


def _tensors(
    checkpoint: str | Path | Mapping[str, torch.Tensor] | None,
) -> dict[str, torch.Tensor] | None:
    """What a file, or what was read from one, holds."""
    from flyaway.engines import checkpoint as reader

    if checkpoint is None:
        return None
    if isinstance(checkpoint, str | Path):
        checkpoint = reader.read(Path(checkpoint))
    return reader.plain(checkpoint)
