"""A Krita without a screen: documents whose layers hold real pixels, and the habits of libkis that matter.

Of those: `addChildNode` and `remove` are undo steps and `setPixelData` is none; wrappers of one document are equal
but not the same object; outside a layer its pixels are zeros; Krita 5.1 has no `createTransparencyMask`;
`createDocument` falls back to sRGB for a profile it does not know.
"""

# ruff: noqa: D101, D106 - named and meant as in Krita

from __future__ import annotations

import itertools
import xml.etree.ElementTree as ElementTree
import zipfile
from collections.abc import Callable
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.fakes import qt
from tests.fakes.qt import (
    QByteArray,
    QDockWidget,
    QObject,
    QPoint,
    QRect,
    QUuid,
    QWidget,
    pyqtSignal,
)

PROFILE = "sRGB-elle-V2-srgbtrc.icc"
SAMPLE_BYTES = {"U8": 1, "U16": 2, "F16": 2, "F32": 4}
CHANNELS = {"RGBA": 4, "GRAYA": 2, "CMYKA": 5, "A": 1}
PAINTED = ("paintlayer", "transparencymask", "selectionmask", "selection")
"""Nodes with pixels of their own; others make theirs, which `projectionPixelData` alone tells."""

_numbers = itertools.count(1)


class Node(QObject):
    """A layer or mask with HxWxB bytes of pixels at a place of the image."""

    def __init__(self, name: str = "photo", kind: str = "paintlayer", **space: str) -> None:
        super().__init__()
        self._name, self._kind = name, kind
        self._model = space.get("model", "RGBA")
        self._depth = space.get("depth", "U8")
        self._profile = space.get("profile", PROFILE)
        self.document: DocumentData | None = None
        self.parent_node: Node | None = None
        self.children: list[Node] = []
        self.is_locked = False
        self.is_visible = True
        self.is_animated = False
        self.passes_through = False
        self.opacity_level = 255
        self.mode = "normal"
        self.uuid = QUuid(f"{{{next(_numbers):032x}}}")
        self.at = QPoint()
        self.place = QRect()
        self.content: NDArray[np.uint8] = np.zeros((0, 0, self._pixel_bytes), np.uint8)

    @property
    def _pixel_bytes(self) -> int:
        return CHANNELS[self._model] * SAMPLE_BYTES[self._depth]

    def name(self) -> str:
        return self._name

    def setName(self, name: str) -> None:
        self._name = name

    def type(self) -> str:
        return self._kind

    def locked(self) -> bool:
        return self.is_locked

    def visible(self) -> bool:
        return self.is_visible

    def setVisible(self, visible: bool) -> None:
        self.is_visible = visible

    def animated(self) -> bool:
        return self.is_animated

    def uniqueId(self) -> QUuid:
        return self.uuid

    def bounds(self) -> QRect:
        return self.place.translated(self.at)

    def position(self) -> QPoint:
        return self.at

    def colorModel(self) -> str:
        return self._model

    def colorDepth(self) -> str:
        return self._depth

    def colorProfile(self) -> str:
        return self._profile

    def parentNode(self) -> Node | None:
        return self.parent_node

    def childNodes(self) -> list[Node]:
        return list(self.children)

    def attach(self, child: Node) -> None:
        """Add a child, as building the scene needs it: no undo step."""
        self.children.append(child)
        child.parent_node = self
        child.enter(self.document)

    def enter(self, document: DocumentData | None) -> None:
        self.document = document
        for child in self.children:
            child.enter(document)

    def addChildNode(self, child: Node, above: Node | None) -> bool:
        self.attach(child)
        if above is not None:
            self.children.remove(child)
            self.children.insert(self.children.index(above) + 1, child)
        if self.document is not None:
            self.document.undo_steps.append("Add Layer")
        return True

    def remove(self) -> bool:
        assert self.parent_node is not None
        self.parent_node.children.remove(self)
        if self.document is not None:
            self.document.undo_steps.append("Remove Layer")
        return True

    def duplicate(self) -> Node:
        copy = Node(f"Copy of {self._name}", self._kind, model=self._model, depth=self._depth)
        copy.place, copy.content = self.place, self.content.copy()
        copy.opacity_level, copy.mode = self.opacity_level, self.mode
        for child in self.children:
            copy.attach(child.duplicate())
        return copy

    def twin(self) -> Node:
        """The same in a copy of the document."""
        copy = self.duplicate()
        copy.uuid, copy._name, copy.at = self.uuid, self._name, self.at
        copy.is_visible = self.is_visible
        copy.children = []
        for child in self.children:
            copy.attach(child.twin())
        return copy

    def pixelData(self, x: int, y: int, w: int, h: int) -> QByteArray:
        """Zeros where the node holds nothing; nothing at all of one that holds no pixels."""
        if self._kind not in PAINTED:
            return QByteArray()
        return self.shown(x, y, w, h)

    def projectionPixelData(self, x: int, y: int, w: int, h: int) -> QByteArray:
        """What is seen of the node, cut by the masks on it, whatever its opacity."""
        shown = np.frombuffer(self.shown(x, y, w, h), np.uint8).reshape(h, w, self._pixel_bytes)
        result = shown.copy()
        for mask in self.children:
            if mask.type() == "transparencymask" and mask.visible():
                levels = np.frombuffer(mask.pixelData(x, y, w, h), np.uint8).reshape(h, w)
                result[levels == 0] = 0
        return QByteArray(result.tobytes())

    def shown(self, x: int, y: int, w: int, h: int) -> QByteArray:
        result = np.zeros((h, w, self._pixel_bytes), np.uint8)
        box = self.bounds()
        common = box.intersected(QRect(x, y, w, h))
        if not common.isEmpty():
            result[_rows(common, y), _columns(common, x)] = self.content[
                _rows(common, box.y()), _columns(common, box.x())
            ]
        return QByteArray(result.tobytes())

    def setPixelData(self, value: bytes, x: int, y: int, w: int, h: int) -> bool:
        """What the node holds elsewhere stays."""
        written = np.frombuffer(value, np.uint8).reshape(h, w, self._pixel_bytes)
        place = QRect(x, y, w, h)
        whole = place if self.bounds().isEmpty() else self.bounds().united(place)
        content = np.frombuffer(
            self.shown(whole.x(), whole.y(), whole.width(), whole.height()), np.uint8
        )
        self.content = content.reshape(whole.height(), whole.width(), self._pixel_bytes).copy()
        self.content[_rows(place, whole.y()), _columns(place, whole.x())] = written
        corner = QPoint(-self.at.x(), -self.at.y())
        self.place = whole.translated(corner)
        return True

    def opacity(self) -> int:
        return self.opacity_level

    def setOpacity(self, value: int) -> None:
        self.opacity_level = value

    def blendingMode(self) -> str:
        return self.mode

    def setBlendingMode(self, mode: str) -> None:
        self.mode = mode

    def mergeDown(self) -> None:
        """Into the layer below, as cut by the masks; both are gone, and a new one has that one's name."""
        assert self.parent_node is not None
        siblings = self.parent_node.children
        below = siblings[siblings.index(self) - 1]
        box = self.bounds()
        shown = self.projectionPixelData(box.x(), box.y(), box.width(), box.height())
        below.setPixelData(bytes(shown), box.x(), box.y(), box.width(), box.height())
        siblings.remove(self)
        if self.document is not None:
            self.document.undo_steps.append("Merge Down")

    def passThroughMode(self) -> bool:
        return self.passes_through

    def converted(self, model: str, depth: str, profile: str) -> Node:
        """A node with the same in another colour space of 8 bits: CMYK without black, or RGB."""
        other = Node(self._name, self._kind, model=model, depth=depth, profile=profile)
        assert (self._depth, depth) == ("U8", "U8")
        colours, opacity = self.content[..., :3], self.content[..., -1:]
        black = [np.zeros_like(opacity)] if model == "CMYKA" else []
        other.content = np.concatenate([255 - colours[..., ::-1], *black, opacity], axis=2)
        other.place = self.place
        return other

    def setColorSpace(self, model: str, depth: str, profile: str) -> bool:
        self._model, self._depth, self._profile = model, depth, profile
        self.content = np.zeros((0, 0, self._pixel_bytes), np.uint8)
        return True


def _rows(box: QRect, top: int) -> slice:
    return slice(box.y() - top, box.y() - top + box.height())


def _columns(box: QRect, left: int) -> slice:
    return slice(box.x() - left, box.x() - left + box.width())


class Selection(Node):
    """A selection, HxW bytes."""

    def __init__(self) -> None:
        super().__init__("selection", "selection", model="A")

    def x(self) -> int:
        return self.place.x()

    def y(self) -> int:
        return self.place.y()

    def width(self) -> int:
        return self.place.width()

    def height(self) -> int:
        return self.place.height()


class DocumentData:
    """What the wrappers of one document share."""

    def __init__(self, app: Krita, width: int, height: int, profile: str = PROFILE) -> None:
        self.app = app
        self.size = (width, height)
        self.profile = profile
        self.root = Node("root", "grouplayer")
        self.root.enter(self)
        self.active: Node | None = None
        self.selection: Selection | None = None
        self.undo_steps: list[str] = []
        self.is_modified = True
        self.is_batchmode = False
        self.annotations: dict[str, bytes] = {}
        self.file_name = f"/photos/{width} by {height}.kra"


class Document(QObject):
    """A wrapper, made anew each time that somebody asks for the document, as libkis does."""

    def __init__(self, data: DocumentData) -> None:
        super().__init__()
        self.data = data
        if data.app.is_5_1:
            self.createTransparencyMask = _missing  # type: ignore[method-assign, assignment]

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Document) and self.data is other.data

    def __hash__(self) -> int:
        return hash(self.data)

    def __getattribute__(self, name: str) -> Any:
        value = super().__getattribute__(name)
        if value is _missing:
            raise AttributeError(name)
        return value

    def width(self) -> int:
        return self.data.size[0]

    def height(self) -> int:
        return self.data.size[1]

    def colorProfile(self) -> str:
        return self.data.profile

    def annotation(self, kind: str) -> QByteArray:
        return QByteArray(self.data.annotations.get(kind, b""))

    def setAnnotation(self, kind: str, description: str, annotation: QByteArray) -> None:
        assert description
        self.data.annotations[kind] = annotation.data()

    def activeNode(self) -> Node | None:
        return self.data.active

    def topLevelNodes(self) -> list[Node]:
        return self.data.root.childNodes()

    def nodeByUniqueID(self, uuid: object) -> Node | None:
        return next((node for node in _all_below(self.data.root) if node.uuid == uuid), None)

    def selection(self) -> Selection | None:
        return self.data.selection

    def setSelection(self, selection: Selection) -> None:
        self.data.selection = selection

    def rootNode(self) -> Node:
        return self.data.root

    def fileName(self) -> str:
        return self.data.file_name

    def name(self) -> str:
        return ""

    def refreshProjection(self) -> None:
        """The image is shown as it is now."""

    def waitForDone(self) -> None:
        """Nothing is ever under way."""

    def clone(self) -> Document:
        """A copy with nodes of its own, of the same identities; no document of the application's."""
        data = DocumentData(self.data.app, *self.data.size, self.data.profile)
        for node in self.data.root.children:
            data.root.attach(node.twin())
        data.is_modified = False
        return Document(data)

    def setColorSpace(self, model: str, depth: str, profile: str) -> bool:
        """Convert all layers, roughly, and make nodes anew as Krita 5.3 does."""
        root = self.data.root
        root.children = [node.converted(model, depth, profile) for node in root.children]
        return True

    def createTransparencyMask(self, name: str) -> Node:
        return Node(name, "transparencymask", model="A")

    def createNode(self, name: str, kind: str) -> Node:
        space = self.data.root.children[0] if self.data.root.children else Node()
        return Node(name, kind, model=space._model, depth=space._depth)

    def setActiveNode(self, node: Node) -> None:
        self.data.active = node

    def setBatchmode(self, value: bool) -> None:
        self.data.is_batchmode = value

    def setModified(self, modified: bool) -> None:
        self.data.is_modified = modified

    def saveAs(self, filename: str) -> bool:
        """Write the profile where a real .kra has it."""
        assert self.data.is_batchmode, "it would ask how to save"
        with zipfile.ZipFile(filename, "w") as archive:
            archive.writestr("Flyaway/annotations/icc", f"profile {self.data.profile}")
        return not self.data.app.disk_is_full

    def close(self) -> bool:
        assert not self.data.is_modified, "it would ask whether to save"
        if self.data in self.data.app.open_documents:  # a copy is not
            self.data.app.open_documents.remove(self.data)
        return True


def _missing(*_: object) -> None:
    raise AssertionError


def _all_below(node: Node) -> list[Node]:
    return [node, *itertools.chain.from_iterable(map(_all_below, node.children))]


class Action(QObject):
    triggered = pyqtSignal(bool)
    is_checked = False

    def isChecked(self) -> bool:
        return self.is_checked

    def trigger(self) -> None:
        self.is_checked = not self.is_checked
        self.triggered.emit(False)


class View(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.floating: list[str] = []
        self.floating_ms: list[int] = []

    def setForeGroundColor(self, colour: ManagedColor) -> None:
        self.foreground = colour.values

    def setBackGroundColor(self, colour: ManagedColor) -> None:
        self.background = colour.values

    def showFloatingMessage(self, message: str, icon: object, timeout: int, priority: int) -> None:
        self.floating.append(message)
        self.floating_ms.append(timeout)


class ManagedColor:
    def __init__(self, model: str, depth: str, profile: str) -> None:
        assert (model, depth) == ("RGBA", "U8")

    def setComponents(self, values: list[float]) -> None:
        assert all(0 <= value <= 1 for value in values)
        self.values = values


class Window(QObject):
    def __init__(self) -> None:
        super().__init__()
        self.actions: dict[str, Action] = {}
        self.menus: dict[str, str] = {}
        self.added: list[DocumentData] = []
        self.view = View()
        self._qwindow = QWidget()

    def createAction(self, name: str, text: str, menu: str) -> Action:
        self.actions[name] = Action()
        self.menus[name] = f"{menu}/{text}"
        return self.actions[name]

    def activeView(self) -> View:
        return self.view

    def addView(self, document: Document) -> View:
        self.added.append(document.data)
        return self.view

    def qwindow(self) -> QWidget:
        return self._qwindow


class Notifier(QObject):
    applicationClosing = pyqtSignal()  # noqa: N815 - Krita names it


class Extension(QObject):
    pass


class DockWidget(QDockWidget):
    pass


class DockWidgetFactoryBase:
    class DockPosition:
        DockRight = object()


class DockWidgetFactory(DockWidgetFactoryBase):
    def __init__(self, name: str, position: object, create: Callable[[], QDockWidget]) -> None:
        assert position is DockWidgetFactoryBase.DockPosition.DockRight
        self.name, self.create = name, create


class Krita(QObject):
    """The application."""

    running: Krita

    def __init__(self, version: str = "5.2.9") -> None:
        super().__init__()
        self.version_text = version
        self.open_documents: list[DocumentData] = []
        self.active: DocumentData | None = None
        self.window = Window()
        self.extensions: list[Any] = []
        self.dock_widgets: list[Any] = []
        self.settings: dict[tuple[str, str], str] = {}
        self.known_profiles = {PROFILE}
        self.own_actions: dict[str, Action] = {}
        self.is_batchmode = False
        self.disk_is_full = False
        self._notifier = Notifier()
        Krita.running = self

    @property
    def is_5_1(self) -> bool:
        return self.version_text.startswith("5.1")

    @staticmethod
    def instance() -> Krita:
        return Krita.running

    def start(self) -> None:
        """What Krita does with registered plugins when its window comes up."""
        for extension in self.extensions:
            extension.setup()
            extension.createActions(self.window)

    def open(self, width: int, height: int) -> DocumentData:
        """A new image, shown and active, with no layer."""
        self.active = DocumentData(self, width, height)
        self.open_documents.append(self.active)
        return self.active

    def version(self) -> str:
        return self.version_text

    def batchmode(self) -> bool:
        return self.is_batchmode

    def setBatchmode(self, value: bool) -> None:
        self.is_batchmode = value

    def activeDocument(self) -> Document | None:
        return Document(self.active) if self.active else None

    def activeWindow(self) -> Window:
        return self.window

    def action(self, name: str) -> Action:
        """One of Krita's own, or of the plugin's."""
        own = self.window.actions.get(name)
        return own or self.own_actions.setdefault(name, Action())

    def documents(self) -> list[Document]:
        return [Document(data) for data in self.open_documents]

    def dockers(self) -> list[QDockWidget]:
        return self.dock_widgets

    def notifier(self) -> Notifier:
        return self._notifier

    def icon(self, name: str) -> str:
        return name

    def readSetting(self, group: str, name: str, default: str) -> str:
        return self.settings.get((group, name), default)

    def writeSetting(self, group: str, name: str, value: str) -> None:
        self.settings[group, name] = value

    def openDocument(self, filename: str) -> Document:
        """The layers and masks of a .kra, without their pixels."""
        assert self.is_batchmode, "it would show a dialog if the file were damaged"
        with zipfile.ZipFile(filename) as archive:
            assert archive.read("mimetype") == b"application/x-krita"
            tree = ElementTree.fromstring(archive.read("maindoc.xml"))
        data = DocumentData(self, 1, 1)
        data.is_modified = False
        self.open_documents.append(data)
        for element in tree.iter("{http://www.calligra.org/DTD/krita}layer"):
            layer = Node(element.attrib["name"], element.attrib["nodetype"])
            data.root.attach(layer)
            for mask in element.iter("{http://www.calligra.org/DTD/krita}mask"):
                layer.attach(Node(mask.attrib["name"], mask.attrib["nodetype"], model="A"))
        return Document(data)

    def createDocument(
        self, width: int, height: int, name: str, model: str, depth: str, profile: str, _ppi: float
    ) -> Document:
        known = profile if profile in self.known_profiles else PROFILE
        data = DocumentData(self, width, height, known)
        data.root.attach(Node("Background", model=model, depth=depth, profile=known))
        self.open_documents.append(data)
        return Document(data)

    def addExtension(self, extension: Extension) -> None:
        self.extensions.append(extension)

    def addDockWidgetFactory(self, factory: DockWidgetFactory) -> None:
        self.dock_widgets.append(factory.create())


def modules(version: str) -> dict[str, ModuleType | None]:
    """What is to be in sys.modules for a plugin to believe that it runs in that Krita."""
    major = 6 if version.startswith("6") else 5
    krita, pykrita = ModuleType("krita"), ModuleType("pykrita")
    for member in (
        Canvas, Document, DockWidget, DockWidgetFactory, DockWidgetFactoryBase, Extension, Krita,
        ManagedColor, Node, Selection, Window,
    ):  # fmt: skip
        setattr(krita, member.__name__, member)
    if not version.startswith(("5.1", "5.2")):
        pykrita.qt_major_version = lambda: major  # type: ignore[attr-defined]
    return {"krita": krita, "pykrita": pykrita} | qt.modules(major)


class Canvas(QObject):
    pass
