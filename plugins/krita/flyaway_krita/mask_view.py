"""A picture of the layer under its mask, to zoom into: what a retoucher looks at, in the view that they choose."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from .flyaway_client import miniature, views
from .flyaway_client.layer import Picture
from .flyaway_client.messages import CHANNELS, DTYPES, ImageHeader
from .flyaway_client.planes import Box, Plane
from .flyaway_client.views import Colour, View
from .flyaway_client.wording import _
from .qt import QtCore, QtGui, QtWidgets

_STEPS = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
"""Zoomed out, every so many-th pixel is shown."""

_MOST_ENLARGED = 8


@dataclass(frozen=True, slots=True)
class Coarse:
    """A mask of the whole layer in small, as levels."""

    header: ImageHeader
    levels: bytes


ALL = Coarse(ImageHeader(1, 1, "gray", "u8"), b"\xff")
"""All of the layer is in the mask."""


@dataclass(frozen=True, slots=True)
class Scene:
    """What is to be seen.

    Attributes:
        image: the layer, of any layout.
        mask: of its size, or smaller.
        strokes: of its size.
    """

    image: Picture
    mask: Plane | Coarse
    strokes: Plane

    @property
    def box(self) -> Box:
        """All of it."""
        return Box(0, 0, self.image.header.width, self.image.header.height)


class Pen(Protocol):
    """What the mouse draws with, in the layer's pixels."""

    def begin(self, place: tuple[float, float], is_swapped: bool) -> None:
        """Go down at a place."""

    def go(self, place: tuple[float, float]) -> None:
        """Draw on to a place."""

    def lift(self) -> None:
        """Go up again."""


class MaskView(QtWidgets.QWidget):
    """The picture. The wheel zooms, dragging moves it; it follows what changes.

    Attributes:
        pen: what the mouse draws with; then the middle button moves the picture. None: it does not draw.
    """

    next_asked = QtCore.pyqtSignal()
    """F was pressed: the next view is wanted."""
    original_asked = QtCore.pyqtSignal()
    """X was pressed: the original is wanted, or what was shown before it."""

    def __init__(self) -> None:
        super().__init__()
        self.setMinimumHeight(160)
        self.setFocusPolicy(QtCore.Qt.FocusPolicy.StrongFocus)
        self.setToolTip(_("The wheel zooms, dragging moves. F: next view. X: original"))
        self.view = views.OVERLAY
        self.colour = views.OVERLAY_COLOUR
        self.pen: Pen | None = None
        self._is_drawing = False
        self._scene: Scene | None = None
        self._centre = (0.0, 0.0)
        self._zoom = 0.0
        self._dragged_from: QtCore.QPoint | None = None
        self._early: tuple[Box, ImageHeader, bytes] | None = None

    def show_scene(self, scene: Scene | None) -> None:
        """Show another layer, or none; the whole of it at first."""
        is_another = scene is None or self._scene is None or scene.image is not self._scene.image
        self._scene, self._early = scene, None
        if scene is not None and is_another:
            self._centre = (scene.box.width / 2, scene.box.height / 2)
            self._zoom = 0.0
        self.update()

    def show_early(self, box: Box, header: ImageHeader, alpha_u8: bytes) -> None:
        """Show an early alpha of a box, smaller than that, until the scene is shown anew."""
        self._early = box, header, alpha_u8
        self.update()

    def choose(self, view: str) -> None:
        """Show it that way."""
        self.view = view
        self.update()

    def fit(self, box: Box | None = None) -> None:
        """Show a box, or all."""
        if self._scene is None:
            return
        box = box or self._scene.box
        self._centre = (box.left + box.width / 2, box.top + box.height / 2)
        self._zoom = min(self.width() / box.width, self.height() / box.height, 1.0)
        self.update()

    @property
    def zoom(self) -> float:
        """Screen pixels for one of the layer's."""
        if self._zoom or self._scene is None:
            return self._zoom or 1.0
        box = self._scene.box
        return min(self.width() / box.width, self.height() / box.height, 1.0)

    def event(self, event: QtCore.QEvent) -> bool:
        """Take F and X before Krita's own shortcuts do, where the mouse was last clicked here."""
        if event.type() in (QtCore.QEvent.Type.ShortcutOverride, QtCore.QEvent.Type.KeyPress):
            asked = {
                QtCore.Qt.Key.Key_F: self.next_asked,
                QtCore.Qt.Key.Key_X: self.original_asked,
            }.get(event.key())  # type: ignore[attr-defined] # both are key events
            if asked is not None:
                event.accept()
                if event.type() == QtCore.QEvent.Type.KeyPress:
                    asked.emit()
                return True
        return super().event(event)

    def enterEvent(self, event: object) -> None:
        """The mouse comes in: F and X are meant for the picture."""
        self.setFocus()

    def wheelEvent(self, event: QtGui.QWheelEvent) -> None:
        """Zoom, with what is under the mouse staying there."""
        if self._scene is None:
            return
        place, before = event.position(), self.zoom
        box = self._scene.box
        least = min(self.width() / box.width, self.height() / box.height, 1.0)
        factor = 1.25 if event.angleDelta().y() > 0 else 0.8
        self._zoom = min(max(before * factor, least), _MOST_ENLARGED)
        x, y = place.x() - self.width() / 2, place.y() - self.height() / 2
        change = 1 / before - 1 / self._zoom
        self._centre = (self._centre[0] + x * change, self._centre[1] + y * change)
        self.update()

    def mousePressEvent(self, event: QtGui.QMouseEvent) -> None:
        """Begin to draw or to drag."""
        button = event.button()
        if self.pen is None or button == QtCore.Qt.MouseButton.MiddleButton:
            self._dragged_from = event.pos()
        elif self._scene is not None and not self._is_drawing:
            self._is_drawing = True
            is_swapped = button == QtCore.Qt.MouseButton.RightButton or event.modifiers() & _SWAPS
            self.pen.begin(self._to_image(event.pos()), bool(is_swapped))

    def mouseMoveEvent(self, event: QtGui.QMouseEvent) -> None:
        """Draw or drag on."""
        if self._is_drawing and self.pen is not None:
            self.pen.go(self._to_image(event.pos()))
        if self._dragged_from is not None:
            moved = event.pos() - self._dragged_from
            self._dragged_from = event.pos()
            x, y = self._centre
            self._centre = (x - moved.x() / self.zoom, y - moved.y() / self.zoom)
            self.update()

    def mouseReleaseEvent(self, event: QtGui.QMouseEvent) -> None:
        """Draw or drag no more."""
        self._dragged_from = None
        if self._is_drawing and self.pen is not None:
            self.pen.lift()
        self._is_drawing = False

    def paintEvent(self, event: QtGui.QPaintEvent) -> None:
        """Draw what is in sight."""
        if self._scene is None:
            return
        box = self._in_sight(self._scene.box)
        if box is None:
            return
        step = max(one for one in _STEPS if one <= max(1.0, 1 / self.zoom))
        picture = seen(self._scene, box, step, views.view(self.view, self.colour))
        place = self._place(box)
        painter = QtGui.QPainter(self)
        painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform, self.zoom < 1)
        painter.drawImage(place, picture)
        if self._early is not None:
            early, header, alpha = self._early
            painter.drawImage(self._place(early), grey(alpha, header.width, header.height))
        painter.end()

    def _in_sight(self, whole: Box) -> Box | None:
        """The box of the layer that the widget shows."""
        x, y = self._centre
        across, down = self.width() / self.zoom / 2, self.height() / self.zoom / 2
        left, top = max(int(x - across), 0), max(int(y - down), 0)
        right = min(int(x + across) + 1, whole.width)
        bottom = min(int(y + down) + 1, whole.height)
        return Box(left, top, right - left, bottom - top) if right > left and bottom > top else None

    def _to_image(self, place: QtCore.QPoint) -> tuple[float, float]:
        """Which place of the layer, whose corner is 0, 0, the middle of a pixel of the widget shows."""
        x, y = self._centre
        across = (place.x() + 0.5 - self.width() / 2) / self.zoom
        down = (place.y() + 0.5 - self.height() / 2) / self.zoom
        return x + across, y + down

    def _place(self, box: Box) -> QtCore.QRectF:
        """Where a box lies in the widget."""
        x, y = self._centre
        return QtCore.QRectF(
            (box.left - x) * self.zoom + self.width() / 2,
            (box.top - y) * self.zoom + self.height() / 2,
            box.width * self.zoom,
            box.height * self.zoom,
        )


def seen(scene: Scene, box: Box, step: int, view: View) -> QtGui.QImage:
    """A box of a scene as a view shows it, every `step`-th pixel of it."""
    width, height = -(-box.width // step), -(-box.height // step)
    if view.is_mask:
        picture = _sheet((255, 255, 255), width, height)
    else:
        picture = _layer(scene.image, box, step, width, height)
    picture.setAlphaChannel(_opacity(scene, box, step, view, width, height))
    below = _sheet(view.ground or (0, 0, 0), width, height)
    painter = QtGui.QPainter(below)
    painter.drawImage(0, 0, picture)
    if view.stroke_alpha:
        strokes = _thinned(scene.strokes.data, scene.strokes.width, box, step, 1)
        painter.drawImage(0, 0, _strokes(strokes, view.stroke_alpha, width, height))
    painter.end()
    return below


def grey(levels: bytes, width: int, height: int) -> QtGui.QImage:
    """Levels as a grey picture with memory of its own."""
    kind = QtGui.QImage.Format.Format_Grayscale8
    return QtGui.QImage(levels, width, height, width, kind).copy()


_SWAPS = QtCore.Qt.KeyboardModifier.AltModifier | QtCore.Qt.KeyboardModifier.ControlModifier
"""Keys that draw the opposite, as the right button does."""

_RGB = QtGui.QImage.Format.Format_ARGB32


def _opacity(
    scene: Scene, box: Box, step: int, view: View, width: int, height: int
) -> QtGui.QImage:
    """How opaque each pixel of a box is shown."""
    mask = scene.mask
    if not isinstance(mask, Coarse):
        levels = _thinned(mask.data, mask.width, box, step, 1)
        return grey(levels.translate(view.opacity), width, height)
    header = mask.header
    small = grey(mask.levels.translate(view.opacity), header.width, header.height)
    across, down = header.width / scene.box.width, header.height / scene.box.height
    part = QtCore.QRectF(box.left * across, box.top * down, box.width * across, box.height * down)
    # Qt paints on no grey picture as finely as on one with colours.
    sheet = QtGui.QImage(width, height, QtGui.QImage.Format.Format_RGB32)
    painter = QtGui.QPainter(sheet)
    painter.setRenderHint(QtGui.QPainter.RenderHint.SmoothPixmapTransform, True)
    painter.drawImage(QtCore.QRectF(0, 0, width, height), small, part)
    painter.end()
    return sheet.convertToFormat(QtGui.QImage.Format.Format_Grayscale8)


def _layer(image: Picture, box: Box, step: int, width: int, height: int) -> QtGui.QImage:
    """A layer of any layout of Krita's as an opaque picture."""
    header = image.header
    size = CHANNELS[header.channels] * DTYPES[header.dtype]
    content = miniature.eight_bits(
        _thinned(image.data, header.width, box, step, size), header.dtype
    )
    order = ("y", "y", "y") if header.channels == "graya" else ("b", "g", "r")
    names = header.channels.replace("graya", "ya")
    bgra = bytearray(b"\xff") * (4 * width * height)
    for place, name in enumerate(order):
        bgra[place::4] = content[names.index(name) :: CHANNELS[header.channels]]
    return QtGui.QImage(bytes(bgra), width, height, 4 * width, _RGB).copy()


def _sheet(colour: Colour, width: int, height: int) -> QtGui.QImage:
    """A sheet of one colour."""
    sheet = QtGui.QImage(width, height, _RGB)
    sheet.fill(QtGui.QColor(*colour))
    return sheet


def _strokes(levels: bytes, alpha: int, width: int, height: int) -> QtGui.QImage:
    """Strokes in their colours, clear elsewhere."""
    kind = QtGui.QImage.Format.Format_RGBA8888
    return QtGui.QImage(bytes(views.tinted(levels, alpha)), width, height, 4 * width, kind).copy()


def _thinned(
    data: Sequence[int] | bytes | bytearray | memoryview, width: int, box: Box, step: int, size: int
) -> bytes:
    """Every `step`-th pixel of every `step`-th row of a box, of pixels of `size` bytes in rows of `width`."""
    view = memoryview(data).cast("B")  # type: ignore[arg-type] # bytes of some kind
    rows = []
    for row in range(box.top, box.bottom, step):
        start = (row * width + box.left) * size
        line = view[start : start + box.width * size]
        if step == 1:
            rows.append(bytes(line))
            continue
        kept = bytearray(-(-box.width // step) * size)
        for place in range(size):
            kept[place::size] = line[place :: size * step]
        rows.append(bytes(kept))
    return b"".join(rows)
