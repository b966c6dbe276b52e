"""Rectangles, and buffers that convert between the pixel formats the plugin names."""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SAMPLES = {"u8": (np.uint8, 255), "u16": (np.uint16, 65535), "float": (np.float32, 1)}


def init(argv: list[str] | None) -> None: ...


class AbyssPolicy(enum.Enum):
    NONE = 0
    CLAMP = 1


class Color:
    @staticmethod
    def new(text: str) -> Color:
        assert text in ("black", "blue")
        return Color()


@dataclass
class Rectangle:
    x: int
    y: int
    width: int
    height: int

    @staticmethod
    def new(x: int, y: int, width: int, height: int) -> Rectangle:
        return Rectangle(x, y, width, height)


class Buffer:
    """HxWxC float64 0..1: R, G, B, A of a layer, or Y of a mask; C is 4 or 1."""

    def __init__(self, pixels: NDArray[np.float64]) -> None:
        self.pixels = pixels
        self.is_flushed = True

    @staticmethod
    def new(format_name: str, x: int, y: int, width: int, height: int) -> Buffer:
        assert (x, y) == (0, 0)
        channels = 1 if format_name.startswith("Y") else 4
        return Buffer(np.zeros((height, width, channels)))

    def get(
        self, rect: Rectangle, scale: float, format_name: str | None, repeat_mode: AbyssPolicy
    ) -> bytes:
        """Without a format as GIMP keeps them, which here is 8 bits."""
        format_name = format_name or {4: "R'G'B'A u8", 1: "Y u8"}[self.pixels.shape[2]]
        if scale != 1.0 or repeat_mode is not AbyssPolicy.NONE:
            return self._scaled(scale).get(rect, 1.0, format_name, AbyssPolicy.NONE)
        model, sample = format_name.split()
        height, width, channels = self.pixels.shape
        assert model.rstrip("'" if channels == 1 else "") == {4: "R'G'B'A", 1: "Y"}[channels]
        region = np.zeros((rect.height, rect.width, channels))
        for y in range(max(0, -rect.y), min(rect.height, height - rect.y)):
            for x in range(max(0, -rect.x), min(rect.width, width - rect.x)):
                region[y, x] = self.pixels[rect.y + y, rect.x + x]
        dtype, full = SAMPLES[sample]
        scaled = region * full
        return (scaled if full == 1 else np.round(scaled)).astype(dtype).tobytes()

    def _scaled(self, scale: float) -> Buffer:
        """The whole of it larger or smaller, each pixel that of the nearest; a bit beyond the edge as that."""
        height, width, _ = self.pixels.shape
        rows, columns = (
            np.minimum(((np.arange(int(side * scale) + 2) + 0.5) / scale).astype(int), side - 1)
            for side in (height, width)
        )
        return Buffer(self.pixels[rows][:, columns])

    def set(self, rect: Rectangle, format_name: str, data: bytes) -> None:
        """Unlike `get`, this must stay inside: real GIMP ends the plug-in otherwise."""
        height, width, channels = self.pixels.shape
        assert rect.x >= 0 and rect.y >= 0
        assert rect.x + rect.width <= width and rect.y + rect.height <= height
        model, sample = format_name.split()
        models = {4: "R'G'B'A", 3: "R'G'B'", 1: "Y"}
        assert model.rstrip("'~" if channels == 1 else "") == models[channels]
        dtype, full = SAMPLES[sample]
        samples = np.frombuffer(data, dtype).reshape(rect.height, rect.width, channels)
        rows, columns = (
            slice(rect.y, rect.y + rect.height),
            slice(rect.x, rect.x + rect.width),
        )
        self.pixels[rows, columns] = samples.astype(float) / full
        self.is_flushed = False

    def copy(
        self,
        src_rect: Rectangle,
        repeat_mode: AbyssPolicy,
        dst: Buffer,
        dst_rect: Rectangle,
    ) -> None:
        """All of it; the real one converts where they have not the same format."""
        assert src_rect == dst_rect == Rectangle(0, 0, *self.pixels.shape[1::-1])
        dst.pixels = self.pixels.copy()
        dst.is_flushed = False

    def flush(self) -> None:
        self.is_flushed = True
