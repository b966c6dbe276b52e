"""The layer that is retouched, as it was when the dialog opened: copies, which stay whatever becomes of the layer."""

from __future__ import annotations

from dataclasses import dataclass

import layers
import layouts
import selections
from gi.repository import Gegl, Gimp
from layouts import Layout

from flyaway_client import refusals
from flyaway_client.messages import DTYPES, ImageHeader
from flyaway_client.planes import Plane
from flyaway_client.refusals import DocumentError
from flyaway_client.retouching import Image
from flyaway_client.wording import _

_IS_SELECTED = bytes(255 * (level > 127) for level in range(256))


@dataclass(frozen=True, slots=True)
class Subject:
    """A layer with a mask.

    Attributes:
        layer: which may be gone since.
        layout: how its pixels travel.
        pixels: a copy, of the layout's `image_format`.
        mask: a copy, samples of the layout's `mask_dtype`.
    """

    layer: Gimp.Layer
    layout: Layout
    pixels: Gegl.Buffer
    mask: Plane

    @property
    def width(self) -> int:
        """Of the layer."""
        return self.mask.width

    @property
    def height(self) -> int:
        """Of the layer."""
        return self.mask.height

    def image(self) -> Image:
        """The pixels as the daemon gets them; may be called in a thread."""
        return image_of(self.pixels, self.layout, self.width, self.height)

    def selected(self) -> bytes | None:
        """Where the layer is selected now, a byte a pixel, more than 0 where rather so; None where nothing is.

        Raises:
            DocumentError: the layer is gone or has another size now, or none of it is selected.
        """
        self.check_same()
        read = selections.reader(self.layer, None)
        if read is None:
            return None
        return read(layers.whole(self.layer)).translate(_IS_SELECTED)

    def check_same(self) -> None:
        """Make sure that the layer is there, and as large as it was.

        Raises:
            DocumentError: it is not.
        """
        layer = self.layer
        if not layer.is_valid():
            raise DocumentError(
                _(
                    "The layer is gone: it was deleted, or its image closed. There is nothing to put the "
                    "mask on."
                )
            )
        if (layer.get_width(), layer.get_height()) != (self.width, self.height):
            raise DocumentError(
                _(
                    "“{layer}” has changed its size since this dialog was opened. Undo that in GIMP, or "
                    "close this dialog and open it again."
                ).format(layer=layer.get_name())
            )


def of(layer: Gimp.Layer) -> Subject:
    """Copy a layer and its mask.

    Raises:
        DocumentError: it is gone, or has no mask.
    """
    layers.check_there(layer)
    mask = layer.get_mask()
    if mask is None:
        raise refusals.nothing_to_refine(layer.get_name())
    layout, copy = copied(layer)
    samples = layers.pixels(mask, layers.whole(mask), layout.mask_format)
    plane = Plane(layer.get_width(), layer.get_height(), DTYPES[layout.mask_dtype], samples)
    return Subject(layer, layout, copy, plane)


def copied(layer: Gimp.Layer) -> tuple[Layout, Gegl.Buffer]:
    """A copy of a layer's pixels, and how they are laid out.

    Raises:
        DocumentError: the layer is gone.
    """
    Gegl.init(None)  # which GIMP leaves to those that make buffers of their own
    layers.check_there(layer)
    layout = layouts.layout_of(layer.get_image().get_precision().value_nick)
    place = layers.whole(layer)
    copy = Gegl.Buffer.new(layout.image_format, 0, 0, place.width, place.height)
    layer.get_buffer().copy(place, Gegl.AbyssPolicy.NONE, copy, place)
    return layout, copy


def image_of(pixels: Gegl.Buffer, layout: Layout, width: int, height: int) -> Image:
    """A copy as the daemon gets it; may be called in a thread, for the copy is this process's own."""
    place = Gegl.Rectangle.new(0, 0, width, height)
    header = ImageHeader(width, height, layouts.CHANNELS, layout.image_dtype)
    return Image(header, pixels.get(place, 1.0, layout.image_format, Gegl.AbyssPolicy.NONE))
