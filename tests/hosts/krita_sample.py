"""Runs in Krita: cuts the subject out of the sample photo, for the picture in docs/. Ends with Krita.

args: "selection", HxW bytes in a file; "keep", names of the dockers that stay. Notes "masked" at the end.
"""

# ruff: noqa: F821 - the driver gives krita, document, args, note, until and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import krita_steps as steps


def story():
    layer = document.topLevelNodes()[0]
    layer.setName("Astronaut")
    canvas = (0, 0, document.width(), document.height())
    steps.select(document, Path(args["selection"]).read_bytes(), *canvas)
    steps.show_only(*args["keep"])
    yield steps.is_active(document, layer)
    steps.button().click()
    yield steps.is_idle
    note("masked")
    yield lambda: False


steps.play(story(), until, finish)
