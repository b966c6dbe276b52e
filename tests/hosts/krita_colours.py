"""Runs in Krita: cuts out a layer of each kind into a new one with the subject's own colours.

args: as of krita_cases.py; a case's "gain" multiplies the samples, which then go beyond 1. Pixels go to NAME.before
and NAME.after, of the photo's layer, NAME.cutout and NAME.mask, of the new one.
"""

# ruff: noqa: F821 - the driver gives document, args, until and finish

import array
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import krita_steps as steps


def story():
    said = {}
    for case in args["cases"]:
        layer = yield from steps.make_image(document, case, args)
        rect = [*case["place"], *args["size"]]
        if "gain" in case:
            samples = array.array("f", steps.pixels(layer, rect))
            layer.setPixelData(
                array.array("f", [case["gain"] * one for one in samples]).tobytes(), *rect
            )
        yield steps.is_active(document, layer)
        before = steps.pixels(layer, rect)
        steps.choose(output="new-layer")
        steps.extract()
        yield steps.is_idle
        name, *cutouts = (
            case["name"],
            *(node for node in document.topLevelNodes() if node.name().endswith("cutout")),
        )
        said[name] = steps.status()
        (mask,) = steps.masks(cutouts[0])
        steps.save(
            args["folder"],
            **{
                f"{name}.before": before,
                f"{name}.after": steps.pixels(layer, rect),
                f"{name}.cutout": steps.pixels(cutouts[0], rect),
                f"{name}.mask": steps.pixels(mask, rect),
            },
        )
    return said


steps.play(story(), until, finish)
