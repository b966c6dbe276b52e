"""Runs in GIMP: saves the image with an ellipse selected, then with a mask that it was cut out with.

args: "ellipse" as x, y, width, height, "plain" and "masked" as paths; finishes with what was said.
"""

# ruff: noqa: F821 - the driver gives Gimp, Gio, image, args and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from gimp_call import extract


def save(path):
    Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, image, Gio.File.new_for_path(path), None)


image.select_ellipse(Gimp.ChannelOps.REPLACE, *args["ellipse"])
save(args["plain"])
said = extract(image, image.get_layers())
image.get_layers()[0].set_edit_mask(False)
save(args["masked"])
finish(said)
