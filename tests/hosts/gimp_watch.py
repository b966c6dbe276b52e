"""Runs in GIMP with its window: tells the test what has become of the image each time it asks.

The test gives the signals look-1, look-2, …; each is answered by the note seen-N. Ends with GIMP.
args: "ellipse" and "feather" (0: none) select before the first look.
"""

# ruff: noqa: F821 - the driver gives Gimp, image, args, note and wait_for_signal

import hashlib
import itertools
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from gimp_call import read

PATIENCE_S = 240


def digest(drawable):
    """Its pixels in short."""
    return hashlib.sha256(read(drawable)).hexdigest()


def look():
    """All of the image that the procedure might have changed."""
    (layer,) = image.get_layers()
    mask = layer.get_mask()
    return {
        "mask": mask and digest(mask),
        "pixels": digest(layer),
        "selection": digest(image.get_selection()),
    }


image.select_ellipse(Gimp.ChannelOps.REPLACE, *args["ellipse"])
if args["feather"]:
    Gimp.Selection.feather(image, args["feather"])
Gimp.displays_flush()  # else the Select menu believes that nothing is selected
note("ready")
for count in itertools.count(1):
    wait_for_signal(f"look-{count}", PATIENCE_S)
    note(f"seen-{count}", look())
