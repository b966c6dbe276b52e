"""Checkpoint files: every published form is read, nothing in one is ever run, loading is strict."""

from __future__ import annotations

import os
import pickle
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file
from torch import nn

from flyaway.engines import checkpoint
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
    checkpoint.fill(network, tensors, "Small", torch.device("cpu"))
    return network


def test_reads_safetensors_whatever_the_file_is_called(tmp_path: Path, state) -> None:
    save_file(state, tmp_path / "blob")
    assert torch.equal(checkpoint.read(tmp_path / "blob")["conv.weight"], state["conv.weight"])


def test_widens_half_precision_to_float32(tmp_path: Path, state) -> None:
    halves = {name: t.half() if t.is_floating_point() else t for name, t in state.items()}
    save_file(halves, tmp_path / "model.safetensors")
    weight = filled(checkpoint.read(tmp_path / "model.safetensors")).conv.weight
    assert weight.dtype == torch.float32
    assert torch.equal(weight, state["conv.weight"].half().float())


@pytest.mark.parametrize("prefix", ["", "module.", "_orig_mod.", "module._orig_mod."])
@pytest.mark.parametrize("wrapper", [None, "state_dict", "model_state_dict", "model"])
@pytest.mark.parametrize("is_zip", [True, False])
def test_reads_pickles_of_every_wrapping(tmp_path: Path, state, prefix, wrapper, is_zip) -> None:
    content: object = {prefix + name: values for name, values in state.items()}
    content = {wrapper: content, "epoch": 3} if wrapper else content
    torch.save(content, tmp_path / "w.pth", _use_new_zipfile_serialization=is_zip)
    tensors = checkpoint.read(tmp_path / "w.pth")
    assert tensors.keys() == state.keys()
    assert torch.equal(filled(tensors).bn.weight, state["bn.weight"])


class Hostile:
    """Makes a folder when it is unpickled."""

    def __init__(self, mark: Path) -> None:
        self.mark = mark

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return os.mkdir, (str(self.mark),)


@pytest.mark.parametrize("how", ["torch", "torch legacy", "pickle", "beside tensors"])
def test_runs_nothing_of_a_hostile_pickle(tmp_path: Path, state, how: str) -> None:
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
def test_a_cut_file_is_damaged(tmp_path: Path, state, kind: str) -> None:
    file = tmp_path / f"w.{kind}"
    save_file(state, file) if kind == "safetensors" else torch.save(state, file)
    file.write_bytes(file.read_bytes()[:-40])
    with pytest.raises(WeightsError, match="damaged"):
        checkpoint.read(file)


@pytest.mark.parametrize("content", [b"", b"<html>404</html>", b"\0" * 64, os.urandom(200)])
def test_a_file_of_another_kind_is_no_weights_file(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "w.pth").write_bytes(content)
    with pytest.raises(WeightsError):
        checkpoint.read(tmp_path / "w.pth")


def test_says_what_to_do_about_a_missing_file(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="flyaway models download"):
        checkpoint.read(tmp_path / "none.pth")


def test_a_checkpoint_without_tensors_is_refused() -> None:
    with pytest.raises(WeightsError, match="no tensors"):
        checkpoint.plain({})
    with pytest.raises(WeightsError, match="'epoch'"):
        checkpoint.plain({"epoch": 3})


def test_names_a_missing_tensor(state) -> None:
    del state["conv.bias"]
    with pytest.raises(WeightsError, match=r"lacks conv\.bias"):
        filled(state)


def test_names_a_surplus_tensor(state) -> None:
    with pytest.raises(WeightsError, match=r"has head\.weight"):
        filled({**state, "head.weight": torch.zeros(1)})


def test_names_a_misshapen_tensor_and_both_shapes(state) -> None:
    with pytest.raises(
        WeightsError, match=r"conv\.weight \(\(5, 3, 1, 1\) instead of \(4, 3, 1, 1\)\)"
    ):
        filled({**state, "conv.weight": torch.zeros(5, 3, 1, 1)})


def test_names_a_tensor_of_another_type(state) -> None:
    with pytest.raises(WeightsError, match=r"bn\.bias \(torch\.int64\)"):
        filled({**state, "bn.bias": torch.zeros(4, dtype=torch.int64)})


def test_integer_buffers_may_be_there_or_not(state) -> None:
    del state["bn.num_batches_tracked"]
    state["attn.relative_position_index"] = torch.zeros(9, dtype=torch.int64)
    assert filled(state).bn.num_batches_tracked == 0


def test_keeps_nothing_of_the_callers_tensors(state) -> None:
    network = filled(state)
    state["conv.weight"].zero_()
    assert network.conv.weight.abs().sum() > 0
    assert not network.training
    assert not any(parameter.requires_grad for parameter in network.parameters())
