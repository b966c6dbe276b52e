"""Runs in GIMP: has engines compared, on the layer and on a selected rectangle of it, and writes the sheets into files.

args: "folder", "engines". The result is what each call said, the sheets' sizes, and what has become of the image.
"""

# ruff: noqa: F821 - the driver gives Gimp, image, args and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from gimp_call import COMPARE, call, read

FOLDER = Path(args["folder"])
(photo,) = image.get_layers()


def compare(engines):
    """Call the procedure as a script does; the new image, or what it says when it fails."""
    said, sheet = call(image, [photo], procedure=COMPARE, engines=engines)
    return said or sheet


def written(sheet, name):
    """A sheet's pixels into a file; its size."""
    (layer,) = sheet.get_layers()
    (FOLDER / name).write_bytes(read(layer, "R'G'B' u8"))
    size = [sheet.get_width(), sheet.get_height(), layer.get_width(), layer.get_height()]
    sheet.delete()
    return size


image.clean_all()
before = read(photo)
whole = compare(args["engines"])
image.select_rectangle(Gimp.ChannelOps.REPLACE, *args["crop"])
image.clean_all()
crop = compare(args["engines"])
same = read(photo) == before and photo.get_mask() is None and not image.is_dirty()
image.resize(image.get_width() + 50, image.get_height(), 0, 0)
image.select_rectangle(Gimp.ChannelOps.REPLACE, image.get_width() - 40, 10, 20, 20)
beside = compare(args["engines"])
finish(
    {
        "whole": written(whole, "whole"),
        "crop": written(crop, "crop"),
        "beside": beside if isinstance(beside, str) else "an image",
        "same": same,
        "layers": len(image.get_layers()),
    }
)
