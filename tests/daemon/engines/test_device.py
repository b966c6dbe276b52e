"""The device of the settings, its name and its memory, on a machine that may have none but a processor."""

from __future__ import annotations

import cv2
import pytest
import torch

from flyaway.engines import device
from flyaway.errors import DeviceError, DeviceLostError


def pretend(monkeypatch: pytest.MonkeyPatch, *kinds: str) -> None:
    """Make these kinds of device available, and no others."""
    monkeypatch.setattr(device, "_is_available", lambda kind: kind == "cpu" or kind in kinds)


def test_the_setting_is_taken() -> None:
    assert device.choose("cpu") == torch.device("cpu")


@pytest.mark.parametrize(
    ("here", "expected"),
    [((), "cpu"), (("mps",), "mps"), (("xpu", "mps"), "xpu"), (("mps", "cuda"), "cuda")],
)
def test_the_best_is_found(
    monkeypatch: pytest.MonkeyPatch, here: tuple[str, ...], expected: str
) -> None:
    pretend(monkeypatch, *here)
    assert device.choose("auto").type == expected


@pytest.mark.parametrize("setting", ["", "gpu", "cuda:first", "cpu:cuda"])
def test_a_kind_that_does_not_exist_is_said(setting: str) -> None:
    with pytest.raises(DeviceError, match="no kind of device"):
        device.choose(setting)


@pytest.mark.parametrize("setting", ["cuda", "cuda:1", "xpu", "mps", "meta"])
def test_a_device_that_is_not_here_is_said(monkeypatch: pytest.MonkeyPatch, setting: str) -> None:
    pretend(monkeypatch)
    with pytest.raises(DeviceError, match="offers 'cpu'"):
        device.choose(setting)


def test_a_card_that_is_not_here_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    pretend(monkeypatch, "cuda")
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert device.choose("cuda:1") == torch.device("cuda:1")
    with pytest.raises(DeviceError, match="'cuda:2' of the settings is not available"):
        device.choose("cuda:2")


def test_a_processor_is_described_with_its_threads() -> None:
    count = torch.get_num_threads()
    words = "1 thread" if count == 1 else f"{count} threads"
    assert device.describe(torch.device("cpu")) == f"CPU ({words})"


def test_a_processor_has_memory() -> None:
    assert device.free_bytes(torch.device("cpu")) > 2**20


def no_memory_of_opencv() -> cv2.error:
    """As OpenCV raises it: the number is an attribute."""
    error = cv2.error("Failed to allocate 99999999999 bytes")
    error.code = -4
    return error


def test_memory_can_be_given_back() -> None:
    device.release()


@pytest.mark.parametrize(
    "fault",
    [
        MemoryError(),
        no_memory_of_opencv(),
        torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 2 GiB"),
        RuntimeError("MPS backend out of memory (MPS allocated: 8 GB)"),
        RuntimeError("[enforce fail] DefaultCPUAllocator: can't allocate memory: you tried"),
    ],
    ids=repr,
)
def test_every_way_to_run_out_of_memory_is_one(fault: Exception) -> None:
    with pytest.raises(DeviceError, match="not enough memory"), device.memory_errors():
        raise fault


def test_a_real_shortage_is_one() -> None:
    with pytest.raises(DeviceError, match="not enough memory"), device.memory_errors():
        torch.empty(2**60, dtype=torch.uint8)


@pytest.mark.parametrize(
    "fault",
    [
        RuntimeError("CUDA error: unspecified launch failure"),
        torch.AcceleratorError("CUDA error: an illegal memory access was encountered"),
    ],
)
def test_a_card_that_fails_is_used_no_more(
    monkeypatch: pytest.MonkeyPatch, fault: Exception
) -> None:
    monkeypatch.setattr(device, "_is_lost", False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 1)
    assert device.choose("auto") == device.choose("cuda") == torch.device("cuda")
    with (
        pytest.raises(DeviceLostError, match="graphics card stopped working"),
        device.memory_errors(),
    ):
        raise fault
    assert device.choose("auto") == device.choose("cuda") == torch.device("cpu")
    device.release()  # asks nothing of the card


def test_other_faults_pass() -> None:
    with pytest.raises(RuntimeError, match="shape"), device.memory_errors():
        raise RuntimeError("wrong shape")
