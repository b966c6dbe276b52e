"""Steps that the scripts of test_krita.py take inside Krita. Standard library, Krita and its Qt alone."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator
from pathlib import Path

from flyaway_krita import options
from flyaway_krita.flyaway_client.options import Options
from flyaway_krita.qt import QtCore, QtWidgets

from krita import Krita, Selection

SECONDS = 90
"""How long a story may wait for any one thing."""

Story = Generator[Callable[[], object], None, object]


def play(story: Story, until: Callable, finish: Callable) -> None:
    """Run a generator that yields what it waits for, while Krita's window lives; finish with what it returns."""

    def go_on() -> None:
        try:
            met = next(story)
        except StopIteration as end:
            finish(end.value)
        else:
            until(met, go_on, SECONDS)

    go_on()


def a_moment() -> Callable[[], object]:
    """Let the event loop turn: Krita 5.1 crashes when layers come and go before its Layers docker has seen it."""
    answers = iter((False, True))
    return lambda: next(answers)


# --- the plugin as the user sees it -----------------------------------------------------------------


def docker():
    """The plugin's docker, whether it is shown or not."""
    return next(one for one in Krita.instance().dockers() if one.objectName() == "flyaway")


def window(name: str):
    """A window of the plugin's own, None where it is not open."""
    shown = QtWidgets.QApplication.topLevelWidgets()
    return next((one for one in shown if one.objectName() == name), None)


def show_only(*names: str) -> None:
    """Those dockers and no others: on a small screen what all of them need reaches beyond its foot."""
    for one in Krita.instance().dockers():
        one.setVisible(one.objectName() in names)


def button():
    """Extract, or Cancel while at work."""
    return docker().findChild(QtWidgets.QPushButton, "flyaway_button")


def menu(name: str):
    """One of the docker's menus: "engine", "plate"."""
    return docker().findChild(QtWidgets.QComboBox, f"flyaway_{name}")


def entries(name: str) -> list[str]:
    """What a menu of the docker offers."""
    return [menu(name).itemText(number) for number in range(menu(name).count())]


def pick(name: str, data: str) -> None:
    """Choose from a menu of the docker, as a click on the entry would."""
    index = menu(name).findData(data)
    assert index >= 0, entries(name)
    menu(name).setCurrentIndex(index)
    menu(name).activated.emit(index)


def pick_engine(name: str) -> Story:
    """Choose an engine once it is there, under "More" where it is not among the everyday ones."""
    yield (
        lambda: {name, "more"} & {menu("engine").itemData(n) for n in range(menu("engine").count())}
    )
    if menu("engine").findData(name) < 0:
        pick("engine", "more")
        menu("engine").hidePopup()
    pick("engine", name)


def download_button():
    """Download, or Stop download while one is under way."""
    return _download_row().findChild(QtWidgets.QPushButton)


def download() -> dict[str, object]:
    """What the docker says of the download of the chosen engine."""
    box, bar = _download_row(), _download_row().findChild(QtWidgets.QProgressBar)
    return {
        "is_offered": box.isVisible(),
        "button": download_button().text(),
        "share": bar.value() / bar.maximum() if bar.isVisible() else None,
        "stage": box.findChild(QtWidgets.QLabel).text(),
        "engine": menu("engine").currentText(),
    }


def _download_row():
    return docker().findChild(QtWidgets.QWidget, "flyaway_download")


def mouse_comes_to_docker() -> Story:
    """As it does before any click there."""
    QtWidgets.QApplication.sendEvent(docker(), QtCore.QEvent(QtCore.QEvent.Type.Enter))
    yield a_moment()


def status() -> str:
    """What the docker says."""
    return docker().findChild(QtWidgets.QLabel, "flyaway_status").text()


def is_idle() -> bool:
    return button().text() == "Extract"


def double_click_s() -> float:
    """How soon the second click of a double click comes at the latest."""
    return QtWidgets.QApplication.doubleClickInterval() / 1000


def extract() -> None:
    Krita.instance().action("flyaway_extract").trigger()


def choose(**settings: object) -> None:
    """The docker's choices for the active image; those not given are the usual ones."""
    options.save(Options(**settings))


SRGB = ("RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc")
"""Colour model, depth and profile."""


# --- documents --------------------------------------------------------------------------------------


def new_document(width: int, height: int):
    """An 8-bit sRGB image in a view of its own, with a background layer."""
    profile = "sRGB-elle-V2-srgbtrc.icc"
    document = Krita.instance().createDocument(width, height, "case", "RGBA", "U8", profile, 72.0)
    Krita.instance().activeWindow().addView(document)
    Krita.instance().setActiveDocument(document)
    return document


def add_layer(document, pixels: bytes, x: int, y: int, width: int, height: int):
    """Put a paint layer above all others, with 8-bit BGRA pixels."""
    layer = document.createNode("photo", "paintlayer")
    layer.setPixelData(pixels, x, y, width, height)
    document.rootNode().addChildNode(layer, None)
    return layer


def convert(document, space: tuple[str, str, str]) -> None:
    """Bring the image into a colour model, depth and profile."""
    document.setColorSpace(*space)
    document.waitForDone()


def make_image(document, case, args) -> Story:
    """Turn the document into an image with the photo in one layer, converted and selected as the case says; the layer."""
    document.setSelection(None)
    earlier = document.topLevelNodes()
    convert(document, SRGB)
    document.resizeImage(0, 0, *case["canvas"])
    photo = Path(case.get("photo", args["photo"])).read_bytes()
    add_layer(document, photo, *case["place"], *args["size"])
    yield a_moment()
    for node in earlier:
        node.remove()
    yield a_moment()
    convert(document, case.get("space", SRGB))
    if "selection" in case:
        select(document, Path(case["selection"]).read_bytes(), 0, 0, *case["canvas"])
    # Beside it lies the selection mask, which is what Krita keeps the selection in.
    return next(node for node in document.topLevelNodes() if node.type() == "paintlayer")


def is_active(document, node) -> Callable[[], bool]:
    """Make the node the active one; whether that has happened, which takes Krita a moment."""
    document.setActiveNode(node)
    return lambda: Krita.instance().activeDocument() == document and document.activeNode() == node


def close(document) -> None:
    document.waitForDone()
    document.setModified(False)
    document.close()


def select(document, pixels: bytes, x: int, y: int, width: int, height: int) -> None:
    """Select softly: HxW bytes at a place of the image."""
    selection = Selection()
    selection.setPixelData(pixels, x, y, width, height)
    document.setSelection(selection)
    document.waitForDone()


def selected(document) -> bytes:
    """The selection over the canvas; no bytes where there is none."""
    selection = document.selection()
    if selection is None:
        return b""
    return selection.pixelData(0, 0, document.width(), document.height()).data()


def masks(layer) -> list:
    return [node for node in layer.childNodes() if node.type() == "transparencymask"]


def rect_of(node) -> tuple[int, int, int, int]:
    box = node.bounds()
    return box.x(), box.y(), box.width(), box.height()


def pixels(node, rect) -> bytes:
    return node.pixelData(*rect).data()


def digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def save(folder: str, **parts: bytes) -> None:
    """Write down raw pixels for the test to compare."""
    for name, content in parts.items():
        (Path(folder) / name).write_bytes(content)


def history() -> list[str]:
    """What the actions Undo and Redo say they would do."""
    return [Krita.instance().action(f"edit_{way}").text() for way in ("undo", "redo")]


def is_noted(document, before: list[str]) -> Callable[[], bool]:
    """Whether the history is another one than `before`: Krita 5.3 notes a step some time after it is done."""

    def is_so() -> bool:
        document.waitForDone()
        return history() != before

    return is_so


def all_is_noted(document) -> Story:
    """The history holds all that was done."""
    for _ in range(3):
        document.waitForDone()
        yield a_moment()


def undo(document) -> Story:
    return _step(document, "edit_undo")


def redo(document) -> Story:
    return _step(document, "edit_redo")


def _step(document, action: str) -> Story:
    """Krita drops an undo or redo without a word while the image is busy, be it with a thumbnail."""
    before = history()
    is_taken = is_noted(document, before)

    def press() -> bool:
        if not is_taken():
            Krita.instance().action(action).trigger()
        return is_taken()

    yield press
    yield a_moment()


# --- places on the screen, for a real mouse ----------------------------------------------------------


def centre_of(widget) -> list[int]:
    """Where the mouse finds a widget of the docker, scrolled to as a user would."""
    docker().findChild(QtWidgets.QScrollArea).ensureWidgetVisible(widget)
    return _screen(widget, widget.rect())


def centre_of_entry(menu, entry) -> list[int]:
    return _screen(menu, menu.actionGeometry(entry))


def _screen(widget, rect) -> list[int]:
    point = widget.mapToGlobal(rect.center())
    return [point.x(), point.y()]


def menu_path() -> dict[str, list[int] | None]:
    """Where the mouse finds Tools, Scripts and our entry; None for what is not on the screen yet."""
    bar = Krita.instance().activeWindow().qwindow().menuBar()
    tools = next(one for one in bar.actions() if one.text().replace("&", "") == "Tools")
    scripts = next(one for one in tools.menu().actions() if _menu_name(one) == "scripts")
    ours = Krita.instance().action("flyaway_extract")
    entry = next(one for one in scripts.menu().actions() if one.text() == ours.text())
    return {
        "tools": centre_of_entry(bar, tools),
        "scripts": centre_of_entry(tools.menu(), scripts) if tools.menu().isVisible() else None,
        "entry": centre_of_entry(scripts.menu(), entry) if scripts.menu().isVisible() else None,
    }


def _menu_name(action) -> str:
    return action.menu().objectName() if action.menu() else ""


class Ticker:
    """Ticks every 20 ms for as long as Krita's window heeds events; knows its longest pause."""

    def __init__(self) -> None:
        self.count = 0
        self.longest_s = 0.0
        self._clock = QtCore.QElapsedTimer()
        self._clock.start()
        self._timer = QtCore.QTimer()
        self._timer.timeout.connect(self._tick)
        self._timer.start(20)

    def _tick(self) -> None:
        self.count += 1
        self.longest_s = max(self.longest_s, self._clock.restart() / 1000)

    def stop(self) -> None:
        self._timer.stop()
