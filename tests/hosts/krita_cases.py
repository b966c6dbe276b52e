"""Runs in Krita: cuts out a layer of each kind, and writes down what went in and came out.

args: "cases", each a dict (see `steps.make_image`), "photo" and its "size", and "folder" for the pixels: NAME.image,
NAME.selection, NAME.mask.
"""

# ruff: noqa: F821 - the driver gives document, args, until and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import krita_steps as steps


def story():
    facts = {}
    for case in args["cases"]:
        layer = yield from steps.make_image(document, case, args)
        yield steps.is_active(document, layer)
        steps.choose(**case.get("settings", {}))
        rect = [*case["place"], *args["size"]]
        yield from steps.all_is_noted(document)
        before = steps.history()
        image, selection = steps.pixels(layer, rect), steps.selected(document)
        steps.extract()
        yield steps.is_idle
        yield steps.is_noted(document, before)
        name = case["name"]
        facts[name] = {
            "status": steps.status(),
            "bounds": steps.rect_of(layer),
            "masks": [mask.name() for mask in steps.masks(layer)],
            "space": [layer.colorModel(), layer.colorDepth(), layer.colorProfile()],
            "is_untouched": image == steps.pixels(layer, rect)
            and selection == steps.selected(document),
        }
        mask = b"".join(steps.pixels(mask, rect) for mask in steps.masks(layer))
        steps.save(
            args["folder"],
            **{f"{name}.image": image, f"{name}.selection": selection, f"{name}.mask": mask},
        )
        yield from steps.undo(document)
        yield lambda layer=layer: not steps.masks(layer)
        facts[name]["masks after undo"] = len(steps.masks(layer))
        yield from steps.redo(document)
        yield lambda layer=layer: steps.masks(layer)
        redone = b"".join(steps.pixels(mask, rect) for mask in steps.masks(layer))
        facts[name]["is_redone"] = redone == mask
        facts[name]["documents"] = len(krita.documents())
    return facts


steps.play(story(), until, finish)
