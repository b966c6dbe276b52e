"""Runs in Krita: takes the selection from a layer, from a mask and from a selection that was put aside.

args: "spaces", by name; "photo", raw BGRA; "size" of the canvas; "trimap", raw BGRA of a layer; "place" of that;
"levels", what it comes to over the canvas.
"""

# ruff: noqa: F821 - the driver gives krita, document, args, until and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import krita_steps as steps
from flyaway_krita import host

canvas = (0, 0, *args["size"])
levels = Path(args["levels"]).read_bytes()


def masked(layer, label):
    """The levels of the mask that comes of what has that label, and what the docker then says."""
    yield steps.is_active(document, layer)
    sources = {name: identity for identity, name in host.selection_sources()}
    if label not in sources:
        return None, f"there are only {list(sources)}"
    steps.choose(selection_from=sources[label], engine="builtin")
    steps.extract()
    yield steps.is_idle
    (mask,) = [mask for mask in steps.masks(layer) if mask.visible()]
    return steps.pixels(mask, canvas), steps.status()


def story():
    facts = {}
    for name, space in args["spaces"].items():
        case = {"canvas": args["size"], "place": (0, 0)}
        photo = yield from steps.make_image(document, case, args)
        size = args["place"][2:]
        trimap = steps.add_layer(document, Path(args["trimap"]).read_bytes(), *args["place"])
        trimap.setName("trimap")
        assert size == list(steps.rect_of(trimap))[2:]
        steps.convert(document, tuple(space))
        yield steps.a_moment()
        steps.select(document, levels, *canvas)
        expected, said = yield from masked(photo, "Selection")
        found = {"selection": said}
        krita.action("deselect").trigger()
        yield lambda: document.selection() is None
        for label in ("Layer “trimap”", "Mask “Extracted Foreground”"):
            # An extraction's own mask, painted over, says the same.
            steps.masks(photo)[-1].setPixelData(levels, *canvas)
            content, said = yield from masked(photo, label)
            found[label.split()[0]] = True if content == expected else said
        facts[name] = found
    return facts


steps.play(story(), until, finish)
