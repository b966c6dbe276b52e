"""A missing engine is downloaded in the real GIMP's dialog, from a hub on this machine."""

from __future__ import annotations

from pathlib import Path

from tests.fakes import hub
from tests.hosts.editor import wait_for
from tests.hosts.gimp_host import DIALOG, Gimp
from tests.hosts.hubs import PORTRAIT, PORTRAIT_FILE, download_from
from tests.hosts.pictures import portrait, write_png

HERE = Path(__file__).parent


def test_downloads_a_missing_engine_in_the_dialog(gimp: Gimp, tmp_path: Path) -> None:
    photo = write_png(tmp_path / "photo.png", portrait(160, 120))
    with hub.serve() as fake:
        weights = download_from(fake, gimp)
        with gimp.client() as client:
            client.engines()  # the first time takes a while; in the dialog it then takes none
        running = gimp.start(
            HERE / "gimp_watch.py", document=photo, args={"ellipse": [32, 12, 96, 96], "feather": 0}
        )
        running.note("ready")
        gimp.open_dialog(running, "photo")
        display = running.display
        wait_for(lambda: "hello from 'gimp" in _log(gimp), "the dialog asks for no engines", 30)
        display.screenshot("opened")

        # Again where the menu was not complete yet.
        display.press_until(
            ["alt+e", "space", "Home", "Down", "Down", "Return", "alt+d"],
            lambda: fake.requests,
            "the button does not download",
            patience_s=15,
        )
        wait_for(lambda: "weights-missing" in _log(gimp), "it has not failed", 30)

        fake.files[PORTRAIT_FILE] = b"made up" * 1000
        file = weights / "files" / f"{PORTRAIT}.safetensors"
        # The button may still have said Stop when it was pressed first.
        display.press_until(["alt+d"], file.exists, "the button does not download a second time")
        assert file.read_bytes() == fake.files[PORTRAIT_FILE]
        display.screenshot("downloaded")
        display.key("Escape")
        display.wait_until_gone(DIALOG)


def _log(gimp: Gimp) -> str:
    log = gimp.flyaway_home / "daemon.log"
    return log.read_text("utf-8") if log.exists() else ""
