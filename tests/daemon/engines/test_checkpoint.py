"""Checkpoint files: every published form is read, nothing in one is ever run, loading is strict."""

from __future__ import annotations

import json
import os
import pickle
import random
import tracemalloc
import zipfile
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from flyaway.engines import checkpoint, pickles
from flyaway.errors import WeightsError


class Small(nn.Module):
    """A network with a bit of everything."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(3, 4, 1)
        self.bn = nn.BatchNorm2d(4)


@pytest.fixture
def state() -> dict[str, torch.Tensor]:
    torch.manual_seed(0)
    return Small().state_dict()


def filled(tensors: dict[str, torch.Tensor]) -> nn.Module:
    network = checkpoint.build(Small)
    checkpoint.fill(network, tensors, "Small")
    return network


def test_reads_safetensors_whatever_the_file_is_called(
    tmp_path: Path, state: dict[str, torch.Tensor]
) -> None:
    save_file(state, tmp_path / "blob")
    assert torch.equal(checkpoint.read(tmp_path / "blob")["conv.weight"], state["conv.weight"])


def test_widens_half_precision_to_float32(tmp_path: Path, state: dict[str, torch.Tensor]) -> None:
    halves = {name: t.half() if t.is_floating_point() else t for name, t in state.items()}
    save_file(halves, tmp_path / "model.safetensors")
    weight: Any = filled(checkpoint.read(tmp_path / "model.safetensors")).conv.weight
    assert weight.dtype == torch.float32
    assert torch.equal(weight, state["conv.weight"].half().float())


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module._orig_mod."])
@pytest.mark.parametrize("wrapper", [None, "state_dict", "model_state_dict", "model"])
@pytest.mark.parametrize("is_zip", [True, False])
def test_reads_pickles_of_every_wrapping(
    tmp_path: Path, state: dict[str, torch.Tensor], prefix: str, wrapper: Any, is_zip: bool
) -> None:
    content: object = {prefix + name: values for name, values in state.items()}
    content = {wrapper: content, "epoch": 3} if wrapper else content
    torch.save(content, tmp_path / "w.pth", _use_new_zipfile_serialization=is_zip)
    tensors = checkpoint.read(tmp_path / "w.pth")
    assert tensors.keys() == state.keys()
    weight: Any = filled(tensors).bn.weight
    assert torch.equal(weight, state["bn.weight"])


class Hostile:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("how", ["torch", "torch legacy", "pickle", "beside tensors"])
def test_runs_nothing_of_a_hostile_pickle(
    tmp_path: Path, state: dict[str, torch.Tensor], how: str
) -> None:
    mark, file = tmp_path / "it ran", tmp_path / "w.ckpt"
    if how == "pickle":
        file.write_bytes(pickle.dumps(Hostile(mark)))
    else:
        content = {**state, "extra": Hostile(mark)} if how == "beside tensors" else Hostile(mark)
        torch.save(content, file, _use_new_zipfile_serialization=how != "torch legacy")
    with pytest.raises(WeightsError, match=r"w\.ckpt"):
        checkpoint.read(file)
    assert not mark.exists()


def test_refuses_a_torchscript_program(tmp_path: Path) -> None:
    file = tmp_path / "script.pth"
    with pytest.warns(DeprecationWarning):
        torch.jit.save(torch.jit.script(nn.ReLU()), file)
    with pytest.raises(WeightsError):
        checkpoint.read(file)


@pytest.mark.parametrize("kind", ["safetensors", "pth"])
def test_a_cut_file_is_damaged(tmp_path: Path, state: dict[str, torch.Tensor], kind: str) -> None:
    file = tmp_path / f"w.{kind}"
    save_file(state, file) if kind == "safetensors" else torch.save(state, file)
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(WeightsError, match="damaged"):
        checkpoint.read(file)


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize("kind", ["safetensors", "zip", "legacy"])
def test_changed_bytes_are_damage_and_nothing_else(
    tmp_path: Path, state: dict[str, torch.Tensor], kind: str, device: str
) -> None:
    file, source = tmp_path / "w", random.Random(0)
    if kind == "safetensors":
        save_file(state, file)
    else:
        torch.save(state, file, _use_new_zipfile_serialization=kind == "zip")
    whole = file.read_bytes()
    refused = 0
    for _ in range(300):
        content = bytearray(whole[: source.choice((len(whole), source.randrange(len(whole))))])
        for place in source.choices(range(len(content)), k=3) if content else ():
            content[place] = source.randrange(256)
        file.write_bytes(content)
        try:
            checkpoint.read(file, device)
        except WeightsError:
            refused += 1
    assert refused > 100


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"\0" * 64, b"!" + os.urandom(200)])
def test_a_file_of_another_kind_is_no_weights_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(WeightsError, match="damaged or no weights file"):
        checkpoint.read(tmp_path / "w.pth")


@pytest.mark.parametrize("device", ["cpu", "meta"])
@pytest.mark.parametrize("shape", [[10**9, 10**9], [0, 2**64 - 1], [0, 2**62, 2**62]])
def test_a_shape_that_no_memory_holds_is_damage(tmp_path: Path, shape: Any, device: str) -> None:
    header = {"a": {"dtype": "F32", "shape": shape, "data_offsets": [0, 4 if all(shape) else 0]}}
    packed = json.dumps(header).encode()
    file = tmp_path / "w.safetensors"
    file.write_bytes(len(packed).to_bytes(8, "little") + packed + b"\0" * 4 * all(shape))
    with pytest.raises(WeightsError):
        filled(checkpoint.read(file, device))


def test_an_archive_that_unpacks_to_more_than_it_is_stays_packed(tmp_path: Path) -> None:
    with zipfile.ZipFile(tmp_path / "w.pth", "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("w/version", "3")
        archive.writestr("w/data.pkl", bytes(1 << 28))
    tracemalloc.start()
    with pytest.raises(WeightsError, match="damaged"):
        checkpoint.read(tmp_path / "w.pth")
    assert tracemalloc.get_traced_memory()[1] < 1 << 24
    tracemalloc.stop()


def test_a_checkpoint_that_holds_itself_is_refused(tmp_path: Path) -> None:
    endless: dict[str, object] = {}
    endless["state_dict"] = endless
    torch.save(endless, tmp_path / "w.pth")
    with pytest.raises(WeightsError, match="'state_dict'"):
        checkpoint.read(tmp_path / "w.pth")


def test_names_a_tensor_that_is_there_twice(state: dict[str, torch.Tensor]) -> None:
    with pytest.raises(WeightsError, match=r"conv\.weight twice"):
        checkpoint.plain({**state, "module.conv.weight": state["conv.weight"]})


def test_says_what_to_do_about_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="flyaway models download"):
        checkpoint.read(tmp_path / "none.pth")


def test_a_checkpoint_without_tensors_is_refused() -> None:
    with pytest.raises(WeightsError, match="no tensors"):
        checkpoint.plain({})
    with pytest.raises(WeightsError, match="'epoch'"):
        checkpoint.plain({"epoch": 3})


def test_names_a_missing_tensor(state: dict[str, torch.Tensor]) -> None:
    del state["conv.bias"]
    with pytest.raises(WeightsError, match=r"lacks conv\.bias"):
        filled(state)


def test_names_a_surplus_tensor(state: dict[str, torch.Tensor]) -> None:
    with pytest.raises(WeightsError, match=r"has head\.weight"):
        filled({**state, "head.weight": torch.zeros(1)})


def test_names_a_misshapen_tensor_and_both_shapes(state: dict[str, torch.Tensor]) -> None:
    with pytest.raises(
        WeightsError, match=r"conv\.weight \(\(5, 3, 1, 1\) instead of \(4, 3, 1, 1\)\)"
    ):
        filled({**state, "conv.weight": torch.zeros(5, 3, 1, 1)})


def test_names_a_tensor_of_another_type(state: dict[str, torch.Tensor]) -> None:
    with pytest.raises(WeightsError, match=r"bn\.bias \(torch\.int64\)"):
        filled({**state, "bn.bias": torch.zeros(4, dtype=torch.int64)})


def test_integer_buffers_may_be_there_or_not(state: dict[str, torch.Tensor]) -> None:
    del state["bn.num_batches_tracked"]
    state["attn.relative_position_index"] = torch.zeros(9, dtype=torch.int64)
    assert filled(state).bn.num_batches_tracked == 0


def test_keeps_nothing_of_the_callers_tensors(state: dict[str, torch.Tensor]) -> None:
    network = filled(state)
    state["conv.weight"].zero_()
    assert network.conv.weight.abs().sum() > 0
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())


def calls(function: str, argument: bytes) -> bytes:
    """A pickle that calls a function of one argument."""
    return b"\x80\x02c" + function.encode() + argument + b"\x85R."


HOSTILE = {
    "a number made to memory": calls("builtins\nbytearray\n", b"\x8a\x05\x00\x00\x00\x00\x02"),
    "the same by its old name": calls("__builtin__\nbytearray\n", b"\x8a\x05\x00\x00\x00\x00\x02"),
    "bytes made to more bytes": calls("_codecs\nencode\n", b"X\x01\x00\x00\x00a"),
    "a text longer than the file": b"\x80\x02X\xff\xff\xff\x7fa.",
    "a name that is none": calls("no.such\nmodule\n", b"K\x01"),
    "an opcode that is none": b"\x80\x02\xff\xff.",
    "tuples of nothing": b"\x80\x02\x86\x87.",
    "much beside the numbers": b"\x80\x02" + b"]" * 2000 + b".",
}


@pytest.mark.parametrize("as_archive", [False, True])
@pytest.mark.parametrize("content", HOSTILE.values(), ids=HOSTILE.keys())
def test_a_small_file_takes_little_memory_and_ends_in_a_sentence(
    tmp_path: Path, content: bytes, as_archive: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pickles, "_LARGEST_PICKLE_BYTES", 1000)
    file = tmp_path / "w.pth"
    if as_archive:
        with zipfile.ZipFile(file, "w") as archive:
            archive.writestr("w/data.pkl", content)
            archive.writestr("w/version", "3")
    else:
        file.write_bytes(content)
    tracemalloc.start()
    with pytest.raises(WeightsError):
        checkpoint.read(file, "meta")
    assert tracemalloc.get_traced_memory()[1] < 1 << 26
    tracemalloc.stop()


def test_what_is_hidden_behind_an_archive_is_looked_through(
    tmp_path: Path, state: dict[str, torch.Tensor]
) -> None:
    """A pickle with an archive appended: torch reads the pickle, who trusts the end reads the archive."""
    torch.save(state, tmp_path / "inner.pth")
    file = tmp_path / "w.pth"
    file.write_bytes(HOSTILE["a number made to memory"] + (tmp_path / "inner.pth").read_bytes())
    tracemalloc.start()
    with pytest.raises(WeightsError):
        checkpoint.read(file)
    assert tracemalloc.get_traced_memory()[1] < 1 << 26
    tracemalloc.stop()


def test_whatever_a_reader_raises_is_damage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "w.pth").write_bytes(b"\x80\x02N.")

    def fail(path: Path, place: str) -> object:
        raise BufferError("never heard of")

    monkeypatch.setattr(pickles, "read", fail)
    with pytest.raises(WeightsError, match="damaged"):
        checkpoint.read(tmp_path / "w.pth")


def test_a_shortage_of_memory_is_no_fault_of_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "w.pth").write_bytes(b"\x80\x02N.")

    def fail(path: Path, place: str) -> object:
        raise MemoryError

    monkeypatch.setattr(pickles, "read", fail)
    with pytest.raises(MemoryError):
        checkpoint.read(tmp_path / "w.pth")


def test_layers_draw_no_numbers_while_a_network_is_built_and_do_again_even_after_it_failed() -> (
    None
):
    drawn = list[nn.Module]()

    class Drawing(nn.Linear):
        def __init__(self) -> None:
            super().__init__(2, 2, device="cpu")
            drawn.append(self)

    class Broken(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.linear = Drawing()
            raise RuntimeError("broken")

    torch.manual_seed(0)
    before = torch.get_rng_state()
    with pytest.raises(RuntimeError, match="broken"):
        checkpoint.build(Broken)
    assert drawn and torch.equal(torch.get_rng_state(), before)
    Small()
    assert not torch.equal(torch.get_rng_state(), before)


def test_fills_a_part_that_goes_by_two_names_and_buffers(state: dict[str, torch.Tensor]) -> None:
    class Twice(Small):
        def __init__(self) -> None:
            super().__init__()
            self.again = self.conv
            self.register_buffer("table", torch.zeros(2))

    names = {f"again.{name}": state[f"conv.{name}"] for name in ("weight", "bias")}
    network = checkpoint.build(Twice)
    checkpoint.fill(network, state | names | {"table": torch.ones(2)}, "Twice")
    loaded = Twice()
    loaded.load_state_dict(state | names | {"table": torch.ones(2)})
    assert network.state_dict().keys() == loaded.state_dict().keys()
    for name, values in loaded.state_dict().items():
        assert torch.equal(network.state_dict()[name], values), name
    assert not network.training and not any(one.requires_grad for one in network.parameters())
