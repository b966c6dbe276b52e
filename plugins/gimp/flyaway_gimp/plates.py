"""The plate: a picture of the scene without the subject, in another layer of this or another image."""

from __future__ import annotations

import layers
from gi.repository import Gegl, Gimp
from layouts import CHANNELS, Layout

from flyaway_client import refusals
from flyaway_client.layer import Picture
from flyaway_client.messages import ImageHeader
from flyaway_client.refusals import DocumentError
from flyaway_client.wording import _


def find(layer: Gimp.Layer, chosen: str) -> Gimp.Layer:
    """The layer that holds the plate for `layer`.

    Args:
        layer: what is cut out of.
        chosen: the identity of the layer that the user has chosen.

    Raises:
        DocumentError: it is the same layer, leaves some of it uncovered, or is gone.
    """
    if chosen == layers.identity(layer):
        raise DocumentError(
            _(
                "“{layer}” is the layer to cut out of. Choose another layer as the photo of the empty "
                "scene, or none."
            ).format(layer=layer.get_name())
        )
    plate = Gimp.Layer.get_by_id(int(chosen))
    if plate is None:
        raise DocumentError(
            _("The layer with the empty scene is gone. Choose another layer, or none.")
        )
    needed = layers.place_over(layer, plate)
    if not _is_within(needed, plate):
        raise refusals.plate_too_small(plate.get_name(), layer.get_name())
    return plate


def read(plate: Gimp.Layer, layer: Gimp.Layer, layout: Layout) -> Picture:
    """The plate's pixels where `layer` lies, in that one's layout."""
    header = ImageHeader(layer.get_width(), layer.get_height(), CHANNELS, layout.image_dtype)
    content = layers.pixels(plate, layers.place_over(layer, plate), layout.image_format)
    return Picture(header, content)


def _is_within(place: Gegl.Rectangle, layer: Gimp.Layer) -> bool:
    return bool(
        min(place.x, place.y) >= 0
        and place.x + place.width <= layer.get_width()
        and place.y + place.height <= layer.get_height()
    )
