"""Which selection counts in GIMP: the image's own, or what the user has it taken from: a mask, a channel, a layer."""

from __future__ import annotations

from collections.abc import Callable

import layers
import layouts
from gi.repository import Gegl, Gimp

from flyaway_client import painted, refusals, texts
from flyaway_client.wording import _

DESELECT = _("Select > None")

Read = Callable[[Gegl.Rectangle], bytes]
"""Gives the levels at a place of the layer, HxW, in the layer's own coordinates."""


def candidates(layer: Gimp.Layer) -> list[tuple[str, str]]:
    """What the selection of a layer can be taken from, as identities and labels: first the selection itself."""
    image, mask = layer.get_image(), layer.get_mask()
    return [
        ("", texts.FROM_SELECTION),
        *([(layers.identity(mask), _("Layer mask"))] if mask is not None else []),
        *(
            (layers.identity(one), _("Channel “{name}”").format(name=one.get_name()))
            for one in image.get_channels()
        ),
        *(
            (layers.identity(one), texts.from_layer(one.get_name()))
            for one in layers.all_of(image)
            if one.get_id() != layer.get_id()
        ),
    ]


def find(layer: Gimp.Layer, chosen: str) -> Gimp.Drawable | None:
    """What the selection of a layer is to be taken from; None for the image's selection.

    Raises:
        DocumentError: it is the layer itself, lies beside it, or is gone.
    """
    if not chosen:
        return None
    if chosen == layers.identity(layer):
        raise refusals.source_is_layer(layer.get_name())
    source = Gimp.Item.get_by_id(int(chosen))
    if not isinstance(source, Gimp.Drawable):
        raise refusals.source_gone()
    if not layers.overlap(layers.place_over(layer, source), source):
        raise refusals.source_beside(source.get_name(), layer.get_name())
    return source


def reader(layer: Gimp.Layer, source: Gimp.Drawable | None) -> Read | None:
    """Gives the levels that count for a layer; None where nothing is selected.

    Args:
        layer: what is to be cut out of.
        source: what `find` has found.

    Raises:
        DocumentError: there is a selection, but none of it lies on the layer.
    """
    if source is None:
        image = layer.get_image()
        if Gimp.Selection.is_empty(image):
            return None
        is_touched, *_ = layer.mask_intersect()
        if not is_touched:
            raise refusals.selection_beside(layer.get_name(), DESELECT)
        source = image.get_selection()
    if isinstance(source, Gimp.Layer):
        colours = _reader(layer, source, layouts.EIGHT_BITS.image_format)
        return lambda place: painted.levels(colours(place), layouts.CHANNELS)
    # The levels are what is kept, in 8 bits whatever that is called: a selection that came of the Quick Mask is kept
    # otherwise in GIMP 3.2 than one that was drawn, and 128 would be read as 55.
    return _reader(layer, source, None if source.get_bpp() == 1 else layouts.SELECTION_FORMAT)


def check_painted(levels: bytes, source: Gimp.Drawable | None, layer: Gimp.Layer) -> None:
    """Make sure that there is something of the subject in levels that were taken from `source`.

    Raises:
        DocumentError: there is nothing.
    """
    if source is None:
        return  # GIMP itself has said that some of it is selected
    empty = levels.count(0)
    if isinstance(source, Gimp.Layer):
        empty = max(empty, levels.count(painted.UNKNOWN))
    if empty == len(levels):
        raise refusals.source_empty(source.get_name(), layer.get_name())


def _reader(layer: Gimp.Layer, drawable: Gimp.Drawable, pixel_format: str | None) -> Read:
    buffer, over = drawable.get_buffer(), layers.place_over(layer, drawable)

    def read(place: Gegl.Rectangle) -> bytes:
        there = Gegl.Rectangle.new(over.x + place.x, over.y + place.y, place.width, place.height)
        content: bytes = buffer.get(there, 1.0, pixel_format, Gegl.AbyssPolicy.NONE)
        return content

    return read
