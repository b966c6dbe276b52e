"""Read a pickle of numpy arrays, as Paddle writes its weights: it can make arrays and nothing else.

Nothing that a file names is looked up or called. Where it speaks of numpy's way to make an array, things of
this module stand in, which check what they are given.
"""

from __future__ import annotations

import io
import math
import pickle
import pickletools
import warnings
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

NAME_TABLE = "StructuredToParameterName@@"
"""Beside the arrays: what Paddle called them while it ran."""

LARGEST_REST_BYTES = 4 << 20
"""Of what is beside the numbers; a file of two thousand arrays has 0.4 MB."""

_OPCODES = frozenset(
    [
        "PROTO",
        "FRAME",
        "STOP",
        "MARK",
        "NONE",
        "NEWTRUE",
        "NEWFALSE",
        "BININT",
        "BININT1",
        "BININT2",
        "LONG1",
        "BINUNICODE",
        "SHORT_BINUNICODE",
        "BINBYTES",
        "SHORT_BINBYTES",
        "BINBYTES8",
        "EMPTY_TUPLE",
        "TUPLE",
        "TUPLE1",
        "TUPLE2",
        "TUPLE3",
        "EMPTY_DICT",
        "SETITEM",
        "SETITEMS",
        "BINPUT",
        "LONG_BINPUT",
        "MEMOIZE",
        "BINGET",
        "LONG_BINGET",
        "GLOBAL",
        "STACK_GLOBAL",
        "REDUCE",
        "BUILD",
    ]
)
"""What such a file consists of."""

_KINDS = frozenset({"f2", "f4", "f8", "i4", "i8"})

_NUMBERS_FROM = 1024
"""So many bytes are an array's numbers, and no name."""


def read(path: Path, device: str) -> dict[object, torch.Tensor]:
    """The arrays of a file as tensors.

    Args:
        path: the file.
        device: "cpu", or "meta" for names, shapes and kinds of number alone.

    Raises:
        pickle.UnpicklingError: it holds something else.
        Exception: whatever pickle and numpy say of files that are damaged.
    """
    content = path.read_bytes()
    _look_through(content)
    loaded = _Unpickler(content).load()
    if not isinstance(loaded, dict):
        raise pickle.UnpicklingError("it holds no dict")
    loaded.pop(NAME_TABLE, None)
    return {name: _tensor(array, device) for name, array in loaded.items()}


def _look_through(content: bytes) -> None:
    """Let only files pass that consist of what Paddle writes, and unpack to about what they are.

    Raises:
        pickle.UnpicklingError: one does something else.
        ValueError: it is cut short, or has much beside its numbers.
    """
    numbers = 0
    for steps, (opcode, argument, place) in enumerate(pickletools.genops(content)):
        if opcode.name not in _OPCODES:
            raise pickle.UnpicklingError(f"it does {opcode.name}")
        if opcode.name.endswith("PUT") and int(argument or 0) > steps:
            raise pickle.UnpicklingError("it makes room for more than it holds")
        if (place or 0) - numbers > LARGEST_REST_BYTES:
            raise ValueError("too large a pickle")
        if isinstance(argument, str | bytes) and len(argument) >= _NUMBERS_FROM:
            numbers += len(argument.encode() if isinstance(argument, str) else argument)


class _Unpickler(pickle.Unpickler):
    """Knows three names; what stands in for them cannot be told from one made for another file."""

    def __init__(self, content: bytes) -> None:
        super().__init__(io.BytesIO(content))
        self._encodable = len(content)

    def find_class(self, module: str, name: str) -> _StandIn:
        """What stands in for a name; files of numpy 1 say `core`, those of numpy 2 `_core`."""
        match module, name:
            case (("numpy.core.multiarray" | "numpy._core.multiarray"), "_reconstruct"):
                return _StandIn(lambda *_: _Array())
            case "numpy", "ndarray":
                return _StandIn(_refuse)
            case "numpy", "dtype":
                return _StandIn(_Kind)
            case "_codecs", "encode":
                return _StandIn(self._encoded)
        raise pickle.UnpicklingError(f"it names {module}.{name}")

    def persistent_load(self, pid: object) -> object:
        """Nothing is kept elsewhere."""
        return _refuse(pid)

    def _encoded(self, text: object, encoding: object) -> bytes:
        """Bytes that a file of pickle's protocol 2 has as text; all of them are no more than the file."""
        if not isinstance(text, str) or encoding != "latin1":
            raise pickle.UnpicklingError("it encodes something")
        self._encodable -= len(text)
        if self._encodable < 0:
            raise pickle.UnpicklingError("it makes much of little")
        return text.encode("latin1")


class _StandIn:
    """What is called in the place of something that a file names; no file can change it."""

    __slots__ = ("_call",)

    def __init__(self, call: Callable[..., object]) -> None:
        self._call = call

    def __call__(self, *arguments: object) -> object:
        return self._call(*arguments)

    def __setstate__(self, state: object) -> None:
        _refuse(state)


class _Kind:
    """Stands in for a dtype of plain little-endian numbers."""

    __slots__ = ("code",)

    def __init__(self, code: object, *_: object) -> None:
        if code not in _KINDS:
            raise pickle.UnpicklingError(f"it holds {code!r}")
        self.code = str(code)

    def __setstate__(self, state: tuple[object, ...]) -> None:
        if state[1] != "<":
            raise pickle.UnpicklingError("its numbers are not little-endian")


class _Array:
    """Stands in for an array, which is no more than the file's bytes seen as numbers."""

    __slots__ = ("values",)

    values: NDArray[np.generic]

    def __setstate__(self, state: tuple[object, ...]) -> None:
        _, shape, kind, is_fortran, numbers = state
        if not isinstance(kind, _Kind) or not isinstance(numbers, bytes):
            raise pickle.UnpicklingError("it holds more than numbers")
        if not isinstance(shape, tuple) or any(type(side) is not int or side < 0 for side in shape):
            raise ValueError("no shape")
        if math.prod(shape) * int(kind.code[1:]) != len(numbers):
            raise ValueError("numbers and shape do not fit")
        flat: NDArray[np.generic] = np.frombuffer(numbers, f"<{kind.code}")
        self.values = flat.reshape(shape, order="F" if is_fortran else "C")


def _tensor(array: object, device: str) -> torch.Tensor:
    if not isinstance(array, _Array):
        raise pickle.UnpicklingError("it holds more than numbers")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns that the bytes must not be written to
        tensor = torch.from_numpy(array.values)
    return torch.empty_like(tensor, device=device) if device == "meta" else tensor


def _refuse(*_: object) -> object:
    raise pickle.UnpicklingError("it does something with what it names")
