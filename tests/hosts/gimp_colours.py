"""Runs in GIMP: cuts out of an image of each kind, with each output, and writes down all bits before and after.

args: "cases", each a dict for `gimp_made.make`, and "folder" for the pixels.
"""

# ruff: noqa: F821 - the driver gives Gimp, args and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from gimp_call import extract, read
from gimp_made import make

FOLDER = Path(args["folder"])


def run(case, output):
    """Cut out of one image; what became of its layers."""
    image, layer = make(case)
    before = read(layer)
    sentence = extract(image, [layer], output=output, engine="builtin")
    (top, *_) = image.get_layers()
    name = f"{case['name']}.{output}"
    for kind, content in (
        ("before", before),
        ("after", read(layer)),
        ("top", read(top)),
        ("mask", read(top.get_mask(), case["mask_format"])),
    ):
        (FOLDER / f"{name}.{kind}").write_bytes(content)
    return {"sentence": sentence, "is_copied": top.get_id() != layer.get_id()}


finish(
    {
        case["name"]: {output: run(case, output) for output in ("layer-mask", "new-layer")}
        for case in args["cases"]
    }
)
