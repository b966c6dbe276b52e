"""Runs in GIMP: makes an image of each kind, cuts out its layer, and writes down what went in and came out.

args: "cases", each a dict for `gimp_made.make`, and "folder" for the pixels: NAME.image, NAME.selection, NAME.mask.
"""

# ruff: noqa: F821 - the driver gives Gimp, args and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from gimp_call import extract, read
from gimp_made import make

FOLDER = Path(args["folder"])


def run(case):
    """Cut out one image's layer."""
    image, layer = make(case)
    before = read(layer), read(image.get_selection())
    (FOLDER / f"{case['name']}.image").write_bytes(read(layer, f"R'G'B'A {case['depth']}"))
    (FOLDER / f"{case['name']}.selection").write_bytes(read(image.get_selection(), "Y u8"))
    sentence = extract(image, [layer], **case.get("settings", {}))
    if sentence:
        return {"sentence": sentence}
    (top, *_) = image.get_layers()
    (FOLDER / f"{case['name']}.mask").write_bytes(read(top.get_mask(), case["mask_format"]))
    (FOLDER / f"{case['name']}.top").write_bytes(read(top, f"R'G'B'A {case['depth']}"))
    return {
        "sentence": "",
        "layer": [layer.get_width(), layer.get_height()],
        "canvas": [image.get_width(), image.get_height()],
        "is_untouched": before == (read(layer), read(image.get_selection())),
        "layers": [[one.get_visible(), one.get_mask() is not None] for one in image.get_layers()],
    }


finish({case["name"]: run(case) for case in args["cases"]})
