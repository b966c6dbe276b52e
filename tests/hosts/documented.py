"""Takes the pictures of the real editors that docs/ shows; `scripts/pictures` runs it.

All show docs/samples/astronaut.png. Look at them before they are committed.
"""

from __future__ import annotations

import argparse
import os
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TypeVar

from PIL import Image
from tests.hosts.editor import Editor
from tests.hosts.gimp_host import DIALOG, REFINE_DIALOG, Gimp
from tests.hosts.homes import used_home
from tests.hosts.krita_host import Krita
from tests.hosts.roots import REPOSITORY, Installation
from tests.hosts.running import Running, wait_for

E = TypeVar("E", bound=Editor)

HERE = Path(__file__).parent
DOCS = REPOSITORY / "docs"
PHOTO = DOCS / "samples" / "astronaut.png"
SUITE = "trixie"
COLOURS = 256
"""A palette makes the files a third as large, and nobody sees it."""

ROUNDS = 3

AWAY = ("640", "770")
"""Where the mouse raises no tooltip."""

BELOW_THE_FACE = ("5", "380")
"""Where the dialog hides neither that nor the layers."""

MESSAGE_S = "6"
"""How long Krita shows a sentence over the canvas."""

OVER_THE_HAIR = ((-70, -295), (-115, -265), (-130, -225), (-125, -185), (-105, -165))
BESIDE_THE_SHOULDER = ((160, -5), (170, 40), (210, 30), (255, 15))
"""From the middle of Krita's canvas: along the left of the sample's hair, and over what was left of the scene."""

IN_REFINE = (177, 136)
"""Where the sample begins on the screen, in GIMP's Refine Edge; and strokes on it, the brush so many steps wider."""
GIMP_HAIR = ((224, 22), (180, 42), (160, 72), (160, 108), (174, 136))
GIMP_SCENE = ((392, 330), (398, 300), (430, 284), (470, 280))
WIDER = 6

DOWN_TO_PORTRAIT = 2
"""How far below the first entry of GIMP's menu the job is for which the built-in engine is none: portraits."""


def gimp_dialog(folder: Path) -> Path:
    """The dialog with an engine that is still to be downloaded."""
    with _sample_in_gimp(folder) as (gimp, running):
        with gimp.client() as client:
            client.engines()  # so that the dialog's menu is complete at once
        display = running.display
        gimp.open_dialog(running, "astronaut")
        display.key("alt+e", "space", "Home", *["Down"] * DOWN_TO_PORTRAIT, "Return")
        display.xdotool("windowmove", display.wait_for_window(DIALOG), *BELOW_THE_FACE)
        log = gimp.flyaway_home / "daemon.log"
        wait_for(lambda: "selection of" in log.read_text("utf-8"), "it describes nothing", 60)
        return _settled(gimp, "dialog")


def gimp_german(folder: Path) -> Path:
    """The dialog in another language; GIMP's own words stay English in the editors of scripts/hosts."""
    with _sample_in_gimp(folder, "de") as (gimp, running):
        with gimp.client() as client:
            client.engines()
        display = running.display
        gimp.search_action(running, "hintergrund in eine maske")
        dialog = display.wait_for_window("Flyaway: Vordergrund freistellen")
        display.activate(dialog)
        display.xdotool("windowmove", dialog, *BELOW_THE_FACE)
        log = gimp.flyaway_home / "daemon.log"
        wait_for(lambda: "selection of" in log.read_text("utf-8"), "it describes nothing", 60)
        return _settled(gimp, "german")


def gimp_result(folder: Path) -> Path:
    """The mask in the layer, and what the status bar says."""
    with _sample_in_gimp(folder) as (gimp, running):
        gimp.open_dialog(running, "astronaut")
        running.display.key("Return")
        running.note("masked")
        return _settled(gimp, "result")


def gimp_refine(folder: Path) -> Path:
    """Refine Edge, and two strokes that were solved."""
    with _sample_in_gimp(folder) as (gimp, running):
        display = running.display
        gimp.open_dialog(running, "astronaut")
        display.key("Return")
        running.note("masked")
        gimp.open_dialog(running, "astronaut", REFINE_DIALOG)
        _settled(gimp, "refine")
        display.key(*["bracketright"] * WIDER)
        x, y = IN_REFINE
        log = gimp.flyaway_home / "daemon.log"
        for count, (tool, path) in enumerate((("h", GIMP_HAIR), ("r", GIMP_SCENE)), 1):
            display.key(tool)
            display.drag([(x + one, y + other) for one, other in path])
            wait_for(partial(_has_patches, log, count), "nothing was refined", 60)
        display.key("alt+d")  # Adjustments
        return _settled(gimp, "refine")


def krita_docker(folder: Path) -> Path:
    """The docker after an extraction, and the mask below the layer."""
    krita = _started(Krita, folder)
    try:
        args = _outline(folder) | {"keep": ["flyaway", "KisLayerBox", "ToolBox"]}
        krita.start(HERE / "krita_sample.py", document=PHOTO, args=args).note("masked")
        return _settled(krita, "docker")
    finally:
        krita.close()


def krita_refine(folder: Path) -> Path:
    """The retouchers' docker, and a stroke over the hair that was solved."""
    krita = _started(Krita, folder)
    try:
        args = _outline(folder) | {"folder": str(folder)}
        running = krita.start(HERE / "krita_retouch.py", document=PHOTO, args=args, seconds=120)
        places, display = running.note("ready", 90), running.display
        display.activate(display.wait_for_window("Krita"))
        x, y = places["canvas"]
        log = krita.flyaway_home / "daemon.log"
        for count, (brush, path) in enumerate(
            (("find hair", OVER_THE_HAIR), ("remove", BESIDE_THE_SHOULDER)), 1
        ):
            display.click(*places[brush])
            _settled(krita, "brush")
            display.drag([(x + one, y + other) for one, other in path])
            wait_for(partial(_has_patches, log, count), "nothing was refined", 60)
        display.xdotool("sleep", MESSAGE_S)  # until what the extraction said has gone
        return _settled(krita, "refine")
    finally:
        krita.close()


def _has_patches(log: Path, count: int) -> bool:
    return log.read_text("utf-8").count(": patch of") == count


def _outline(folder: Path) -> dict[str, str]:
    """The sample's outline as raw bytes in a file, for the editor's script."""
    selection = folder / "selection"
    selection.write_bytes(Image.open(PHOTO.with_name("outline.png")).convert("L").tobytes())
    return {"selection": str(selection)}


def _settled(editor: Editor, name: str) -> Path:
    """A picture of the screen once it no longer changes."""
    display = editor.display
    display.xdotool("mousemove", *AWAY)
    before = b""

    def is_settled() -> bool:
        nonlocal before
        last, before = before, display.screenshot(name).read_bytes()
        return last == before

    wait_for(is_settled, "the screen goes on changing", 60)
    return display.screenshot(name)


PICTURES: dict[str, Callable[[Path], Path]] = {
    "gimp-dialog": gimp_dialog,
    "gimp-german": gimp_german,
    "gimp-refine": gimp_refine,
    "gimp-result": gimp_result,
    "krita-docker": krita_docker,
    "krita-refine": krita_refine,
}


@contextmanager
def _sample_in_gimp(folder: Path, language: str = "") -> Iterator[tuple[Gimp, Running]]:
    """GIMP with the sample's outline selected, its layers in sight."""
    gimp = _started(Gimp, folder)
    gimp.language = language
    try:
        running = gimp.start(HERE / "gimp_sample.py", document=PHOTO, args=_outline(folder))
        running.note("ready")
        running.display.activate(running.display.wait_for_window("astronaut"))
        running.display.key("ctrl+l")
        yield gimp, running
    finally:
        gimp.close()


def _started(kind: type[E], folder: Path) -> E:
    """An editor with the plugin in it; clients of this process are to meet its daemon."""
    installation = Installation(kind.__name__.lower(), SUITE)
    if reason := installation.missing():
        raise SystemExit(reason)
    editor = kind(installation, folder, used_home(kind, installation))
    editor.install_plugin()
    os.environ["FLYAWAY_HOME"] = str(editor.flyaway_home)
    return editor


def main() -> None:
    """Take the pictures and put them into docs/."""
    parser = argparse.ArgumentParser(prog="scripts/pictures", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", choices=[[], *PICTURES])
    for name in parser.parse_args().names or PICTURES:
        with tempfile.TemporaryDirectory(prefix="flyaway-") as folder:
            picture = Image.open(PICTURES[name](Path(folder))).convert("RGB")
        # Rounds of k-means keep small spots of their own colour, such as a brush's.
        small = picture.quantize(COLOURS, kmeans=ROUNDS, dither=Image.Dither.NONE)
        small.save(DOCS / f"{name}.png", optimize=True)


if __name__ == "__main__":
    main()
