"""Runs in Krita: saves the document with a selection, then with a mask that it was cut out with.

args: "selection", HxW bytes in a file, "plain" and "masked" as paths.
"""

# ruff: noqa: F821 - the driver gives document, args, until and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import krita_steps as steps


def save(path):
    document.setBatchmode(True)
    document.waitForDone()
    assert document.saveAs(path)


def story():
    (photo,) = document.topLevelNodes()
    canvas = (0, 0, document.width(), document.height())
    steps.select(document, Path(args["selection"]).read_bytes(), *canvas)
    yield steps.is_active(document, photo)
    save(args["plain"])
    steps.choose(output="layer-mask")
    steps.extract()
    yield lambda: steps.masks(photo)
    yield steps.is_idle
    yield steps.is_active(document, photo)
    save(args["masked"])
    return ""


steps.play(story(), until, finish)
