"""Runs in GIMP: has the same done twice, the second time after the signal "go on", when the test may kill GIMP.

args: "procedure" and "settings" of a call; where "by_hand", the second time is the user's, at a dialog, until the signal "used",
which "makes_mask" or does not.
Notes "first" with what it came to: what was said, and the mask, or the size of the sheet of a comparison.
"""

# ruff: noqa: F821 - the driver gives Gimp, image, args, note, finish and wait_for_signal

import hashlib
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from gimp_call import COMPARE, call, extract, read


def mask_of(layer):
    """In short; None where there is none."""
    mask = layer.get_mask()
    return None if mask is None else hashlib.sha256(read(mask)).hexdigest()


def compared(copy):
    """The size of the sheet; the words on it say how long it took."""
    said, sheet = call(copy, copy.get_layers(), procedure=COMPARE, **args["settings"])
    if said:
        return [said, None]
    size = [sheet.get_width(), sheet.get_height()]
    sheet.delete()
    return ["", size]


def masked(copy):
    """What is said, and the mask."""
    (layer,) = copy.get_layers()
    return [
        extract(copy, [layer], procedure=args["procedure"], **args["settings"]),
        mask_of(layer),
    ]


def done():
    """What it comes to on a copy: the image stays as it was opened."""
    copy = image.duplicate()
    found = compared(copy) if args["procedure"] == COMPARE else masked(copy)
    copy.delete()
    return found


def done_by_hand():
    """The mask once the user has been at the dialog."""
    (layer,) = image.get_layers()
    before = mask_of(layer)
    wait_for_signal("used")
    while args["makes_mask"] and mask_of(layer) == before:
        time.sleep(0.1)
    return ["", mask_of(layer)]


note("first", done())
wait_for_signal("go on")
finish(done_by_hand() if args["by_hand"] else done())
