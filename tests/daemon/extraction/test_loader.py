"""How the daemon loads engines for its keeper."""

from __future__ import annotations

from pathlib import Path

import cv2
import pytest
import torch
from tests.daemon.servers import MadeUpEngine

from flyaway import engines
from flyaway.config import Settings
from flyaway.errors import DeviceError, WeightsError
from flyaway.extraction.loader import EngineLoader
from flyaway.weights.store import Store


@pytest.fixture(autouse=True)
def _threads_as_they_were() -> object:
    before = torch.get_num_threads(), cv2.getNumThreads()
    yield
    torch.set_num_threads(before[0])
    cv2.setNumThreads(before[1])


def test_the_builtin_engine_is_loaded_with_the_threads_of_the_settings() -> None:
    engine = EngineLoader(Settings(device="cpu", threads=1)).load("builtin")
    assert engine.device == "CPU (1 thread)"
    assert torch.get_num_threads() == 1


def test_a_reply_names_the_processor_where_an_engine_cannot_use_the_device(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flyaway.engines.device.choose", lambda setting: torch.device("mps"))
    assert EngineLoader(Settings(threads=1)).load("builtin").device == "CPU (1 thread)"


def test_missing_weights_are_said_with_how_to_get_them(store: Path) -> None:
    with pytest.raises(WeightsError, match="flyaway models download birefnet-lite"):
        EngineLoader(Settings(device="cpu")).load("birefnet-lite")


def test_a_file_that_holds_no_weights_is_not_taken_for_installed(
    store: Path, tmp_path: Path
) -> None:
    record = engines.record("birefnet-lite-2k")
    source = tmp_path / "net.safetensors"
    source.write_bytes(b"no weights")
    file = Store().adopt(record, source)
    assert Store().holds(record)
    with pytest.raises(WeightsError, match="damaged or no weights file"):
        EngineLoader(Settings(device="cpu")).load(record.name)
    assert not Store().holds(record)
    with pytest.raises(WeightsError, match="flyaway models download birefnet-lite-2k"):
        EngineLoader(Settings(device="cpu")).load(record.name)
    assert file.exists()


def test_a_file_for_which_there_is_no_memory_is_not_taken_for_damaged(
    store: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = engines.record("modnet-webcam")
    source = tmp_path / "net.ckpt"
    torch.save({"weight": torch.zeros(1)}, source)
    Store().adopt(record, source)

    def fail(*_: object, **__: object) -> None:
        raise RuntimeError("DefaultCPUAllocator: can't allocate memory")

    monkeypatch.setattr(torch, "load", fail)
    monkeypatch.setattr("flyaway.engines.device.free_bytes", lambda device: 0)
    with pytest.raises(DeviceError, match="not enough memory to load MODNet Webcam"):
        EngineLoader(Settings(device="cpu")).load(record.name)
    assert Store().holds(record)


def test_where_the_device_is_full_the_processor_does_at_the_last_try(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def load(name: str, file: object, device: torch.device, precision: str) -> MadeUpEngine:
        if device.type != "cpu":
            raise torch.OutOfMemoryError("out of memory")
        return MadeUpEngine()

    monkeypatch.setattr(engines, "load", load)
    choose = {"cpu": torch.device("cpu"), "mps": torch.device("mps")}
    monkeypatch.setattr("flyaway.engines.device.choose", choose.get)
    loader = EngineLoader(Settings(device="mps"))
    with pytest.raises(DeviceError):
        loader.load("builtin")
    assert loader.load("builtin", is_last_try=True).is_makeshift
    with pytest.raises(DeviceError):
        EngineLoader(Settings(device="mps", cpu_fallback=False)).load("builtin", is_last_try=True)


def test_a_device_that_is_not_here_is_said() -> None:
    with pytest.raises(DeviceError):
        EngineLoader(Settings(device="meta")).load("builtin")


def test_after_a_card_was_lost_the_processor_works_if_the_settings_allow_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr("flyaway.engines.device._is_lost", True)
    assert EngineLoader(Settings(device="cuda", threads=1)).load("builtin").device.startswith("CPU")
    with pytest.raises(DeviceError, match="graphics card stopped working"):
        EngineLoader(Settings(cpu_fallback=False)).load("builtin")


def test_memory_is_reckoned_by_the_size_of_the_weights() -> None:
    loader = EngineLoader(Settings(device="cpu"))
    weights = engines.record("birefnet-lite").weights
    assert weights is not None
    assert loader.needed_bytes("builtin") == 0
    assert loader.needed_bytes("birefnet-lite") >= weights.bytes
    assert loader.free_bytes() > 2**20
    loader.release()
