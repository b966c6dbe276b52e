"""recognition: a weights file finds its engine, or a sentence says why not."""

from __future__ import annotations

import dataclasses
import hashlib
from pathlib import Path

import pytest
import torch
from safetensors.torch import save_file

from flyaway import engines
from flyaway.engines import birefnet, checkpoint
from flyaway.engines.backgroundmattingv2.network import BackgroundMattingV2
from flyaway.engines.birefnet.network import LARGE, LITE, Backbone, BiRefNet
from flyaway.engines.modnet.network import MODNet
from flyaway.engines.vitmatte import hub_name
from flyaway.engines.vitmatte.network import ViTMatte
from flyaway.errors import UnknownEngineError, WeightsError
from flyaway.weights.recognition import recognise

Tensors = dict[str, torch.Tensor]


@pytest.fixture(scope="module")
def modnet() -> Tensors:
    return MODNet().state_dict()


@pytest.fixture(scope="module")
def vitmatte() -> Tensors:
    """A ViTMatte under the hub's names."""
    state = ViTMatte(384, 6).state_dict()
    return {hub_name(name): values.half() for name, values in state.items()}


def outline(backbone: Backbone) -> Tensors:
    """The tensors of a BiRefNet without their memory: each is one number seen many times."""
    network = checkpoint.build(lambda: BiRefNet(backbone))
    return {
        name: torch.zeros((), dtype=values.dtype).expand(values.shape)
        for name, values in network.state_dict().items()
    }


@pytest.fixture(scope="module")
def lite() -> Tensors:
    return outline(LITE)


def test_published_file_is_known_by_its_hash_alone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "renamed"
    path.write_bytes(b"what was published")
    sha256 = hashlib.sha256(path.read_bytes()).hexdigest()
    known = engines.record("birefnet-lite")
    assert known.weights
    weights = dataclasses.replace(known.weights, sha256=sha256)
    changed = dataclasses.replace(known, weights=weights)
    others = [record for record in birefnet.RECORDS if record != known]
    monkeypatch.setattr(birefnet, "RECORDS", (*others, changed))

    assert recognise(path) is changed
    assert recognise(path, "birefnet-lite") is changed


def test_network_is_known_by_the_names_and_shapes_of_its_tensors(tmp_path: Path) -> None:
    path = tmp_path / "some file.pth"
    torch.save(BackgroundMattingV2("mobilenetv2").state_dict(), path)

    assert recognise(path).name == "backgroundmattingv2-mobilenetv2"


def test_header_of_safetensors_says_enough(
    vitmatte: Tensors, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "ViTMatte_S_DIS.safetensors"
    save_file(vitmatte, path)
    monkeypatch.setattr("flyaway.engines.checkpoint.torch.load", None)  # reads pickles

    assert recognise(path).name == "vitmatte-small-distinctions-646"


@pytest.mark.parametrize(
    ("name", "engine"),
    [
        ("BiRefNet_lite-matting/model.pth", "birefnet-lite-matting"),
        ("BiRefNet_lite/model.pth", "birefnet-lite"),
        ("BiRefNet_lite-general-2K-epoch_232.pth", "birefnet-lite-2k"),
        ("BiRefNet-general-bb_swin_v1_tiny-epoch_232.pth", "birefnet-lite"),
        ("birefnet lite 2k (copy).pth", "birefnet-lite-2k"),
        ("birefnet-lite-matting/birefnet-lite.pth", "birefnet-lite"),
        ("models--ZhengPeng7--BiRefNet_lite-2K/snapshots/67d658f/model.pth", "birefnet-lite-2k"),
    ],
)
def test_among_networks_built_alike_the_name_of_file_or_folder_decides(
    name: str, engine: str, lite: Tensors, tmp_path: Path
) -> None:
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    torch.save(lite, path)

    assert recognise(path).name == engine


@pytest.mark.parametrize(
    "name", ["pytorch_model.bin", "net.pth", "modnet.ckpt", "modnet-webcam modnet-photographic.pt"]
)
def test_file_that_may_be_for_several_is_to_be_named(
    name: str, modnet: Tensors, tmp_path: Path
) -> None:
    path = tmp_path / name
    torch.save(modnet, path)

    with pytest.raises(WeightsError, match=r"modnet-photographic, modnet-webcam\. .* --as"):
        recognise(path)
    assert recognise(path, "modnet-webcam").name == "modnet-webcam"


@pytest.mark.parametrize("folder", ["BiRefNet", "models--ZhengPeng7--BiRefNet"])
def test_repository_with_the_shortest_name_is_known_by_all_of_it(
    folder: str, tmp_path: Path
) -> None:
    path = tmp_path / folder / "model.pth"
    path.parent.mkdir()
    torch.save(outline(LARGE), path)

    assert recognise(path).name == "birefnet-general"


def test_name_that_only_begins_like_a_repository_names_nothing(tmp_path: Path) -> None:
    path = tmp_path / "BiRefNet-COD" / "model.pth"
    path.parent.mkdir()
    torch.save(outline(LARGE), path)

    with pytest.raises(WeightsError, match=r"birefnet-general, .*birefnet-512"):
        recognise(path)


def test_tensors_of_another_network_are_for_none(tmp_path: Path) -> None:
    path = tmp_path / "other.safetensors"
    save_file({"layer.weight": torch.zeros(2, 2)}, path)

    with pytest.raises(WeightsError, match="for none of the engines"):
        recognise(path)


def test_file_for_another_engine_than_was_said_is_refused_with_its_tensors(
    modnet: Tensors, tmp_path: Path
) -> None:
    path = tmp_path / "net.pth"
    torch.save(modnet, path)

    with pytest.raises(WeightsError, match=r"not for ViTMatte.* lacks .*pos_embed"):
        recognise(path, "vitmatte-small-composition-1k")


def test_engine_that_nobody_knows_is_refused(tmp_path: Path) -> None:
    with pytest.raises(UnknownEngineError, match="no engine called 'none-such'"):
        recognise(tmp_path, "none-such")


def test_engine_without_weights_takes_none(modnet: Tensors, tmp_path: Path) -> None:
    path = tmp_path / "net.pth"
    torch.save(modnet, path)

    with pytest.raises(WeightsError, match="for none of the engines"):
        recognise(path, "builtin")


def test_file_that_cannot_be_read_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(WeightsError, match="cannot be read: Is a directory"):
        recognise(tmp_path)


@pytest.mark.parametrize(
    "shortage", [MemoryError(), RuntimeError("DefaultCPUAllocator: can't allocate memory")]
)
def test_file_that_no_memory_holds_is_a_sentence(
    shortage: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "net.pth"
    path.write_bytes(b"\x80\x02N.")

    def fail(*_: object) -> None:
        raise shortage

    monkeypatch.setattr(checkpoint, "read", fail)
    with pytest.raises(WeightsError, match="more memory than there is"):
        recognise(path)
