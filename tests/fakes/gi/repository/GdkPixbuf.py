"""Pictures as GTK shows them; keeps the bytes that they are made of."""

from __future__ import annotations

import enum

from gi.repository import GLib


class Colorspace(enum.Enum):
    RGB = 0


class InterpType(enum.Enum):
    BILINEAR = 2


class Pixbuf:
    def __init__(self, content: bytes, width: int, height: int) -> None:
        self.content, self.size = content, (width, height)

    @staticmethod
    def new_from_bytes(
        data: GLib.Bytes,
        colorspace: Colorspace,
        has_alpha: bool,
        bits_per_sample: int,
        width: int,
        height: int,
        rowstride: int,
    ) -> Pixbuf:
        assert colorspace is Colorspace.RGB and not has_alpha and bits_per_sample == 8
        assert rowstride == 3 * width and len(data.content) == rowstride * height
        return Pixbuf(data.content, width, height)

    def scale_simple(self, width: int, height: int, interp_type: InterpType) -> Pixbuf:
        assert interp_type is InterpType.BILINEAR
        return Pixbuf(self.content, width, height)
