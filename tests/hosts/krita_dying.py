"""Runs in Krita: has the same done twice, the second time after the signal "go on", when the test may kill Krita.

args: "document" to open for each; "what": an "extraction", a "refinement" of its mask inside its selection, a "comparison",
"clicking", or a "download" of "engine". Notes "first" with what it came to: what is said of a problem, and the mask, or the size of the sheet.
"""

# ruff: noqa: F821 - the driver gives krita, args, note, signalled, until and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import krita_steps as steps
from flyaway_krita.flyaway_client.texts import POINTS_READY
from flyaway_krita.qt import QtCore, QtGui, QtWidgets


def refine_docker():
    return next(one for one in krita.dockers() if one.objectName() == "flyaway_retouch")


def part(kind, name):
    return refine_docker().findChild(kind, f"flyaway_retouch_{name}")


def shown(name, kind, part):
    """A part of one of the plugin's windows, once that is there and has it."""
    window = steps.window(name)
    return window and window.findChild(kind, f"{name}_{part}")


def compared(opened, photo):
    """The size of the sheet; the words on it say how long it took."""
    name = "flyaway_compare"
    before = krita.documents()
    krita.action(name).trigger()
    yield lambda: shown(name, QtWidgets.QCheckBox, "builtin")
    shown(name, QtWidgets.QPushButton, "compare").click()
    yield lambda: len(krita.documents()) > len(before) and steps.window(name) is None
    (sheet,) = (one for one in krita.documents() if one not in before)
    size = [sheet.width(), sheet.height()]
    steps.close(sheet)
    return size


def refined(opened, photo):
    part(QtWidgets.QPushButton, "refine").click()
    yield lambda: part(QtWidgets.QLabel, "status").text().startswith("Done in")
    return mask_of(opened, photo)


def extracted(opened, photo):
    steps.choose(output="layer-mask")
    steps.extract()
    yield lambda: steps.masks(photo)
    yield steps.is_idle
    return mask_of(opened, photo)


def clicked(opened, photo):
    name = "flyaway_point"
    steps.choose(output="layer-mask")
    steps.docker().findChild(QtWidgets.QPushButton, "flyaway_by_clicking").click()

    def says(words):
        status = shown(name, QtWidgets.QLabel, "status")
        return status and words in status.text()

    yield lambda: says(POINTS_READY)
    click(shown(name, QtWidgets.QWidget, "picture"))
    yield lambda: says("Enter extracts")
    shown(name, QtWidgets.QPushButton, "extract").click()
    yield lambda: steps.masks(photo) and steps.window(name) is None
    yield steps.is_idle
    return mask_of(opened, photo)


def click(widget):
    """In its middle."""
    place, button = QtCore.QPointF(widget.rect().center()), QtCore.Qt.MouseButton.LeftButton
    types, none = QtCore.QEvent.Type, QtCore.Qt.KeyboardModifier.NoModifier
    for kind in (types.MouseButtonPress, types.MouseButtonRelease):
        event = QtGui.QMouseEvent(kind, place, button, button, none)
        QtWidgets.QApplication.sendEvent(widget, event)


def downloaded(opened, photo):
    """Nothing but weights, which are the daemon's."""
    steps.choose()
    steps.show_only("flyaway", "KisLayerBox")  # an image that opens brings Krita's own back
    yield from steps.mouse_comes_to_docker()
    yield from steps.pick_engine(args["engine"])
    yield lambda: steps.download()["is_offered"]
    steps.download_button().click()
    yield lambda: not steps.download()["is_offered"]


def mask_of(opened, photo):
    """In short."""
    opened.waitForDone()
    (mask,) = steps.masks(photo)
    return steps.digest(steps.pixels(mask, (0, 0, opened.width(), opened.height())))


WAYS = {
    "extraction": extracted,
    "refinement": refined,
    "comparison": compared,
    "clicking": clicked,
    "download": downloaded,
}


def done():
    """What it comes to with the document, opened anew; it is closed as it was."""
    opened = krita.openDocument(args["document"])
    krita.activeWindow().addView(opened)
    krita.setActiveDocument(opened)
    photo = next(one for one in opened.topLevelNodes() if one.type() == "paintlayer")
    yield steps.is_active(opened, photo)
    found = yield from WAYS[args["what"]](opened, photo)
    steps.close(opened)
    yield steps.a_moment()
    return ["", found]


def story():
    steps.show_only("flyaway_retouch" if args["what"] == "refinement" else "flyaway", "KisLayerBox")
    note("first", (yield from done()))
    yield lambda: signalled("go on")
    return (yield from done())


steps.play(story(), until, finish)
