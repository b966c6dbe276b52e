"""An engine that needs a plate really runs in each Krita, with made-up weights; the docker asks for its layer."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tests.hosts.hubs import bring_weights
from tests.hosts.krita_host import Krita
from tests.hosts.pictures import ground, portrait, write_png
from tests.parity import random_weights
from torch import Tensor

from flyaway.engines import checkpoint
from flyaway.engines.backgroundmattingv2.network import BackgroundMattingV2
from flyaway_client.client import new_request_id
from flyaway_client.messages import ExtractRequest, ImageHeader

HERE = Path(__file__).parent
SIZE = (160, 120)
BACKBONE = "mobilenetv2"
ENGINE = f"backgroundmattingv2-{BACKBONE}"


def made_up_weights() -> dict[str, Tensor]:
    """A whole checkpoint whose network finds some subject in nearly everything."""
    tensors = random_weights.fill(checkpoint.build(lambda: BackgroundMattingV2(BACKBONE)))
    for name in ("decoder.conv4.bias", "refiner.conv4.bias"):
        tensors[name] = tensors[name].clone()
        tensors[name][0] += 0.6  # alpha is the first of its channels
    return tensors


def test_compares_with_the_layer_of_the_empty_scene(krita: Krita, tmp_path: Path) -> None:
    bring_weights(krita, ENGINE, made_up_weights())
    with krita.client() as client:
        client.engines()  # so that the docker finds it running
    photo = write_png(tmp_path / "photo.png", portrait(*SIZE))
    empty = tmp_path / "empty"
    opaque = np.full((SIZE[1], SIZE[0], 1), 255, np.uint8)
    empty.write_bytes(np.dstack([ground(*SIZE)[..., ::-1], opaque]).tobytes())
    args = {"engine": ENGINE, "empty": str(empty), "size": SIZE, "folder": str(tmp_path)}
    running = krita.start(HERE / "krita_plates.py", document=photo, args=args, seconds=150)
    running.note("chosen", 120)
    running.display.screenshot("chosen")
    running.signal("go on")
    said = running.result(120)

    assert not said["row before"]
    assert said["row"] == [True, ["No other paint layer"]]
    assert "has no other paint layer" in said["none"]
    assert said["entries"] == ["empty"]
    assert "“empty” does not cover all of the layer" in said["beside"]
    assert "“empty” is the layer to cut out of" in said["itself"]
    assert "empty" not in said["another image"]
    assert said["back"] == ["empty"]
    assert said["status"].startswith("Done in"), said["status"]
    assert "Background Matting V2 MobileNetV2" in said["status"]
    assert not said["row after"]

    header = ImageHeader(*SIZE, "bgra", "u8")
    request = ExtractRequest(new_request_id(), header, plate=header, engine=ENGINE)
    parts = {name: (tmp_path / name).read_bytes() for name in ("image", "plate")}
    with krita.client() as client:
        alpha = client.extract(request, parts).alpha
    assert parts["image"] != parts["plate"] == empty.read_bytes()
    assert (tmp_path / "mask").read_bytes() == bytes(alpha)
    assert len(set(alpha)) > 10
