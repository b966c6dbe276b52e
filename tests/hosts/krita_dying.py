"""Runs in Krita: has the same done twice, the second time after the signal "go on", when the test may kill Krita.

args: "document" to open for each; "is_refined", whether its mask is refined inside its selection or one made.
Notes "first" with what it came to: what is said of a problem, and the mask.
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


def done():
    """The mask of the document, opened anew; it is closed as it was."""
    opened = krita.openDocument(args["document"])
    krita.activeWindow().addView(opened)
    krita.setActiveDocument(opened)
    photo = next(one for one in opened.topLevelNodes() if one.type() == "paintlayer")
    yield steps.is_active(opened, photo)
    if args["is_refined"]:
        part(QtWidgets.QPushButton, "refine").click()
        yield lambda: part(QtWidgets.QLabel, "status").text().startswith("Done in")
    else:
        steps.choose(output="layer-mask")
        steps.extract()
        yield lambda: steps.masks(photo)
        yield steps.is_idle
    opened.waitForDone()
    (mask,) = steps.masks(photo)
    canvas = (0, 0, opened.width(), opened.height())
    found = steps.digest(steps.pixels(mask, canvas))
    steps.close(opened)
    yield steps.a_moment()
    return ["", found]


def story():
    steps.show_only("flyaway_retouch" if args["is_refined"] else "flyaway", "KisLayerBox")
    note("first", (yield from done()))
    yield lambda: signalled("go on")
    return (yield from done())


steps.play(story(), until, finish)
