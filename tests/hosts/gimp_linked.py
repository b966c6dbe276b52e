"""Runs in GIMP: cuts out a link layer, as it is and as a new layer; what is there after saving and opening again.

args: "photo", the file it links to, and "folder" for the image. Finishes with nothing where this GIMP has no link
layers.
"""

# ruff: noqa: F821 - the driver gives Gimp, Gio, image, args and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from gimp_call import extract, read


def cut_out(output):
    """What is said, and whether the top layer has a mask, the file's pixels, and those it has had."""
    linked = Gimp.LinkLayer.new(image, Gio.File.new_for_path(args["photo"]))
    image.insert_layer(linked, None, 0)
    pixels = read(linked)
    image.select_ellipse(Gimp.ChannelOps.REPLACE, 32, 12, 96, 96)
    said = extract(image, [linked], output=output)
    made = read(image.get_layers()[0])
    file = Gio.File.new_for_path(str(Path(args["folder"]) / f"{output}.xcf"))
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, file, None)
    opened = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file).get_layers()[0]
    kept = read(opened)
    return [said, opened.get_mask() is not None, kept == pixels, kept == made]


outputs = ("layer-mask", "new-layer")
finish({one: cut_out(one) for one in outputs} if hasattr(Gimp, "LinkLayer") else None)
