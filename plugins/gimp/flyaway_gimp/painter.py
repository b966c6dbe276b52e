"""Paints what is seen of a layer under its mask into a picture of GTK; the work is done by GEGL and GdkPixbuf in C."""

from __future__ import annotations

from gi.repository import GdkPixbuf, Gegl, GLib

from flyaway_client.planes import Box, Plane
from flyaway_client.viewport import Viewport
from flyaway_client.views import Colour, View, tinted

_CHECKS = (0x999999, 0x666666)
_CHECK_PX = 8
"""What GIMP, too, shows where there is nothing."""

_WHITE = b"\xff\xff\xff\xff"


class Painter:
    """Paints one layer.

    Args:
        pixels: the layer's.
        is_opaque: whether they have no transparency of their own.
        mask: the levels to show as its mask.
        strokes: a level of messages.py a pixel.
    """

    def __init__(
        self, pixels: Gegl.Buffer, is_opaque: bool, mask: Gegl.Buffer, strokes: Plane
    ) -> None:
        self._pixels, self._is_opaque = pixels, is_opaque
        self._mask, self._strokes = mask, strokes

    def paint(
        self, picture: GdkPixbuf.Pixbuf, viewport: Viewport, samples: Box, view: View
    ) -> None:
        """Paint a part of what is shown.

        Args:
            picture: of all that `viewport` shows.
            viewport: what of the layer is seen.
            samples: the part, in samples of the viewport.
            view: how it is looked at.
        """
        part = _Part(picture, viewport, samples)
        size = samples.width * samples.height
        if view.is_mask:
            content = bytearray(_WHITE) * size
        else:
            content = bytearray(self._fetch(part, self._pixels, "R'G'B'A u8"))
            if not self._is_opaque:
                content = _flattened(content, samples, view.beneath)
        levels = self._fetch(part, self._mask, "Y u8")
        content[3::4] = levels.translate(view.opacity)
        part.lay(content, view.ground)
        if view.stroke_alpha:
            strokes = self._strokes_in(part)
            if strokes.strip(b"\0"):
                part.lay_over(tinted(strokes, view.stroke_alpha))

    def _fetch(self, part: _Part, buffer: Gegl.Buffer, pixel_format: str) -> bytes:
        box = part.samples
        place = Gegl.Rectangle.new(box.left, box.top, box.width, box.height)
        scale = part.viewport.sampling
        content: bytes = buffer.get(place, scale, pixel_format, Gegl.AbyssPolicy.CLAMP)
        return content

    def _strokes_in(self, part: _Part) -> bytes:
        """The strokes' levels, each sample that of one pixel."""
        box, scale, strokes = part.samples, part.viewport.sampling, self._strokes
        if scale == 1:
            return strokes.cropped(box)
        columns = [
            min(int((box.left + x + 0.5) / scale), strokes.width - 1) for x in range(box.width)
        ]
        first, beyond = columns[0], columns[-1] + 1
        places = [column - first for column in columns]
        rows = []
        for y in range(box.height):
            row = min(int((box.top + y + 0.5) / scale), strokes.height - 1) * strokes.width
            pixels = strokes.data[row + first : row + beyond]
            # Most rows have no stroke in them.
            drawn = pixels.strip(b"\0")
            rows.append(bytes(map(pixels.__getitem__, places)) if drawn else bytes(box.width))
        return b"".join(rows)


class _Part:
    """A part of a picture that is painted anew."""

    def __init__(self, picture: GdkPixbuf.Pixbuf, viewport: Viewport, samples: Box) -> None:
        self._picture, self.viewport, self.samples = picture, viewport, samples
        shown, by = viewport.shown, viewport.magnification
        self._place = Box(
            (samples.left - shown.left) * by,
            (samples.top - shown.top) * by,
            samples.width * by,
            samples.height * by,
        )

    def lay(self, rgba: bytearray, ground: Colour | None) -> None:
        """Paint pixels upon a ground; None: checks."""
        by = self.viewport.magnification
        _lay(rgba, self.samples, self._picture, self._place, by, ground)

    def lay_over(self, rgba: bytearray) -> None:
        """Paint pixels upon what is there."""
        by, place = self.viewport.magnification, self._place
        _pixbuf(rgba, self.samples).composite(
            self._picture,
            place.left,
            place.top,
            place.width,
            place.height,
            place.left,
            place.top,
            by,
            by,
            GdkPixbuf.InterpType.NEAREST,
            255,
        )


def _flattened(rgba: bytearray, samples: Box, ground: Colour | None) -> bytearray:
    """Pixels with their own transparency upon a ground, opaque."""
    flat = GdkPixbuf.Pixbuf.new(GdkPixbuf.Colorspace.RGB, True, 8, samples.width, samples.height)
    _lay(rgba, samples, flat, Box(0, 0, samples.width, samples.height), 1, ground)
    return bytearray(flat.get_pixels())


def _lay(
    rgba: bytearray,
    samples: Box,
    picture: GdkPixbuf.Pixbuf,
    place: Box,
    by: int,
    ground: Colour | None,
) -> None:
    """Paint pixels, each `by` times as large, upon a ground at a place of a picture; None: checks."""
    light, dark = _CHECKS if ground is None else (_packed(ground), _packed(ground))
    _pixbuf(rgba, samples).composite_color(
        picture,
        place.left,
        place.top,
        place.width,
        place.height,
        place.left,
        place.top,
        by,
        by,
        GdkPixbuf.InterpType.NEAREST,
        255,
        samples.left * by,
        samples.top * by,
        _CHECK_PX,
        light,
        dark,
    )


def _pixbuf(rgba: bytearray, samples: Box) -> GdkPixbuf.Pixbuf:
    return GdkPixbuf.Pixbuf.new_from_bytes(
        GLib.Bytes.new(bytes(rgba)),
        GdkPixbuf.Colorspace.RGB,
        True,
        8,
        samples.width,
        samples.height,
        4 * samples.width,
    )


def _packed(colour: Colour) -> int:
    red, green, blue = colour
    return red << 16 | green << 8 | blue
