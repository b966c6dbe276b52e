"""Runs in GIMP with its window: selects in the sample photo, for the pictures in docs/. Ends with GIMP.

args: "selection", HxW bytes in a file. Notes "ready", then "masked" once the layer has a mask.
"""

# ruff: noqa: F821 - the driver gives Gimp, Gegl, image, args and note

import time
from pathlib import Path

whole = Gegl.Rectangle.new(0, 0, image.get_width(), image.get_height())
# GIMP shows no outline of a selection whose pixels were written where nothing was selected before.
image.select_rectangle(Gimp.ChannelOps.REPLACE, 0, 0, whole.width, whole.height)
selection = image.get_selection()
buffer = selection.get_buffer()
buffer.set(whole, "Y u8", Path(args["selection"]).read_bytes())
buffer.flush()
selection.update(0, 0, whole.width, whole.height)
Gimp.displays_flush()
note("ready")
while image.get_layers()[0].get_mask() is None:
    time.sleep(0.1)
note("masked")
while True:
    time.sleep(1)
