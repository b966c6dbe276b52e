"""The strokes in the document: a channel that is not seen, kept with the image and taken up again tomorrow."""

from __future__ import annotations

from dataclasses import dataclass

import layers
from gi.repository import Gegl, Gimp

from flyaway_client import hints
from flyaway_client.planes import Plane
from flyaway_client.views import SETTLED_STROKES

NAME = "Flyaway strokes"

_FORMAT = "Y' u8"
"""As seen, which stays so when the image is converted to another precision."""

_PAINT_FORMAT = "R'G'B'A u8"

_PARASITE = "flyaway-strokes"
"""What says whose strokes they are and where that lay; kept in the file with the channel."""


def read(layer: Gimp.Layer) -> Plane | None:
    """The strokes on a layer from before; None where there are none, or they were another layer's or size's."""
    channel = _find(layer.get_image())
    if channel is None:
        return _painted(layer)
    place = layers.place_over(layer, channel)
    parasite = channel.get_parasite(_PARASITE)
    if parasite is not None:  # else they were made otherwise, and the name is to be trusted
        whose = _Whose.read(parasite)
        now = _Whose.of(layer)
        if whose is None or (whose.layer, whose.size) != (now.layer, now.size):
            return None
        if (
            whose.canvas == now.canvas
        ):  # else cut or enlarged, which the channel has gone along with
            place.x, place.y = whose.place
    levels = layers.pixels(channel, place, _FORMAT)
    return Plane(place.width, place.height, 1, levels.translate(SETTLED_STROKES))


def _painted(layer: Gimp.Layer) -> Plane | None:
    """What Krita's users have painted as hints on the layer above it; it comes with files that keep layers, such as .ora."""
    parent = layer.get_parent()
    siblings = layer.get_image().get_layers() if parent is None else parent.get_children()
    above = siblings[: siblings.index(layer)][-1:]
    if not above or not above[0].get_name().startswith(hints.LAYER):
        return None
    place = layers.place_over(layer, above[0])
    paint = bytearray(layers.pixels(above[0], place, _PAINT_FORMAT))
    paint[0::4], paint[2::4] = paint[2::4], paint[0::4]
    return Plane(place.width, place.height, 1, hints.levels(paint))


@dataclass(frozen=True, slots=True)
class _Whose:
    """Which layer strokes are on: its number, which stays in the file; as large as it and the canvas were; where."""

    layer: int
    size: tuple[int, int]
    canvas: tuple[int, int]
    place: tuple[int, int]

    @staticmethod
    def of(layer: Gimp.Layer) -> _Whose:
        """As it is now."""
        _, x, y = layer.get_offsets()
        image = layer.get_image()
        canvas = image.get_width(), image.get_height()
        size = layer.get_width(), layer.get_height()
        return _Whose(layer.get_tattoo(), size, canvas, (x, y))

    @staticmethod
    def read(parasite: Gimp.Parasite) -> _Whose | None:
        """As it was; None where that cannot be read."""
        try:
            number, *sides = map(int, bytes(parasite.get_data()).split())
            width, height, canvas_width, canvas_height, x, y = sides
        except ValueError:
            return None
        return _Whose(number, (width, height), (canvas_width, canvas_height), (x, y))

    def written(self) -> Gimp.Parasite:
        """To be kept with the channel."""
        numbers = (self.layer, *self.size, *self.canvas, *self.place)
        return Gimp.Parasite.new(
            _PARASITE, Gimp.PARASITE_PERSISTENT, " ".join(map(str, numbers)).encode()
        )


def put(layer: Gimp.Layer, strokes: Plane) -> None:
    """Keep strokes in place of those of before; in the undo step that is open. None are no channel."""
    image = layer.get_image()
    old = _find(image)
    is_empty = strokes.data.count(0) == len(strokes.data)
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
    layers.write(channel, place, _FORMAT, levels)
    channel.set_visible(False)
    channel.attach_parasite(_Whose.of(layer).written())
    return channel


def _find(image: Gimp.Image) -> Gimp.Channel | None:
    return next((one for one in image.get_channels() if one.get_name() == NAME), None)
