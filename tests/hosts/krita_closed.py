"""Runs in Krita: retouches the mask of the image, closes it, and opens it again; what becomes of the selection's outline.

args: "file", the image, which has a selection and a mask. Finishes with whether the outline was shown at first, while
it was retouched, without an image and with one again.
"""

# ruff: noqa: F821 - the driver gives krita, document, args, until and finish

import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import krita_steps as steps
from flyaway_krita.qt import QtWidgets
from flyaway_krita.refine_panel import CHECK_MS


def docker():
    return next(one for one in krita.dockers() if one.objectName() == "flyaway_retouch")


def story():
    steps.show_only("flyaway_retouch", "KisLayerBox")
    outline = krita.action("toggle_display_selection")
    photo = next(one for one in document.topLevelNodes() if one.type() == "paintlayer")
    yield steps.is_active(document, photo)
    seen = [outline.isChecked()]
    docker().findChild(QtWidgets.QPushButton, "flyaway_retouch_refine").click()
    status = docker().findChild(QtWidgets.QLabel, "flyaway_retouch_status")
    yield lambda: status.text().startswith("Done in")
    seen.append(outline.isChecked())
    steps.close(document)
    closed_s = time.monotonic()
    yield lambda: time.monotonic() > closed_s + 3 * CHECK_MS / 1000
    seen.append(outline.isChecked())
    again = krita.openDocument(args["file"])
    krita.activeWindow().addView(again)
    krita.setActiveDocument(again)
    opened_s = time.monotonic()
    yield lambda: time.monotonic() > opened_s + 3 * CHECK_MS / 1000
    return [*seen, outline.isChecked()]


steps.play(story(), until, finish)
