"""Runs in Krita: cuts out a layer of each kind, and writes down what went in and came out.

args: "cases", each a dict (see `make`), "photo" and its "size", and "folder" for the pixels: NAME.image,
NAME.selection, NAME.mask.
"""

# ruff: noqa: F821 - the driver gives document, args, until and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import krita_steps as steps

SRGB = ("RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc")


def make(case):
    """Turn the document into an image with the photo in one layer, converted and selected as the case says."""
    document.setSelection(None)
    earlier = document.topLevelNodes()
    steps.convert(document, SRGB)
    document.resizeImage(0, 0, *case["canvas"])
    photo = Path(case.get("photo", args["photo"])).read_bytes()
    steps.add_layer(document, photo, *case["place"], *args["size"])
    yield steps.a_moment()
    for node in earlier:
        node.remove()
    yield steps.a_moment()
    steps.convert(document, case.get("space", SRGB))
    if "selection" in case:
        steps.select(document, Path(case["selection"]).read_bytes(), 0, 0, *case["canvas"])
    # Beside it lies the selection mask, which is what Krita keeps the selection in.
    return next(node for node in document.topLevelNodes() if node.type() == "paintlayer")


def story():
    facts = {}
    for case in args["cases"]:
        layer = yield from make(case)
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
