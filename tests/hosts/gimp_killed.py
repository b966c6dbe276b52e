"""Runs in GIMP: long work whose daemon is killed by the test, then short work.

args: "ellipse" and "feather" select for the long work.
"""

# ruff: noqa: F821 - the driver gives Gimp, image, args, note and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from gimp_call import extract

layer = image.get_layers()[0]
image.select_ellipse(Gimp.ChannelOps.REPLACE, *args["ellipse"])
Gimp.Selection.feather(image, args["feather"])
note("ready")
sentence = extract(image, [layer])
is_masked = layer.get_mask() is not None

image.select_rectangle(Gimp.ChannelOps.REPLACE, 10, 10, 20, 20)
next_sentence = extract(image, [layer], **{"selection-is": "outline", "edge-width": 2})
finish({"first": [sentence, is_masked], "second": [next_sentence, layer.get_mask() is not None]})
