"""Runs in GIMP: has masks of images of each kind refined inside a selection without a dialog; what changed where.

args: "cases", each a dict for `gimp_made.make` whose ellipse selects what is refined.
"""

# ruff: noqa: F821 - the driver gives Gimp, Gegl, args and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from gimp_call import REFINE, extract, read
from gimp_made import make


def refine(layer, **settings):
    """What the procedure says, "" when it succeeds."""
    return extract(layer.get_image(), [layer], procedure=REFINE, **settings)


def give_mask(layer):
    """A mask that is white at the left, black at the right, and has every level between."""
    mask = layer.create_mask(Gimp.AddMaskType.BLACK)
    width, height = layer.get_width(), layer.get_height()
    row = b"".join(round(65535 * x / (width - 1)).to_bytes(2, "little") for x in range(width))[::-1]
    mask.get_buffer().set(Gegl.Rectangle.new(0, 0, width, height), "Y u16", row * height)
    mask.get_buffer().flush()
    layer.add_mask(mask)


def changed(before, after, layer):
    """The box around the pixels of a mask that have changed, on the canvas: left, top, right, bottom."""
    width, size = layer.get_width(), len(before) // (layer.get_width() * layer.get_height())
    found = [
        divmod(number // size, width)
        for number in range(0, len(before), size)
        if before[number : number + size] != after[number : number + size]
    ]
    if not found:
        return None
    _, x, y = layer.get_offsets()
    rows, columns = zip(*found, strict=True)
    return [min(columns) + x, min(rows) + y, max(columns) + 1 + x, max(rows) + 1 + y]


def run(case):
    """Refine one mask inside the selection, and where the case says so, put it to other uses."""
    image, layer = make(case)
    give_mask(layer)
    layer.set_edit_mask(False)
    before, pixels = read(layer.get_mask()), read(layer)
    said = [refine(layer)]
    facts = {"changed": changed(before, read(layer.get_mask()), layer)}
    if case["outputs"]:
        said.append(refine(layer, output="new-layer"))
        facts["is_hidden"] = not layer.get_visible()
        said.append(refine(layer, output="cutout", amount=0))
        facts["are_masked"] = [one.get_mask() is not None for one in image.get_layers()]
        Gimp.Selection.none(image)
        said.append(refine(layer, contrast=50.0))
        said.append(refine(layer, output="selection"))
        facts["is_selected"] = not Gimp.Selection.is_empty(image)
    facts["said"] = [sentence for sentence in said if sentence]
    facts["is_untouched"] = read(layer) == pixels and not layer.get_edit_mask()
    facts["channels"] = len(image.get_channels())
    return facts


def refusals(case):
    """What is said where it cannot work."""
    image, layer = make(case)
    said = {"no mask": refine(layer)}
    give_mask(layer)
    Gimp.Selection.none(image)
    said["nothing to do"] = refine(layer)
    said["clips"] = refine(layer, **{"black-clip": 60.0, "white-clip": 40.0})
    layer.set_lock_content(True)
    said["locked"] = refine(layer, contrast=10.0)
    return said


finish(
    {case["name"]: run(case) for case in args["cases"]} | {"refusals": refusals(args["cases"][0])}
)
