"""Runs in GIMP: has the same done twice, the second time after the signal "go on", when the test may kill GIMP.

args: "procedure" and "settings" of a call; where "by_hand", the second time is the user's, at the dialog.
Notes "first" with what it came to: what was said, and the mask.
"""

# ruff: noqa: F821 - the driver gives Gimp, image, args, note, finish and wait_for_signal

import hashlib
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from gimp_call import extract, read


def mask_of(layer):
    """In short; None where there is none."""
    mask = layer.get_mask()
    return None if mask is None else hashlib.sha256(read(mask)).hexdigest()


def done():
    """What is said, and the mask, of a copy: the image stays as it was opened."""
    copy = image.duplicate()
    (layer,) = copy.get_layers()
    said = extract(copy, [layer], procedure=args["procedure"], **args["settings"])
    found = mask_of(layer)
    copy.delete()
    return [said, found]


def done_by_hand():
    """The mask once the user has made one."""
    (layer,) = image.get_layers()
    before = mask_of(layer)
    while mask_of(layer) == before:
        time.sleep(0.1)
    return ["", mask_of(layer)]


note("first", done())
wait_for_signal("go on")
finish(done_by_hand() if args["by_hand"] else done())
