"""Runs in Krita while a test retouches by mouse and keys: tells what it sees each time that the test asks.

args: "selection", HxW bytes in a file, that the subject is cut out with first; "folder" for pixels. Notes "ready"
with the places of the buttons and of the canvas; then for each signal look-N the note seen-N, when the mask lies in
the file mask-N, the hints in hints-N and the topmost cutout in cutout-N; for each lasso-N what lies in the
file "lasso" is selected, and the note selected-N comes, for each put-N the mask is put where the file "output" says, and
the note put-N comes; signal "end" ends it.
"""

# ruff: noqa: F821 - the driver gives krita, document, args, note, signalled, until and finish

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import krita_steps as steps
from flyaway_krita.qt import QtCore, QtWidgets

SHOWN = ("flyaway_retouch", "KisLayerBox")
BUTTONS = ("keep", "remove", "find hair", "refine", "back", "forward", "done")
FOLDER = Path(args["folder"])
photo = document.topLevelNodes()[0]
canvas = (0, 0, document.width(), document.height())


def docker():
    return next(one for one in krita.dockers() if one.objectName() == "flyaway_retouch")


def button(name):
    return docker().findChild(QtWidgets.QPushButton, f"flyaway_retouch_{name}")


def centre(widget):
    place = widget.mapToGlobal(widget.rect().center())
    return [place.x(), place.y()]


def places():
    """Where on the screen the buttons are, the picture, and the image's upper left and lower right corner."""
    shown = krita.activeWindow().qwindow().findChildren(QtWidgets.QWidget)
    area = next(one for one in shown if one.metaObject().className() == "KisQPainterCanvas")
    view = docker().findChild(QtWidgets.QWidget, "flyaway_retouch_picture")
    return {name: centre(button(name)) for name in BUTTONS} | {
        "picture": centre(view),
        "canvas": centre(area),
        "width": docker().width(),
    }


def look(number):
    document.waitForDone()
    (mask,) = steps.masks(photo)
    cutouts = [one for one in document.topLevelNodes() if one.name().endswith("cutout")]
    pixels = steps.pixels(cutouts[-1], canvas) if cutouts else b""
    (FOLDER / f"cutout-{number}").write_bytes(pixels)
    hints = [one for one in document.topLevelNodes() if one.name() == "Flyaway Hints"]
    (FOLDER / f"mask-{number}").write_bytes(steps.pixels(mask, canvas))
    (FOLDER / f"hints-{number}").write_bytes(steps.pixels(hints[0], canvas) if hints else b"")
    status = docker().findChild(QtWidgets.QLabel, "flyaway_retouch_status").text()
    return {
        "status": status,
        "photo": steps.digest(steps.pixels(photo, canvas)),
        "active": document.activeNode().name(),
        "view": docker().findChild(QtWidgets.QComboBox, "flyaway_retouch_view").currentText(),
        "hints": [one.visible() for one in hints],
        "layers": [
            [one.name(), one.visible(), len(steps.masks(one))]
            for one in document.topLevelNodes()
            if one.type() == "paintlayer"
        ],
        "can": [name for name in ("back", "forward", "done") if button(name).isEnabled()],
    }


def story():
    steps.select(document, Path(args["selection"]).read_bytes(), *canvas)
    steps.show_only(*SHOWN)
    yield steps.is_active(document, photo)
    steps.choose(output="layer-mask")
    steps.extract()
    yield lambda: steps.masks(photo)
    yield steps.is_idle
    document.setSelection(None)
    yield steps.is_active(document, photo)
    docker().resize(240, docker().height())
    QtCore.QCoreApplication.processEvents()
    note("ready", places())
    asked = {"look": 1, "lasso": 1, "put": 1}

    def questions():
        return [what for what, count in asked.items() if signalled(f"{what}-{count}")]

    while not signalled("end"):
        yield lambda: questions() or signalled("end")
        for what in questions():
            number, asked[what] = asked[what], asked[what] + 1
            if what == "look":
                note(f"seen-{number}", look(number))
            elif what == "put":
                menu = docker().findChild(QtWidgets.QComboBox, "flyaway_retouch_output")
                menu.setCurrentIndex(menu.findData((FOLDER / "output").read_text("utf-8")))
                button("output").click()
                note(f"put-{number}")
            else:
                steps.select(document, (FOLDER / "lasso").read_bytes(), *canvas)
                note(f"selected-{number}")
    return None


steps.play(story(), until, finish)
