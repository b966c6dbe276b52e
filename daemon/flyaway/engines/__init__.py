"""Matting engines by name: look one up, load one. Importing this does not import torch."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, cast

from flyaway.engines.base import Engine, EngineRecord
from flyaway.engines.records import RECORDS
from flyaway.errors import UnknownEngineError

if TYPE_CHECKING:
    import torch

__all__ = ["load", "names", "record"]


class _Family(Protocol):
    """What every engine module offers."""

    def load(
        self, record: EngineRecord, tensors: Mapping[str, torch.Tensor] | None, device: torch.device
    ) -> Engine:
        """Build the engine from the tensors of its checkpoint."""


def names() -> tuple[str, ...]:
    """The names of all engines, the built-in one first."""
    return tuple(RECORDS)


def record(name: str) -> EngineRecord:
    """What is known of the engine called `name`.

    Raises:
        UnknownEngineError: there is none of that name.
    """
    try:
        return RECORDS[name]
    except KeyError:
        raise UnknownEngineError(
            f"There is no engine called {name!r}. Engines: {', '.join(RECORDS)}."
        ) from None


def load(
    name: str,
    checkpoint: str | Path | Mapping[str, torch.Tensor] | None = None,
    device: str | torch.device = "cpu",
) -> Engine:
    """Load an engine.

    Args:
        name: one of `names()`.
        checkpoint: a weights file, or its content: published parameter names to tensors. None for the
            built-in engine, which has no weights.
        device: where it shall run, as torch names it.

    Raises:
        UnknownEngineError: no engine has that name.
        WeightsError: the checkpoint is missing, damaged, or not this engine's; names the tensor.
    """
    import torch  # deferred: takes seconds, and listing engines must not pay for it

    known = record(name)
    if checkpoint is not None:
        from flyaway.engines import checkpoint as files

        if isinstance(checkpoint, str | Path):
            checkpoint = files.read(Path(checkpoint))
        checkpoint = files.plain(checkpoint)
    family = cast(_Family, import_module(known.module))
    return family.load(known, checkpoint, torch.device(device))
