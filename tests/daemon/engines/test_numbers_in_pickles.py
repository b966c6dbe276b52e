"""Paddle's weights are read without Paddle, and nothing that a pickle says is done."""

from __future__ import annotations

import os
import pickle
import pickletools
import random
import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from flyaway.engines import checkpoint, numbers_in_pickles
from flyaway.errors import WeightsError

TABLE = numbers_in_pickles.NAME_TABLE


def arrays() -> dict[str, np.ndarray]:
    source = np.random.default_rng(0)
    return {
        "conv._conv.weight": source.normal(size=(40, 3, 3, 3)).astype(np.float32),
        "conv._batch_norm._mean": source.normal(size=40).astype(np.float16),
        "exact": source.normal(size=(5, 7)),
        "turned": np.asfortranarray(source.normal(size=(9, 300)).astype(np.float32)),
        "step": np.arange(3),
        "one": np.full((), 4, np.float32),
    }


def written(path: Path, content: object, protocol: int = 4) -> Path:
    path.write_bytes(pickle.dumps(content, protocol))
    return path


@pytest.mark.parametrize("protocol", [2, 3, 4])
@pytest.mark.parametrize("module", ["numpy._core", "numpy.core"])
@pytest.mark.parametrize("device", ["cpu", "meta"])
def test_arrays_of_every_version_of_paddle_are_read(
    tmp_path: Path, protocol: int, module: str, device: str
) -> None:
    content = {**arrays(), TABLE: {name: f"param_{name}" for name in arrays()}}
    packed = pickle.dumps(content, protocol)
    assert b"numpy._core.multiarray" in packed
    file = tmp_path / "w.pdparams"
    if protocol < 4:  # where the name has no length before it
        packed = packed.replace(b"numpy._core.", module.encode() + b".")
    elif module == "numpy.core":
        packed = packed.replace(b"\x8c\x16numpy._core.", b"\x8c\x15numpy.core.")
        packed = packed.replace(packed[3:11], (len(packed) - 12).to_bytes(8, "little"), 1)
    file.write_bytes(packed)
    tensors = checkpoint.read(file, device)
    assert tensors.keys() == arrays().keys()
    for name, values in arrays().items():
        assert tuple(tensors[name].shape) == values.shape
        assert tensors[name].dtype == torch.from_numpy(values).dtype
        if device == "cpu":
            assert np.array_equal(tensors[name].numpy(), values)


class Hostile:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("protocol", [2, 4])
@pytest.mark.parametrize("where", ["alone", "beside arrays", "in the table", "as a name"])
def test_runs_nothing_of_a_hostile_file(tmp_path: Path, where: str, protocol: int) -> None:
    hostile = Hostile(tmp_path / "it ran")
    content: Any = {
        "alone": hostile,
        "beside arrays": {**arrays(), "more": hostile},
        "in the table": {**arrays(), TABLE: {"conv": hostile}},
        "as a name": {hostile: "conv"},
    }[where]
    with pytest.raises(WeightsError, match=r"w\.pdparams holds more than numbers"):
        checkpoint.read(written(tmp_path / "w.pdparams", content, protocol))
    assert not (tmp_path / "it ran").exists()


def named(module: str, name: str, arguments: bytes = b")", then: bytes = b"R.") -> bytes:
    return b"\x80\x02c" + f"{module}\n{name}\n".encode() + arguments + then


BEFORE = b"\x80\x02c"
RECONSTRUCT = named("numpy.core.multiarray", "_reconstruct", b")", b"R")
KIND = b"cnumpy\ndtype\nX\x02\x00\x00\x00f4K\x00K\x01\x87R(K\x03X\x01\x00\x00\x00<NNNJ\xff\xff\xff\xffJ\xff\xff\xff\xffK\x00tb"


def array(shape: bytes, numbers: bytes, kind: bytes = KIND) -> bytes:
    """A pickle of one array whose shape and numbers are opcodes."""
    one = RECONSTRUCT[2:] + b"(K\x01" + shape + kind + b"\x89" + numbers + b"tb"
    return b"\x80\x02}X\x01\x00\x00\x00w" + one + b"s."


EIGHT = b"C\x08" + b"\0" * 8

HOSTILE = {
    "a function of this process": named("os", "getpid"),
    "a function of numpy": named("numpy", "ones", b"M\xff\xff\x85"),
    "a function deep inside": named("numpy.core.multiarray", "frombuffer", b"C\x04aaaa\x85"),
    "an attribute of what stands in": named("numpy", "dtype.__init__"),
    "numpy's array called": named("numpy", "ndarray", b"J\xff\xff\xff\x7f\x85"),
    "what stands in, changed": named("numpy", "dtype", b"}X\x05\x00\x00\x00_callNs", b"b."),
    "an object of a class": named("numpy", "dtype", b")", b"\x81."),
    "something kept elsewhere": b"\x80\x02K\x01Q.",
    "an extension": b"\x80\x02\x82\x01.",
    "objects in an array": array(b"K\x02\x85", EIGHT, KIND.replace(b"f4", b"O8")),
    "big-endian numbers": array(b"K\x02\x85", EIGHT, KIND.replace(b"<", b">")),
    "a list for numbers": array(b"K\x02\x85", b"]"),
    "no kind of numbers": array(b"K\x02\x85", EIGHT, b"N"),
    "more than its numbers": array(b"J\xff\xff\xff\x7f\x85", EIGHT),
    "fewer than its numbers": array(b"K\x01\x85", EIGHT),
    "a side below zero": array(b"J\xfe\xff\xff\xffJ\xff\xff\xff\xff\x86", EIGHT),
    "no shape": array(b"K\x02", EIGHT),
    "a side that is no number": array(b"\x88\x85", EIGHT[:1] + b"\x04" + b"\0" * 4),
    "no dict": b"\x80\x02K\x01.",
    "a dict of numbers": b"\x80\x02}X\x01\x00\x00\x00wK\x01s.",
    "an array without numbers": b"\x80\x02}X\x01\x00\x00\x00w" + RECONSTRUCT[2:] + b"s.",
    "room for billions": b"\x80\x02}r\xff\xff\xff\x7f.",
    "more than is there": b"\x80\x02B\xff\xff\xff\x7fa.",
    "a buffer of billions": b"\x80\x05\x96\xff\xff\xff\xff\x07\x00\x00\x00.",
    "another encoding": named("_codecs", "encode", b"X\x01\x00\x00\x00aX\x05\x00\x00\x00utf-8\x86"),
}


@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_whatever_else_a_file_says_ends_in_a_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.pdparams").write_bytes(content)
    tracemalloc.start()
    with pytest.raises(WeightsError, match=r"w\.pdparams"):
        checkpoint.read(tmp_path / "w.pdparams")
    assert tracemalloc.get_traced_memory()[1] < 1 << 24
    tracemalloc.stop()


def test_the_array_that_the_hostile_ones_are_changed_from_is_read(tmp_path: Path) -> None:
    (tmp_path / "w.pdparams").write_bytes(array(b"K\x02\x85", EIGHT))
    assert checkpoint.read(tmp_path / "w.pdparams")["w"].tolist() == [0, 0]


def test_text_made_to_bytes_again_and_again_is_refused(tmp_path: Path) -> None:
    text = b"X\xff\xff\x00\x00" + b"a" * 0xFFFF + b"q\x01"
    again = b"c_codecs\nencode\nh\x01X\x06\x00\x00\x00latin1\x86R0"
    (tmp_path / "w.pdparams").write_bytes(b"\x80\x02" + text + b"0" + again * 400 + b"}.")
    content = (
        (tmp_path / "w.pdparams").read_bytes().replace(b"R0", b"Rq\x02").replace(b"0c", b"q\x03c")
    )
    (tmp_path / "w.pdparams").write_bytes(content)
    with pytest.raises(WeightsError, match=r"w\.pdparams holds more than numbers"):
        checkpoint.read(tmp_path / "w.pdparams")


def test_much_beside_the_numbers_is_damage(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = written(tmp_path / "w.pdparams", {f"name {n}": np.zeros(400) for n in range(80)})
    checkpoint.read(file)
    monkeypatch.setattr(numbers_in_pickles, "LARGEST_REST_BYTES", 1000)
    with pytest.raises(WeightsError, match="damaged"):
        checkpoint.read(file)


@pytest.mark.parametrize("protocol", [2, 4])
def test_changed_bytes_are_damage_and_nothing_else(tmp_path: Path, protocol: int) -> None:
    file, source = tmp_path / "w.pdparams", random.Random(0)
    whole = pickle.dumps({n: v for n, v in arrays().items() if v.size < 300}, protocol)
    refused = 0
    for _ in range(400):
        content = bytearray(whole[: source.choice((len(whole), source.randrange(len(whole))))])
        for place in source.choices(range(len(content)), k=3) if content else ():
            content[place] = source.randrange(256)
        file.write_bytes(content)
        try:
            checkpoint.read(file)
        except WeightsError:
            refused += 1
    assert refused > 200


def test_only_what_paddle_writes_is_let_through() -> None:
    written_by_paddle = {
        opcode.name
        for protocol in (2, 4)
        for opcode, *_ in pickletools.genops(pickle.dumps({**arrays(), TABLE: {}}, protocol))
    }
    assert written_by_paddle <= numbers_in_pickles._OPCODES
