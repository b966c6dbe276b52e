"""Runs in Krita: cuts the subject out of layers of other kinds and colour models, twice each, and into a new layer.

args: "file", the photo; "outline", HxW bytes in a file; "folder" for pixels: KIND.mask and KIND.again, the mask after
the first and the second run, KIND.cutout, the new layer's pixels, and of colour models MODEL.shown, the photo's in sRGB.
"""

# ruff: noqa: F821 - the driver gives krita, document, args, until and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import krita_steps as steps

MODELS = (("CMYKA", "U8"), ("LABA", "U16"), ("XYZA", "F32"), ("YCbCrA", "U8"))
WIDTH, HEIGHT = document.width(), document.height()
CANVAS = (0, 0, WIDTH, HEIGHT)
OUTLINE = Path(args["outline"]).read_bytes()


def shape(colour, box):
    left, top, width, height = box
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}px" height="{HEIGHT}px" '
        f'viewBox="0 0 {WIDTH} {HEIGHT}"><rect x="{left}" y="{top}" width="{width}" height="{height}" '
        f'fill="{colour}"/></svg>'
    )


def add(made, node, *, group=None):
    (group or made.rootNode()).addChildNode(node, None)
    return node


def kinds(made, photo):
    """A layer of each kind that shows the photo, or for vectors something like it."""
    group = add(made, made.createGroupLayer("Group"))
    add(made, photo.duplicate(), group=group)
    yield "group", group
    yield "clone", add(made, made.createCloneLayer("Clone", photo))
    yield "file", add(made, made.createFileLayer("File", args["file"], "None"))
    vector = add(made, made.createVectorLayer("Vector"))
    inner = (WIDTH // 4, HEIGHT // 4, WIDTH // 2, HEIGHT // 2)
    vector.addShapesFromSvg(shape("#405060", CANVAS))
    vector.addShapesFromSvg(shape("#e0c080", inner))
    yield "vector", vector


def settled(made):
    made.refreshProjection()
    for _ in range(4):
        made.waitForDone()
        yield steps.a_moment()


def cut_out(made, node, name):
    """Two runs into a mask, and one into a new layer."""
    others = [one for one in made.topLevelNodes() if one.type() != "selectionmask"]
    yield from settled(made)
    yield steps.is_active(made, node)
    said, count = [], len(others)
    for number in ("mask", "again"):
        steps.choose(output="layer-mask", engine="builtin", selection_is="outline")
        steps.extract()
        yield steps.is_idle
        yield from settled(made)
        said.append(steps.status())
        seen = [one for one in steps.masks(node) if one.visible()]
        steps.save(
            args["folder"],
            **{f"{name}.{number}": b"".join(steps.pixels(one, CANVAS) for one in seen)},
        )
        yield steps.is_active(made, node)
    steps.choose(output="new-layer", engine="builtin", selection_is="outline")
    steps.extract()
    yield steps.is_idle
    yield from settled(made)
    said.append(steps.status())
    cutout = next(one for one in made.topLevelNodes() if one.name().endswith("cutout"))
    steps.save(args["folder"], **{f"{name}.cutout": steps.pixels(cutout, CANVAS)})
    return {
        "said": said,
        "masks": len(steps.masks(node)),
        "cutout": [
            cutout.type(),
            cutout.colorModel(),
            cutout.colorDepth(),
            len(steps.masks(cutout)),
        ],
        "layers": len([one for one in made.topLevelNodes() if one.type() != "selectionmask"])
        - count,
        "documents": len(krita.documents()),
        "is visible": node.visible(),
    }


def with_photo():
    """An image with the photo in a layer above its own background."""
    made = steps.new_document(WIDTH, HEIGHT)
    return made, steps.add_layer(made, steps.pixels(document.topLevelNodes()[0], CANVAS), *CANVAS)


def story():
    facts = {}
    for name in ("group", "clone", "file", "vector"):
        made, photo = with_photo()
        yield steps.a_moment()
        node = next(one for kind, one in kinds(made, photo) if kind == name)
        steps.select(made, OUTLINE, *CANVAS)
        facts[name] = yield from cut_out(made, node, name)
        steps.close(made)
        yield steps.a_moment()
    for model, depth in MODELS:
        made, _ = with_photo()
        yield steps.a_moment()
        steps.convert(made, (model, depth, ""))
        photo = next(one for one in made.topLevelNodes() if one.name() == "photo")
        before = steps.pixels(photo, CANVAS)
        steps.save(args["folder"], **{f"{model}.before": before})
        steps.select(made, OUTLINE, *CANVAS)
        facts[model] = yield from cut_out(made, photo, model)
        facts[model]["is_untouched"] = steps.pixels(photo, CANVAS) == before
        steps.convert(made, steps.SRGB)
        steps.save(args["folder"], **{f"{model}.shown": steps.pixels(photo, CANVAS)})
        steps.close(made)
        yield steps.a_moment()
    return facts


steps.play(story(), until, finish)
