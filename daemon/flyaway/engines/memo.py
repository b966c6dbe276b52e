"""Results kept for the next solve of the same picture, up to a number of bytes."""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Callable, Hashable
from typing import Any, Generic, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray


class _Sized(Protocol):
    @property
    def nbytes(self) -> int:
        """What it takes in memory."""


Value = TypeVar("Value", bound=_Sized)


class Memo(Generic[Value]):
    """The results made or asked for last; the longest unasked goes first.

    Args:
        limit_bytes: what they may take together; a result beyond that is not kept at all.
    """

    def __init__(self, limit_bytes: int) -> None:
        self._limit_bytes = limit_bytes
        self._kept: OrderedDict[Hashable, Value] = OrderedDict()

    def __contains__(self, key: Hashable) -> bool:
        return key in self._kept

    def get(self, key: Hashable, make: Callable[[], Value]) -> Value:
        """The result for a key, made now if it is not kept."""
        if key not in self._kept:
            self._keep(key, value := make())
            return value
        self._kept.move_to_end(key)
        return self._kept[key]

    @property
    def nbytes(self) -> int:
        """What all that is kept takes in memory."""
        return sum(kept.nbytes for kept in self._kept.values())

    def _keep(self, key: Hashable, value: Value) -> None:
        if value.nbytes > self._limit_bytes:
            return
        self._kept[key] = value
        while self.nbytes > self._limit_bytes:
            self._kept.popitem(last=False)


def digest(*arrays: NDArray[Any]) -> bytes:
    """What tells arrays from others: of their shapes, kinds of number and values."""
    found = hashlib.blake2b(digest_size=16)
    for array in arrays:
        found.update(f"{array.shape}{array.dtype}".encode())
        found.update(np.ascontiguousarray(array).data)
    return found.digest()
