"""Runs in Krita: has the same done twice, the second time after the signal "go on", when the test may kill Krita.

args: "document" to open for each; "what": an "extraction", a "refinement" of its mask inside its selection, or a "comparison".
Notes "first" with what it came to: what is said of a problem, and the mask, or the size of the sheet.
"""

# ruff: noqa: F821 - the driver gives krita, args, note, signalled, until and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import krita_steps as steps
from flyaway_krita.qt import QtWidgets


def refine_docker():
    return next(one for one in krita.dockers() if one.objectName() == "flyaway_retouch")


def part(kind, name):
    return refine_docker().findChild(kind, f"flyaway_retouch_{name}")


def window():
    return steps.window("flyaway_compare")


def compared(opened, photo):
    """The size of the sheet; the words on it say how long it took."""
    before = krita.documents()
    krita.action("flyaway_compare").trigger()
    yield (
        lambda: (
            window() is not None
            and window().findChild(QtWidgets.QCheckBox, "flyaway_compare_builtin")
        )
    )
    window().findChild(QtWidgets.QPushButton, "flyaway_compare_compare").click()
    yield lambda: len(krita.documents()) > len(before) and window() is None
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


def mask_of(opened, photo):
    """In short."""
    opened.waitForDone()
    (mask,) = steps.masks(photo)
    return steps.digest(steps.pixels(mask, (0, 0, opened.width(), opened.height())))


WAYS = {"extraction": extracted, "refinement": refined, "comparison": compared}


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
