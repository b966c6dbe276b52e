"""A mask of the whole layer in small, as the canvas shows it."""

from __future__ import annotations

from gi.repository import Gegl
from layouts import EIGHT_BITS

from flyaway_client.messages import ImageHeader
from flyaway_client.planes import Box


class CoarseMask:
    """Levels of 8 bits as large as a layer; at first all of it is in the mask.

    Args:
        width: of the layer.
        height: of the layer.
    """

    def __init__(self, width: int, height: int) -> None:
        self._box = Box(0, 0, width, height)
        self.buffer = Gegl.Buffer.new(EIGHT_BITS.mask_format, 0, 0, width, height)
        self.clear()

    def show(self, header: ImageHeader, levels: bytes) -> None:
        """Show a mask of the whole layer, smaller than that."""
        self._write(enlarged(header, levels, self._box))

    def clear(self) -> None:
        """Show all of the layer."""
        self._write(b"\xff" * (self._box.width * self._box.height))

    def _write(self, levels: bytes) -> None:
        place = Gegl.Rectangle.new(0, 0, self._box.width, self._box.height)
        self.buffer.set(place, EIGHT_BITS.mask_format, levels)


def enlarged(header: ImageHeader, alpha_u8: bytes, box: Box) -> bytes:
    """A small alpha made as large as a box."""
    mask_format = EIGHT_BITS.mask_format
    small = Gegl.Buffer.new(mask_format, 0, 0, header.width, header.height)
    small.set(Gegl.Rectangle.new(0, 0, header.width, header.height), mask_format, alpha_u8)
    scale = max(box.width / header.width, box.height / header.height)
    place = Gegl.Rectangle.new(0, 0, box.width, box.height)
    content: bytes = small.get(place, scale, mask_format, Gegl.AbyssPolicy.CLAMP)
    return content
