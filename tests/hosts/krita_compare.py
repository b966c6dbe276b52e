"""Runs in Krita: opens Compare Engines, waits for the test to look, presses Compare, and tells of the document that opens.

args: "folder", "crop" (x, y, width, height). Notes "listed" when the engines are there; signal "go" presses the button; "shown" when the
sheet is open; signal "end" ends it.
"""

# ruff: noqa: F821 - the driver gives krita, document, args, note, signalled, until and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import krita_steps as steps
from PyQt5 import QtWidgets

from krita import Selection

FOLDER = Path(args["folder"])
photo = document.topLevelNodes()[0]
canvas = (0, 0, document.width(), document.height())


def window():
    return steps.window("flyaway_compare")


def boxes():
    found = window().findChildren(QtWidgets.QCheckBox)
    return [one for one in found if one.objectName().startswith("flyaway_compare_")]


def button():
    return window().findChild(QtWidgets.QPushButton, "flyaway_compare_compare")


def others():
    return [one for one in krita.documents() if one != document]


def story():
    yield steps.is_active(document, photo)
    document.setModified(False)
    before = steps.pixels(photo, canvas)
    selection = Selection()
    x, y, width, height = args["crop"]
    selection.select(x, y, width, height, 255)
    document.setSelection(selection)
    document.waitForDone()
    document.setModified(False)
    nodes = len(document.topLevelNodes())  # the selection is one
    krita.action("flyaway_compare").trigger()
    yield lambda: window() is not None and boxes()
    note("listed", [[one.text().replace("&", ""), one.isChecked()] for one in boxes()])
    yield lambda: signalled("go")
    button().click()
    yield lambda: others() and window() is None
    (sheet,) = others()
    sheet.waitForDone()
    (layer,) = sheet.topLevelNodes()
    size = [sheet.width(), sheet.height()]
    (FOLDER / "sheet").write_bytes(steps.pixels(layer, (0, 0, *size)))
    told = {
        "size": size,
        "name": sheet.name(),
        "space": [sheet.colorModel(), sheet.colorDepth()],
        "active": krita.activeDocument() == sheet,
        "same": steps.pixels(photo, canvas) == before,
        "added": len(document.topLevelNodes()) - nodes,
        "modified": document.modified(),
    }
    note("shown", told)
    yield lambda: signalled("end")
    return told


steps.play(story(), until, finish)
