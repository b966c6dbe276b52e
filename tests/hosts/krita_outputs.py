"""Runs in Krita: puts the subject into each output, one after the other; what has become of the image each time.

args: "subject", a selection as HxW bytes in a file; "folder" for the pixels.
"""

# ruff: noqa: F821 - the driver gives document, args, until and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import krita_steps as steps

photo = document.topLevelNodes()[0]
canvas = (0, 0, document.width(), document.height())


def seen_mask():
    """The one mask of the photo that is seen, as levels; no bytes where there is none."""
    seen = [mask for mask in steps.masks(photo) if mask.visible()]
    assert len(seen) < 2
    return steps.pixels(seen[0], canvas) if seen else b""


def story():
    facts = {}
    steps.show_only("flyaway", "KisLayerBox")
    for output in ("selection", "layer-mask", "new-layer"):
        steps.select(document, Path(args["subject"]).read_bytes(), *canvas)
        yield steps.is_active(document, photo)
        before = steps.pixels(photo, canvas)
        steps.choose(output=output)
        steps.extract()
        yield steps.is_idle
        layers = [node for node in document.topLevelNodes() if node.type() == "paintlayer"]
        facts[output] = {
            "status": steps.status(),
            "layers": [[node.name(), node.visible()] for node in layers],
            "is_untouched": steps.pixels(photo, canvas) == before,
        }
        steps.save(
            args["folder"],
            **{f"{output}.mask": seen_mask(), f"{output}.selection": steps.selected(document)},
        )
    facts["under the new mask"] = len(steps.masks(layers[-1]))
    return facts


steps.play(story(), until, finish)
