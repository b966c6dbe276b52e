"""Runs in Krita while a test works by hand: writes down what has become of the image when asked.

args: "folder". Notes "ready" with the places of the canvas' middle, of the button and the zoom; for each signal step-N
the note done-N, when the selection and the photo's masks lie in files "selection" and "mask". Files that the test puts
there ask for something before: "reset" for the photo as it was; "action" with the name of one of Krita's own that is to
be triggered; "grey" for the selection's mask active and a middle grey in the brush. Signal "end" ends it.
"""

# ruff: noqa: F821 - the driver gives krita, document, args, note, signalled, until and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import krita_steps as steps
from flyaway_krita.qt import QtWidgets

from krita import ManagedColor

FOLDER = Path(args["folder"])
SHOWN = ("flyaway", "KisLayerBox")
photo = document.topLevelNodes()[0]
canvas = (0, 0, document.width(), document.height())


def taken(name):
    """What a file of the test's says, which is then gone; None where there is none."""
    path = FOLDER / name
    if not path.exists():
        return None
    text = path.read_text("utf-8")
    path.unlink()
    return text


def reset():
    for node in steps.masks(photo):
        node.remove()
    for node in document.topLevelNodes():
        if node.name().endswith("cutout"):
            node.remove()
    photo.setVisible(True)
    document.setSelection(None)
    document.refreshProjection()


def make_grey():
    """The selection as a mask to paint on, active, and a middle grey in the brush."""
    document.setActiveNode(next(one for one in document.topLevelNodes() if "mask" in one.type()))
    colour = ManagedColor("GRAYA", "U8", "")
    colour.setComponents([0.5, 1.0])
    krita.activeWindow().activeView().setForeGroundColor(colour)


def look():
    document.waitForDone()
    seen = [node for node in steps.masks(photo) if node.visible()]
    copies = [one for one in document.topLevelNodes() if one.name().endswith("cutout")]
    of_copy = [mask for copy in copies for mask in steps.masks(copy)]
    steps.save(
        args["folder"],
        selection=steps.selected(document),
        mask=b"".join(steps.pixels(one, canvas) for one in [*seen, *of_copy][:1]),
    )
    return {
        "status": steps.status(),
        "taken for": steps.docker().findChild(QtWidgets.QLabel, "flyaway_taken_for").text(),
        "is idle": steps.is_idle(),
        "masks": len(seen),
        "copies": len(copies),
        "active": document.activeNode().name(),
    }


def ready():
    shown = krita.activeWindow().qwindow().findChildren(QtWidgets.QWidget)
    area = next(one for one in shown if one.metaObject().className() == "KisQPainterCanvas")
    middle = area.mapToGlobal(area.rect().center())
    return {
        "middle": [middle.x(), middle.y()],
        "zoom": krita.activeWindow().activeView().canvas().zoomLevel(),
        "button": steps.centre_of(steps.button()),
    }


def story():
    steps.show_only(*SHOWN)
    yield steps.is_active(document, photo)
    yield steps.a_moment()
    note("ready", ready())
    number = 1
    while not signalled("end"):
        step = f"step-{number}"
        yield lambda step=step: signalled(step) or signalled("end")
        if not signalled(step):
            break
        if taken("reset") is not None:
            reset()
            yield from steps.all_is_noted(document)
            yield steps.is_active(document, photo)
        action = taken("action")
        if action is not None:
            krita.action(action).trigger()
            yield from steps.all_is_noted(document)
        if taken("grey") is not None:
            make_grey()
            yield from steps.all_is_noted(document)
        output = taken("output")
        if output is not None:
            yield steps.is_active(document, photo)
            steps.pick("output", output)
            # What the last extraction said shall not be taken for the next one's.
            steps.docker().findChild(QtWidgets.QLabel, "flyaway_status").setText("")
        note(f"done-{number}", look())
        number += 1
    return None


steps.play(story(), until, finish)
