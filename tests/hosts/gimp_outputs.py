"""Runs in GIMP: puts the subject into each output, one after the other; what has become of the image each time.

args: "ellipse" selects the subject, "place" what of its mask is refined, "folder" for the masks.
"""

# ruff: noqa: F821 - the driver gives Gimp, image, args and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from gimp_call import extract, read

(photo,) = image.get_layers()
said = {}


def look(output):
    """The mask and the selection as levels in files, and how many layers and channels there are."""
    folder = Path(args["folder"])
    mask = photo.get_mask()
    (folder / f"{output}.mask").write_bytes(b"" if mask is None else read(mask, "Y u8"))
    (folder / f"{output}.selection").write_bytes(read(image.get_selection(), "Y u8"))
    return [len(image.get_layers()), len(image.get_channels()), photo.get_visible()]


image.select_ellipse(Gimp.ChannelOps.REPLACE, *args["ellipse"])
for output, place in (
    ("selection", None),
    ("layer-mask", "ellipse"),
    ("refined-mask", "place"),
    ("new-layer", "ellipse"),
):
    if place:
        image.select_ellipse(Gimp.ChannelOps.REPLACE, *args[place])
    said[output] = [extract(image, [photo], output=output), *look(output)]
finish(said)
