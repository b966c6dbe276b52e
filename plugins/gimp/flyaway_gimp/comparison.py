"""Runs one comparison of engines, from the layer to the sheet as an image of its own."""

from __future__ import annotations

from functools import partial

import compare_options
import host
import layers
from extraction import Watch
from gi.repository import Gimp

from flyaway_client import calls, texts
from flyaway_client.comparing import Sheet

_FORMAT = "R'G'B' u8"
"""A sheet's pixels, as babl calls them."""


def compare(layer: Gimp.Layer, config: Gimp.ProcedureConfig, watch: Watch) -> Sheet:
    """Have engines cut the subject out of what is selected of the layer; nothing of its image changes.

    Args:
        layer: which.
        config: the options of Compare Engines.
        watch: shows how far the work is.

    Raises:
        DocumentError: it cannot be cut out of.
        ClientError: any of flyaway_client.errors.
    """
    chosen, image = compare_options.load(config), layer.get_image()
    pixels = host.read(host.find_target(layer, chosen), chosen)
    work = partial(
        calls.compare,
        host.client_name(),
        pixels,
        chosen,
        compare_options.engines(config),
        layer.get_name(),
    )
    return watch.wait(work, image)


def as_image(sheet: Sheet) -> Gimp.Image:
    """A new image with the sheet; it is not shown yet."""
    width, height = sheet.header.width, sheet.header.height
    image = Gimp.Image.new_with_precision(
        width, height, Gimp.ImageBaseType.RGB, Gimp.Precision.U8_NON_LINEAR
    )
    layer = Gimp.Layer.new(
        image,
        texts.COMPARISON,
        width,
        height,
        Gimp.ImageType.RGB_IMAGE,
        100.0,
        Gimp.LayerMode.NORMAL,
    )
    image.undo_disable()  # else the first Ctrl+Z would leave it empty
    image.insert_layer(layer, None, 0)
    layers.fill(layer, _FORMAT, sheet.pixels)
    image.undo_enable()
    return image
