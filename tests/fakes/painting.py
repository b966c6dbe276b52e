"""Qt's pictures and painter as far as the Krita plugin uses them, worked out with numpy, so that a test can look."""

# ruff: noqa: D101 - named and meant as in Qt

from __future__ import annotations

import enum
from typing import Any

import numpy as np
from numpy.typing import NDArray

Pixels = NDArray[np.uint8]


class QColor:
    def __init__(self, red: int, green: int, blue: int) -> None:
        self.rgb = (red, green, blue)

    def red(self) -> int:
        return self.rgb[0]

    def green(self) -> int:
        return self.rgb[1]

    def blue(self) -> int:
        return self.rgb[2]

    def isValid(self) -> bool:
        return True


class QImage:
    """An image: HxW bytes, or HxWx4 of blue, green, red and opacity."""

    Format = enum.Enum("Format", "Format_Grayscale8 Format_ARGB32 Format_RGBA8888 Format_RGB32")

    def __init__(self, *args: Any) -> None:
        if len(args) == 3:
            width, height, kind = args
            assert kind in (QImage.Format.Format_ARGB32, QImage.Format.Format_RGB32)
            self.pixels: Pixels = np.zeros((height, width, 4), np.uint8)
        else:
            data, width, height, bytes_per_line, kind = args
            assert kind in QImage.Format
            depth = 1 if kind is QImage.Format.Format_Grayscale8 else 4
            assert isinstance(data, bytes)
            assert len(data) == bytes_per_line * height
            assert bytes_per_line == width * depth
            shape = (height, width) if depth == 1 else (height, width, 4)
            self.pixels = np.frombuffer(data, np.uint8).reshape(shape).copy()
            if kind is QImage.Format.Format_RGBA8888:
                self.pixels = self.pixels[..., (2, 1, 0, 3)]

    @property
    def data(self) -> bytes:
        return self.pixels.tobytes()

    @property
    def size(self) -> tuple[int, int]:
        return self.width(), self.height()

    def width(self) -> int:
        return int(self.pixels.shape[1])

    def height(self) -> int:
        return int(self.pixels.shape[0])

    def copy(self) -> QImage:
        other = QImage.__new__(QImage)
        other.pixels = self.pixels.copy()
        return other

    def fill(self, colour: QColor) -> None:
        self.pixels[...] = (*colour.rgb[::-1], 255)

    def convertToFormat(self, kind: enum.Enum) -> QImage:
        assert kind is QImage.Format.Format_Grayscale8
        other = QImage.__new__(QImage)
        other.pixels = self.pixels[..., 0].copy()
        return other

    def setAlphaChannel(self, levels: QImage) -> None:
        self.pixels[..., 3] = levels.pixels


class QPixmap:
    def __init__(self, *size: Any) -> None:
        self.image = size[0]

    @staticmethod
    def fromImage(image: QImage) -> QPixmap:
        return QPixmap(image)

    def fill(self, colour: QColor) -> None:
        self.image = colour.rgb

    def scaled(self, width: int, height: int, aspect: object, transformation: object) -> QPixmap:
        return self


class QIcon:
    def __init__(self, pixmap: QPixmap) -> None:
        self.pixmap = pixmap


class QPainter:
    """Paints at once; what it paints on a widget is kept there, with its place."""

    RenderHint = enum.Enum("RenderHint", "SmoothPixmapTransform")

    def __init__(self, target: Any) -> None:
        self._target = target
        self._opacity = 1.0
        if not isinstance(target, QImage):
            target.painted = []

    def setRenderHint(self, hint: enum.Enum, on: bool) -> None:
        assert hint in QPainter.RenderHint

    def setOpacity(self, opacity: float) -> None:
        self._opacity = opacity

    def drawImage(self, *args: Any) -> None:
        if len(args) == 3 and isinstance(args[1], QImage):
            self._draw_part(*args)
            return
        *place, image = args
        if not isinstance(self._target, QImage):
            self._target.painted.append((place[0], image))
            return
        assert place == [0, 0]
        opacity = image.pixels[..., 3:] / 255 * self._opacity
        mixed = self._target.pixels[..., :3] * (1 - opacity) + image.pixels[..., :3] * opacity
        self._target.pixels[..., :3] = np.rint(mixed)

    def _draw_part(self, place: Any, image: QImage, part: Any) -> None:
        """A part of a grey image over all of another one, without smoothing."""
        height, width = self._target.pixels.shape[:2]
        assert (place.x(), place.y(), place.width(), place.height()) == (0, 0, width, height)
        rows = part.y() + (np.arange(height) + 0.5) * part.height() / height
        columns = part.x() + (np.arange(width) + 0.5) * part.width() / width
        levels = image.pixels[rows.astype(int)[:, None], columns.astype(int)]
        self._target.pixels[..., :3] = levels[..., None]

    def end(self) -> None:
        self._target = None
