"""Where the result goes in GIMP: what each output makes of the alpha, in one undo step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import layers
import layouts
from gi.repository import Gegl, Gimp
from layouts import Layout

from flyaway_client.layer import Picture, decontaminated, mixed_runs
from flyaway_client.messages import DTYPES
from flyaway_client.options import CUTOUT, LAYER_MASK, NEW_LAYER, REFINED_MASK, SELECTION
from flyaway_client.zmtp import Buffer


@dataclass(frozen=True, slots=True)
class Result:
    """What becomes of a layer.

    Attributes:
        layout: of the alpha, and of the image's pixels where they are not lossless.
        alpha: how much of each pixel is the subject.
        image: the layer's pixels as they were read; None where their colours are to stay.
        foreground: the subject's own colours where the output shows them.
    """

    layout: Layout
    alpha: Buffer
    image: Picture | None = None
    foreground: Buffer | None = None


def put(output: str, layer: Gimp.Layer, result: Result) -> None:
    """Make what the user wants of a layer.

    Args:
        output: one of flyaway_client.options.
        layer: what the subject was cut out of.
        result: what was found.
    """
    _OUTPUTS[output](layer, result)
    Gimp.displays_flush()


def _put_layer_mask(layer: Gimp.Layer, result: Result) -> None:
    # Filled before it is attached: nothing in the document changes until the alpha is complete.
    mask = _filled_mask(layer, result)
    with one_undo_step(layer.get_image()):
        _attach(mask, layer)


def _put_new_layer(layer: Gimp.Layer, result: Result) -> None:
    with one_undo_step(layer.get_image()):
        _insert_copy(layer, result)


def _put_cutout(layer: Gimp.Layer, result: Result) -> None:
    with one_undo_step(layer.get_image()):
        copy = _insert_copy(layer, result)
        copy.remove_mask(Gimp.MaskApplyMode.APPLY)


def _insert_copy(layer: Gimp.Layer, result: Result) -> Gimp.Layer:
    """A copy of the layer above it, with the subject's own colours and the mask; the layer is hidden."""
    document = layer.get_image()
    copy = layer.copy()
    copy.set_name(f"{layer.get_name()} cutout")
    copy.set_lock_content(False)
    _rasterize(copy)
    if result.image is not None and result.foreground is not None:
        _decontaminate(copy, result.image, result, result.foreground)
    mask = _filled_mask(copy, result)
    document.insert_layer(copy, layer.get_parent(), document.get_item_position(layer))
    _attach(mask, copy)
    layer.set_visible(False)
    return copy


def _put_selection(layer: Gimp.Layer, result: Result) -> None:
    """The alpha as the image's selection, by way of a channel, for plug-ins may not write into a selection."""
    document, layout = layer.get_image(), result.layout
    width, height = document.get_width(), document.get_height()
    channel = Gimp.Channel.new(document, "Flyaway", width, height, 0, Gegl.Color.new("black"))
    place = layers.place_in_image(layer)
    sample_bytes = DTYPES[layout.mask_dtype]
    on_canvas, alpha = layers.cropped(place, width, height, result.alpha, sample_bytes)
    channel_format = layouts.channel_format(document.get_precision().value_nick, layout)
    layers.write(channel, on_canvas, channel_format, alpha)
    with one_undo_step(document):
        document.insert_channel(channel, None, 0)
        document.select_item(Gimp.ChannelOps.REPLACE, channel)
        document.remove_channel(channel)


_OUTPUTS: dict[str, Callable[[Gimp.Layer, Result], None]] = {
    LAYER_MASK: _put_layer_mask,
    REFINED_MASK: _put_layer_mask,
    NEW_LAYER: _put_new_layer,
    SELECTION: _put_selection,
    CUTOUT: _put_cutout,
}


def _decontaminate(copy: Gimp.Layer, image: Picture, result: Result, foreground: Buffer) -> None:
    """Give a copy of the layer the subject's own colours; all pixels that are not mixed stay bit for bit."""
    layout, alpha = result.layout, result.alpha
    colours = decontaminated(image, foreground, alpha, layout.mask_dtype)
    if image.header.dtype != layouts.LOSSLESS_DTYPE:
        layers.fill(copy, layout.image_format, colours)
        return
    native = bytearray(layers.native_pixels(copy))
    layers.fill(copy, layouts.LOSSLESS_FORMAT, colours)
    if copy.is_indexed():
        return  # its palette gives each colour back as it was
    # Colours on their way through another format come back nearly, not wholly, as they were.
    after, size = layers.native_pixels(copy), len(native) // image.header.pixels
    for run in mixed_runs(alpha, layout.mask_dtype):
        place = slice(run.start * size, run.stop * size)
        native[place] = after[place]
    layers.write_native(copy, bytes(native))


def _rasterize(layer: Gimp.Layer) -> None:
    """Let the layer keep its pixels: a link layer's, in GIMP 3.2, are its file's again when it is next opened."""
    rasterize = getattr(layer, "rasterize", None)
    if rasterize:
        rasterize()


def _filled_mask(layer: Gimp.Layer, result: Result) -> Gimp.LayerMask:
    """A mask for the layer, not yet attached."""
    mask = layer.create_mask(Gimp.AddMaskType.BLACK)
    layers.fill(mask, result.layout.mask_format, bytes(result.alpha))
    return mask


def _attach(mask: Gimp.LayerMask, layer: Gimp.Layer) -> None:
    """Make `mask` the layer's, in place of one it may have."""
    if layer.get_mask() is not None:
        layer.remove_mask(Gimp.MaskApplyMode.DISCARD)
    layer.add_mask(mask)


@contextmanager
def one_undo_step(image: Gimp.Image) -> Iterator[None]:
    """Make all that is done within one step of GIMP's undo history; such steps may lie within each other."""
    image.undo_group_start()
    try:
        yield
    finally:
        image.undo_group_end()
