"""A missing engine is downloaded in the real Krita's docker, from a hub on this machine, and then used."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.torch import save
from tests.fakes import hub
from tests.hosts.hubs import SMALL, SMALL_FILE, download_from
from tests.hosts.krita_host import Krita
from tests.hosts.krita_watcher import Watcher
from tests.hosts.pictures import portrait, write_png
from tests.parity import random_weights

from flyaway.engines import checkpoint, vitmatte

SIZE = (160, 120)


def made_up_weights() -> bytes:
    """A whole checkpoint of ViTMatte small."""
    network = checkpoint.build(lambda: vitmatte.ViTMatte(*vitmatte.WIDTHS["small"]))
    return save({name: one.contiguous() for name, one in random_weights.fill(network).items()})


def test_downloads_a_missing_engine_in_the_docker_and_uses_it(krita: Krita, tmp_path: Path) -> None:
    photo = write_png(tmp_path / "photo.png", portrait(*SIZE))
    selection = tmp_path / "selection"
    square = np.zeros(SIZE[::-1], np.uint8)
    square[30:90, 50:110] = 255
    selection.write_bytes(square.tobytes())
    with hub.serve() as fake:
        weights = download_from(fake, krita)
        with krita.client() as client:
            client.engines()  # so that the docker finds it running
        watcher = Watcher(krita, photo, selection, docker=True, engine=SMALL)
        seen = watcher.look()["download"]
        assert seen["is_offered"]
        assert seen["button"] == "Download"
        assert "download, 103 MB" in seen["engine"]

        press(watcher, "button")
        watcher.wait_for(lambda seen: "Download it first" in seen["status"], "it is not refused")

        press(watcher, "download")  # the hub has no such file yet
        watcher.wait_for(lambda seen: fake.requests, "the button does not download")
        watcher.wait_for(lambda seen: seen["download"]["button"] == "Download", "it goes on")

        content = fake.files[SMALL_FILE] = made_up_weights()
        fake.stall_after = len(content) // 2
        press(watcher, "download")
        seen = watcher.wait_for(
            lambda seen: (seen["download"]["share"] or 0) > 0.4, "no half of it comes"
        )
        assert seen["download"]["button"] == "Stop download"
        assert seen["download"]["stage"].endswith("…")
        watcher.display.screenshot("downloading")
        press(watcher, "download")
        seen = watcher.wait_for(
            lambda seen: seen["download"]["button"] == "Download", "it cannot be stopped"
        )
        assert seen["download"]["share"] is None
        fake.go_on.set()

        press(watcher, "download")
        seen = watcher.wait_for(
            lambda seen: not seen["download"]["is_offered"], "it is not downloaded after all"
        )
        assert "download" not in seen["download"]["engine"]
        assert fake.requests[-1].rpartition(" ")[2].startswith("bytes=")  # went on where it stopped
        assert (weights / "files" / f"{SMALL}.safetensors").read_bytes() == content

        press(watcher, "button")
        seen = watcher.wait_for(lambda seen: seen["masks"], "it cannot be used")
        assert f"by {SMALL} on" in watcher.wait_for(lambda seen: seen["is_idle"], "")["status"]
        watcher.end()


def press(watcher: Watcher, button: str) -> None:
    """With the mouse."""
    watcher.display.click(*watcher.place()[button])
