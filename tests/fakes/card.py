"""A graphics card that is none: torch's tensors say they are on it, and do not mix with those of the processor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves, tree_map_only

CARD = torch.device("meta")
"""The one device that any torch has beside the processor. Tensors that are really on it have no values."""

LACKED = {torch.float64, torch.sparse_csr}
"""Kinds of numbers and layouts that graphics cards of some makers do not have; neither has this one."""


@contextmanager
def card() -> Iterator[None]:
    """For what one thread does meanwhile, let CARD be a device that computes."""
    made_on_processor = torch.tensor
    # It goes around what a mode sees, so let it be two steps: make there, then move.
    on_card = mock.patch.object(
        torch, "tensor", lambda data, device: made_on_processor(data).to(device)
    )
    with on_card, _Card():
        yield


class _OnCard(torch.Tensor):
    """A tensor of the card: its values are in the processor's `inner`, which nobody else sees."""

    inner: torch.Tensor  # type: ignore[assignment]  # torch has a method of that name

    @staticmethod
    def __new__(cls, inner: torch.Tensor) -> _OnCard:
        if {inner.dtype, inner.layout} & LACKED:
            raise NotImplementedError(f"The card has no {inner.dtype}, {inner.layout}.")
        made: _OnCard = torch.Tensor._make_wrapper_subclass(
            cls,
            inner.size(),
            strides=inner.stride(),
            storage_offset=inner.storage_offset(),
            dtype=inner.dtype,
            device=CARD,
        )
        made.inner = inner
        return made

    @classmethod
    def __torch_dispatch__(  # type: ignore[override]  # as torch itself calls it
        cls, func: Any, types: Any, args: Any = (), kwargs: Any = None
    ) -> Any:
        raise RuntimeError(f"{func} was called where the card is not known, in another thread.")


class _Card(TorchDispatchMode):
    """Does on the processor what is asked of the card."""

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        kwargs = dict(kwargs or {})
        given = [each for each in tree_leaves((args, kwargs)) if isinstance(each, torch.Tensor)]
        on_card = [isinstance(each, _OnCard) for each in given]
        moves = func is torch.ops.aten._to_copy.default
        # Torch lets a single number of the processor meet tensors of any device.
        if any(on_card) and not moves and any(t.dim() for t in given if not isinstance(t, _OnCard)):
            raise RuntimeError(f"{func} was given tensors of two devices.")
        goes_to_card = any(on_card)
        if kwargs.get("device") is not None:
            goes_to_card = kwargs["device"] == CARD
            kwargs["device"] = torch.device("cpu")
        args_inside, kwargs_inside = tree_map_only(_OnCard, lambda each: each.inner, (args, kwargs))
        made = func(*args_inside, **kwargs_inside)
        if func._schema.name.endswith("_"):
            return args[0]
        if "out" in kwargs:
            return kwargs["out"]
        return tree_map_only(torch.Tensor, _OnCard, made) if goes_to_card else made
