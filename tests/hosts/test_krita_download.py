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

from flyaway.engines import checkpoint
from flyaway.engines.vitmatte import WIDTHS
from flyaway.engines.vitmatte.network import ViTMatte

SIZE = (160, 120)


def made_up_weights() -> bytes:
    """A whole checkpoint of ViTMatte small."""
    network = checkpoint.build(lambda: ViTMatte(*WIDTHS["small"]))
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
        assert seen["button"].startswith("Download (")
        assert "download, 103 MB" in seen["engine"]

        watcher.press(
            "button", lambda seen: "Download it first" in seen["status"], "it is not refused"
        )
        start_download(watcher, fake)  # the hub has no such file yet
        watcher.wait_for(lambda _: fake.requests, "the button does not download")
        watcher.wait_for(
            lambda seen: seen["download"]["button"].startswith("Download ("),
            "it goes on",
        )

        content = fake.files[SMALL_FILE] = made_up_weights()
        fake.stall_after = len(content) // 2
        start_download(watcher, fake)
        seen = watcher.wait_for(
            lambda seen: (seen["download"]["share"] or 0) > 0.4, "no half of it comes"
        )
        assert seen["download"]["button"] == "Stop download"
        assert seen["download"]["stage"].endswith("…")
        watcher.display.screenshot("downloading")
        seen = watcher.press(
            "download",
            lambda seen: seen["download"]["button"].startswith("Download ("),
            "it cannot be stopped",
        )
        assert seen["download"]["share"] is None
        fake.go_on.set()

        start_download(watcher, fake)
        seen = watcher.wait_for(
            lambda seen: not seen["download"]["is_offered"], "it is not downloaded after all"
        )
        assert "download" not in seen["download"]["engine"]
        assert fake.requests[-1].rpartition(" ")[2].startswith("bytes=")  # went on where it stopped
        assert (weights / "files" / f"{SMALL}.safetensors").read_bytes() == content

        watcher.press(
            "button", lambda seen: not seen["is_idle"] or seen["masks"], "it does not start"
        )
        watcher.wait_for(lambda seen: seen["masks"], "it cannot be used")
        assert "ViTMatte Small" in watcher.wait_for(lambda seen: seen["is_idle"], "")["status"]
        watcher.end()


def start_download(watcher: Watcher, fake: hub.Hub) -> None:
    """Click Download; one that has failed before it could be seen has asked the hub."""
    earlier = len(fake.requests)
    watcher.press(
        "download",
        lambda seen: seen["download"]["button"] == "Stop download" or len(fake.requests) > earlier,
        "the button starts no download",
    )
