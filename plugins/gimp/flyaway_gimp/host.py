"""From GIMP's image and back: which layer is meant, what of it is sent, and where the alpha goes."""

from __future__ import annotations

from dataclasses import dataclass

import layers
import layouts
import outputs
import plates
import selections
from gi.repository import Gegl, Gimp
from layouts import Layout

from flyaway_client import miniature, refusals
from flyaway_client.client import Extracted
from flyaway_client.layer import LayerPixels, Picture
from flyaway_client.messages import CHANNELS, ImageHeader
from flyaway_client.miniature import Miniature
from flyaway_client.options import REFINED_MASK, Options
from flyaway_client.refusals import DocumentError
from flyaway_client.wording import _


@dataclass(frozen=True, slots=True)
class Target:
    """The layer of one extraction, and the plate's if there is one.

    Attributes:
        source: what the selection is taken from; None for the image's own.
        layout: how pixels of the layer travel.
    """

    layer: Gimp.Layer
    plate: Gimp.Layer | None
    source: Gimp.Drawable | None
    layout: Layout


def client_name() -> str:
    """How the plugin introduces itself to the daemon."""
    return f"gimp {Gimp.version()}"


def find_target(layer: Gimp.Layer, options: Options) -> Target:
    """All that is needed to cut out of the layer; nothing is read yet.

    Raises:
        DocumentError: the layer is gone, would have to take a mask and is locked, or the plate or what the
            selection is taken from does not fit.
    """
    layers.check_there(layer)
    if options.changes_layer:
        layers.check_unlocked(layer)
    plate = plates.find(layer, options.plate) if options.needs_plate else None
    source = selections.find(layer, options.selection_from) if options.uses_selection else None
    layout = layouts.layout_of(layer.get_image().get_precision().value_nick)
    return Target(layer, plate, source, layout)


def read(target: Target, options: Options) -> LayerPixels:
    """The layer's pixels, the selection over them if it is to be used, and the plate's.

    Raises:
        DocumentError: there is a selection, but none of it lies on the layer.
    """
    layer, layout, plate = target.layer, target.layout, target.plate
    selection = _read_selection(target) if options.uses_selection else None
    mask = None
    if options.output == REFINED_MASK:
        if selection is None:
            raise refusals.nowhere_to_refine()
        mask = _read_mask(target)
    return LayerPixels(
        image=read_image(layer, layout, wants_foreground=options.wants_foreground),
        selection_u8=selection,
        mask=mask,
        plate=None if plate is None else plates.read(plate, layer, layout),
    )


def miniature_of(target: Target, options: Options) -> Miniature | None:
    """Small copies of the layer and of its selection; None where nothing is selected or it is not to be used.

    Raises:
        DocumentError: there is a selection, but none of it lies on the layer.
    """
    layer = target.layer
    read = selections.reader(layer, target.source) if options.uses_selection else None
    if read is None:
        return None
    width, height = layer.get_width(), layer.get_height()
    samples = CHANNELS[layouts.CHANNELS]
    pixels = layer.get_buffer()

    def row(number: int) -> Gegl.Rectangle:
        return Gegl.Rectangle.new(0, number, width, 1)

    def image_row(number: int) -> bytes:
        content: bytes = pixels.get(
            row(number), 1.0, layouts.EIGHT_BITS.image_format, Gegl.AbyssPolicy.NONE
        )
        return content

    selection, partly_px = miniature.shrunk_levels(lambda number: read(row(number)), width, height)
    selections.check_painted(selection, target.source, layer)
    return Miniature(
        width,
        height,
        ImageHeader(*miniature.size(width, height), layouts.CHANNELS, "u8"),
        miniature.shrunk(image_row, width, height, 1, samples),
        selection,
        partly_px,
    )


def put(target: Target, pixels: LayerPixels, extracted: Extracted, output: str) -> None:
    """Put the alpha where the user wants it.

    Raises:
        DocumentError: the layer was deleted or changed its size during the work.
    """
    layer, size = target.layer, pixels.image.header
    if not layer.is_valid():
        raise DocumentError(_("The layer was deleted during the work, so its mask was dropped."))
    if (layer.get_width(), layer.get_height()) != (size.width, size.height):
        raise DocumentError(
            _(
                "“{layer}” changed its size during the work, so its mask was dropped. Run Extract "
                "Foreground again."
            ).format(layer=layer.get_name())
        )
    result = outputs.Result(target.layout, extracted.alpha, pixels.image, extracted.foreground)
    outputs.put(output, layer, result)


def read_image(layer: Gimp.Layer, layout: Layout, *, wants_foreground: bool) -> Picture:
    """The layer's pixels. Where its colours come back, none are cut to what others can show."""
    width, height = layer.get_width(), layer.get_height()
    place = layers.place_over(layer, layer)
    dtype, content = layout.image_dtype, layers.pixels(layer, place, layout.image_format)
    if wants_foreground and not layers.keeps(layer, content):
        dtype = layouts.LOSSLESS_DTYPE
        content = layers.pixels(layer, place, layouts.LOSSLESS_FORMAT)
    return Picture(ImageHeader(width, height, layouts.CHANNELS, dtype), content)


def _read_mask(target: Target) -> Picture:
    """The mask of the layer, which is to be refined."""
    layer, layout = target.layer, target.layout
    mask = layer.get_mask()
    if mask is None:
        raise refusals.nothing_to_refine(layer.get_name())
    header = ImageHeader(layer.get_width(), layer.get_height(), "gray", layout.mask_dtype)
    content = layers.pixels(mask, layers.place_over(layer, layer), layout.mask_format)
    return Picture(header, content)


def _read_selection(target: Target) -> bytes | None:
    """What counts as the selection over the layer, HxW; what lies outside the canvas is not selected."""
    layer, source = target.layer, target.source
    read = selections.reader(layer, source)
    if read is None:
        return None
    levels = read(layers.whole(layer))
    selections.check_painted(levels, source, layer)
    return levels
