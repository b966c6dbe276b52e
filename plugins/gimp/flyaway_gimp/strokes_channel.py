"""The strokes in the document: a channel that is not seen, kept with the image and taken up again tomorrow."""

from __future__ import annotations

import layers
import layouts
from gi.repository import Gegl, Gimp
from layouts import EIGHT_BITS

from flyaway_client.planes import Plane
from flyaway_client.views import SETTLED_STROKES

NAME = "Flyaway strokes"

_PARASITE = "flyaway-strokes"
"""What says whose strokes they are; kept in the file with the channel."""


def read(layer: Gimp.Layer) -> Plane | None:
    """The strokes on a layer from before; None where there are none, or they were another layer's or size's."""
    channel = _find(layer.get_image())
    if channel is None or not _fits(channel, layer):
        return None
    levels = layers.pixels(channel, layers.place_over(layer, channel), _format(layer))
    return Plane(layer.get_width(), layer.get_height(), 1, levels.translate(SETTLED_STROKES))


def put(layer: Gimp.Layer, strokes: Plane) -> None:
    """Keep strokes in place of those of before; in the undo step that is open. None are no channel."""
    image = layer.get_image()
    old = _find(image)
    is_empty = not any(strokes.data)
    if old is None and is_empty:
        return
    selected = image.get_selected_drawables()
    if old is not None:
        image.remove_channel(old)
    if not is_empty:
        image.insert_channel(_channel(layer, strokes), None, 0)
    # GIMP has selected the channel: the brush would paint on it.
    if all(one.is_valid() and isinstance(one, Gimp.Layer | Gimp.LayerMask) for one in selected):
        image.set_selected_layers([layer])


def _channel(layer: Gimp.Layer, strokes: Plane) -> Gimp.Channel:
    """Strokes as a channel that is in no image yet."""
    image = layer.get_image()
    size = image.get_width(), image.get_height()
    channel = Gimp.Channel.new(image, NAME, *size, 50.0, Gegl.Color.new("blue"))
    place, levels = layers.cropped(layers.place_in_image(layer), *size, strokes.data, 1)
    layers.write(channel, place, _format(layer), levels)
    channel.set_visible(False)
    whose = Gimp.Parasite.new(_PARASITE, Gimp.PARASITE_PERSISTENT, _owner(layer))
    channel.attach_parasite(whose)
    return channel


def _find(image: Gimp.Image) -> Gimp.Channel | None:
    return next((one for one in image.get_channels() if one.get_name() == NAME), None)


def _fits(channel: Gimp.Channel, layer: Gimp.Layer) -> bool:
    """Whether they are the strokes on that layer, of the size that it has; of those without a sign we trust the name."""
    whose = channel.get_parasite(_PARASITE)
    return whose is None or bytes(whose.get_data()) == _owner(layer)


def _owner(layer: Gimp.Layer) -> bytes:
    """The layer's number, which stays in the file, and its size."""
    return f"{layer.get_tattoo()} {layer.get_width()} {layer.get_height()}".encode()


def _format(layer: Gimp.Layer) -> str:
    """How levels are written and read such that they are those that GIMP shows."""
    return layouts.channel_format(layer.get_image().get_precision().value_nick, EIGHT_BITS)
