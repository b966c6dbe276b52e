"""Runs in Krita: compares the photo with the empty scene in another layer, chosen in the docker.

args: "engine", "empty" and "size" (BGRA pixels in a file, width and height), "folder" for the pixels sent
and the mask.
"""

# ruff: noqa: F821 - the driver gives document, args, note, signalled, until and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import krita_steps as steps

photo = document.topLevelNodes()[0]
rect = [0, 0, *args["size"]]


def refused():
    """What the docker says to a click that starts nothing."""
    steps.button().click()
    assert steps.is_idle(), "it has begun to work"
    return steps.status()


def story():
    said = {}
    yield steps.is_active(document, photo)
    steps.show_only("flyaway", "KisLayerBox")
    said["row before"] = steps.menu("plate").isVisible()
    yield from steps.pick_engine(args["engine"])
    said["row"] = steps.menu("plate").isVisible(), steps.entries("plate")
    said["none"] = refused()

    pixels = Path(args["empty"]).read_bytes()
    width, height = args["size"]
    empty = steps.add_layer(document, pixels, 1, 0, width, height)
    empty.setName("empty")
    yield lambda: document.activeNode() == empty  # as Krita makes it after a while
    yield steps.is_active(document, photo)
    yield from steps.mouse_comes_to_docker()
    said["entries"] = steps.entries("plate")
    said["beside"] = refused()
    empty.setPixelData(pixels, *rect)
    yield steps.is_active(document, empty)
    said["itself"] = refused()

    other = steps.new_document(64, 48)
    yield lambda: "empty" not in steps.entries("plate")
    said["another image"] = steps.entries("plate")
    steps.close(other)
    yield steps.is_active(document, photo)
    yield from steps.mouse_comes_to_docker()
    yield lambda: "empty" in steps.entries("plate")  # once the docker has met the image again
    said["back"] = steps.entries("plate")

    note("chosen")
    yield lambda: signalled("go on")
    steps.button().click()
    yield steps.is_idle
    said["status"] = steps.status()
    (mask,) = steps.masks(photo)
    steps.save(
        args["folder"],
        image=steps.pixels(photo, rect),
        plate=steps.pixels(empty, rect),
        mask=steps.pixels(mask, rect),
    )
    steps.pick("engine", "builtin")
    said["row after"] = steps.menu("plate").isVisible()
    return said


steps.play(story(), until, finish)
