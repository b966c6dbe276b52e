"""Runs in Krita while a test clicks in the window of Extract by Clicking: tells what it sees when asked.

args: "folder"; "saves", whether it is saved at the end. Notes "ready" once; then each signal look-N is answered by seen-N, when the visible mask lies in a
file mask-N; signal "end" ends it.
"""

# ruff: noqa: F821 - the driver gives krita, document, args, note, signalled, until and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import krita_steps as steps
from PyQt5 import QtWidgets

FOLDER = Path(args["folder"])
photo = document.topLevelNodes()[0]
canvas = (0, 0, document.width(), document.height())


def window():
    return steps.window("flyaway_point")


def part(kind, name):
    return window().findChild(kind, f"flyaway_point_{name}")


def centre_of(widget):
    place = widget.mapToGlobal(widget.rect().center())
    return [place.x(), place.y()]


def kept_in(one):
    """What was pointed at, by the layer's number."""
    found = [kind for kind in one.annotationTypes() if kind.startswith("flyaway-points")]
    return {kind: bytes(one.annotation(kind).data()).decode() for kind in found}


def saved():
    """What of that a file keeps, and the number that the layer has in it."""
    file = str(FOLDER / "kept.kra")
    document.setBatchmode(True)
    document.saveAs(file)
    other = krita.openDocument(file)
    layer = other.topLevelNodes()[0].uniqueId().toString().strip("{}")
    return {"kept": kept_in(other), "layer": layer}


def see(number):
    document.waitForDone()
    masks = [mask for mask in steps.masks(photo) if mask.visible()]
    (FOLDER / f"mask-{number}").write_bytes(steps.pixels(masks[0], canvas) if masks else b"")
    seen = {
        "masks": len(masks),
        "kept": kept_in(document),
        "window": window() is not None,
        "button": centre_of(steps.docker().findChild(QtWidgets.QPushButton, "flyaway_by_clicking")),
    }
    if window() is not None:
        view = part(QtWidgets.QWidget, "picture")
        seen["status"] = part(QtWidgets.QLabel, "status").text()
        seen["picture"] = [*centre_of(view), view.width(), view.height()]
        seen["download"] = [
            one.text().replace("&", "")
            for one in part(QtWidgets.QWidget, "download").findChildren(QtWidgets.QPushButton)
            if one.isVisible()
        ]
        seen["can"] = [
            name
            for name in ("next", "back", "forward", "clear")
            if part(QtWidgets.QPushButton, name).isEnabled()
        ]
    return seen


def story():
    steps.show_only("flyaway", "KisLayerBox")
    yield steps.is_active(document, photo)
    note("ready")
    number = 1
    while not signalled("end"):
        look = f"look-{number}"
        yield lambda look=look: signalled(look) or signalled("end")
        if signalled(look):
            note(f"seen-{number}", see(number))
            number += 1
    return saved() if args["saves"] else None


steps.play(story(), until, finish)
