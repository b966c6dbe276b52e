"""Parameters that a checkpoint holds twice, because its authors' class has a part under two names. No torch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeVar

Values = TypeVar("Values")


def untwinned(
    tensors: Mapping[str, Values], twins: Mapping[str, str], unused: tuple[str, ...] = ()
) -> dict[str, Values]:
    """A checkpoint with each part once, under its first name, and without what no result depends on.

    A copy that is whole will do, whichever it is. What one copy has and the other lacks stays, so that whoever
    reads the rest strictly finds it.

    Args:
        tensors: the checkpoint.
        twins: the beginning of a part's first name, to that of its second.
        unused: beginnings of names.
    """
    kept = {name: values for name, values in tensors.items() if not name.startswith(unused)}
    for first, second in twins.items():
        has_first = any(name.startswith(first) for name in kept)
        for name in [name for name in kept if name.startswith(second)]:
            own = first + name.removeprefix(second)
            if not has_first or own in kept:
                values = kept.pop(name)
                kept.setdefault(own, values)
    return kept
