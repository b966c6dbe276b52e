"""Where the result goes in GIMP: what each output makes of the alpha, in one undo step."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

import layers
import layouts
from gi.repository import Gegl, Gimp
from layouts import Layout

from flyaway_client.client import Extracted
from flyaway_client.layer import Picture, decontaminated, mixed_runs
from flyaway_client.messages import DTYPES
from flyaway_client.options import LAYER_MASK, NEW_LAYER, REFINED_MASK, SELECTION
from flyaway_client.zmtp import Buffer


def put(
    output: str, layer: Gimp.Layer, image: Picture, layout: Layout, extracted: Extracted
) -> None:
    """Make what the user wants of a layer and its alpha.

    Args:
        output: one of flyaway_client.options.
        layer: what the subject was cut out of.
        image: the layer's pixels as they were read.
        layout: of `image` and of the alpha.
        extracted: the alpha, and the subject's own colours where the output shows them.
    """
    _OUTPUTS[output](layer, image, layout, extracted)
    Gimp.displays_flush()


def _put_layer_mask(
    layer: Gimp.Layer, _image: Picture, layout: Layout, extracted: Extracted
) -> None:
    # Filled before it is attached: nothing in the document changes until the alpha is complete.
    mask = _filled_mask(layer, layout, extracted)
    with _one_undo_step(layer.get_image()):
        _attach(mask, layer)


def _put_new_layer(layer: Gimp.Layer, image: Picture, layout: Layout, extracted: Extracted) -> None:
    """A copy of the layer above it, with the subject's own colours and the mask; the layer is hidden."""
    document = layer.get_image()
    copy = layer.copy()
    copy.set_name(f"{layer.get_name()} cutout")
    copy.set_lock_content(False)
    _rasterize(copy)
    if extracted.foreground is not None:
        _decontaminate(copy, image, layout, extracted, extracted.foreground)
    mask = _filled_mask(copy, layout, extracted)
    with _one_undo_step(document):
        document.insert_layer(copy, layer.get_parent(), document.get_item_position(layer))
        _attach(mask, copy)
        layer.set_visible(False)


def _put_selection(
    layer: Gimp.Layer, _image: Picture, layout: Layout, extracted: Extracted
) -> None:
    """The alpha as the image's selection, by way of a channel, for plug-ins may not write into a selection."""
    document = layer.get_image()
    width, height = document.get_width(), document.get_height()
    channel = Gimp.Channel.new(document, "Flyaway", width, height, 0, Gegl.Color.new("black"))
    place = layers.place_in_image(layer)
    on_canvas, alpha = _cropped(place, width, height, extracted.alpha, DTYPES[layout.mask_dtype])
    channel_format = layouts.channel_format(document.get_precision().value_nick, layout)
    layers.write(channel, on_canvas, channel_format, alpha)
    with _one_undo_step(document):
        document.insert_channel(channel, None, 0)
        document.select_item(Gimp.ChannelOps.REPLACE, channel)
        document.remove_channel(channel)


_OUTPUTS: dict[str, Callable[[Gimp.Layer, Picture, Layout, Extracted], None]] = {
    LAYER_MASK: _put_layer_mask,
    REFINED_MASK: _put_layer_mask,
    NEW_LAYER: _put_new_layer,
    SELECTION: _put_selection,
}


def _decontaminate(
    copy: Gimp.Layer, image: Picture, layout: Layout, extracted: Extracted, foreground: Buffer
) -> None:
    """Give a copy of the layer the subject's own colours; all pixels that are not mixed stay bit for bit."""
    colours = decontaminated(image, foreground, extracted.alpha, layout.mask_dtype)
    if image.header.dtype != layouts.LOSSLESS_DTYPE:
        layers.fill(copy, layout.image_format, colours)
        return
    native = bytearray(layers.native_pixels(copy))
    layers.fill(copy, layouts.LOSSLESS_FORMAT, colours)
    if copy.is_indexed():
        return  # its palette gives each colour back as it was
    # Colours on their way through another format come back nearly, not wholly, as they were.
    after, size = layers.native_pixels(copy), len(native) // image.header.pixels
    for run in mixed_runs(extracted.alpha, layout.mask_dtype):
        place = slice(run.start * size, run.stop * size)
        native[place] = after[place]
    layers.write_native(copy, bytes(native))


def _cropped(
    place: Gegl.Rectangle, width: int, height: int, alpha: Buffer, sample_bytes: int
) -> tuple[Gegl.Rectangle, bytes]:
    """What of an alpha at a place lies on a canvas of that size: where, and its samples."""
    left, top = max(place.x, 0), max(place.y, 0)
    right, bottom = min(place.x + place.width, width), min(place.y + place.height, height)
    rows, row_bytes = memoryview(alpha), place.width * sample_bytes
    start, end = (left - place.x) * sample_bytes, (right - place.x) * sample_bytes
    offsets = range((top - place.y) * row_bytes, (bottom - place.y) * row_bytes, row_bytes)
    content = b"".join(rows[offset + start : offset + end] for offset in offsets)
    return Gegl.Rectangle.new(left, top, right - left, bottom - top), content


def _rasterize(layer: Gimp.Layer) -> None:
    """Let the layer keep its pixels: a link layer's, in GIMP 3.2, are its file's again when it is next opened."""
    rasterize = getattr(layer, "rasterize", None)
    if rasterize:
        rasterize()


def _filled_mask(layer: Gimp.Layer, layout: Layout, extracted: Extracted) -> Gimp.LayerMask:
    """A mask for the layer, not yet attached."""
    mask = layer.create_mask(Gimp.AddMaskType.BLACK)
    layers.fill(mask, layout.mask_format, bytes(extracted.alpha))
    return mask


def _attach(mask: Gimp.LayerMask, layer: Gimp.Layer) -> None:
    """Make `mask` the layer's, in place of one it may have."""
    if layer.get_mask() is not None:
        layer.remove_mask(Gimp.MaskApplyMode.DISCARD)
    layer.add_mask(mask)


@contextmanager
def _one_undo_step(image: Gimp.Image) -> Iterator[None]:
    image.undo_group_start()
    try:
        yield
    finally:
        image.undo_group_end()
