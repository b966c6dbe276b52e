"""The layers of GIMP's images: which can be worked on, where they lie, and what they hold."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import layouts
from gi.repository import Gegl, Gimp

from flyaway_client.refusals import DocumentError
from flyaway_client.wording import _
from flyaway_client.zmtp import Buffer


def of_selected(image: Gimp.Image, drawables: Sequence[Gimp.Drawable]) -> Gimp.Layer:
    """The layer to cut out of when these are the selected ones.

    Raises:
        DocumentError: not exactly one layer with pixels is selected.
    """
    if not drawables:
        raise DocumentError(_("There is no layer to cut out of. Select one in the Layers dialog."))
    if len(drawables) > 1:
        raise DocumentError(_("Several layers are selected. Select the one to cut out of."))
    if image.get_floating_sel() is not None:
        raise DocumentError(
            _("The image has a floating selection. Anchor it or make it a layer first.")
        )
    drawable = drawables[0]
    # While a layer's mask is being edited, as it is after an extraction, GIMP hands over the mask.
    is_mask = isinstance(drawable, Gimp.LayerMask)
    layer = Gimp.Layer.from_mask(drawable) if is_mask else drawable
    if not isinstance(layer, Gimp.Layer):
        raise DocumentError(
            _("“{layer}” is a channel. Select a layer instead.").format(layer=layer.get_name())
        )
    if kind := _kind_without_photo(layer):
        raise DocumentError(
            _("“{layer}” is a {kind}. Select a layer that holds a photo.").format(
                layer=layer.get_name(), kind=kind
            )
        )
    return layer


def check_there(layer: Gimp.Layer) -> None:
    """Make sure that neither the layer nor its image has gone since it was chosen.

    Raises:
        DocumentError: it has.
    """
    if not layer.is_valid():
        raise DocumentError(
            _(
                "The layer is gone: it was deleted, or its image closed. Select another one and open "
                "this dialog again."
            )
        )


def identity(item: Gimp.Item) -> str:
    """What identifies a layer, mask or channel while GIMP runs."""
    return str(item.get_id())


def all_of(image: Gimp.Image) -> list[Gimp.Layer]:
    """All layers of an image, groups and those in them too, the topmost first."""
    return list(_downwards(image.get_layers()))


def _downwards(items: Sequence[Gimp.Layer]) -> Iterator[Gimp.Layer]:
    for item in items:
        yield item
        if item.is_group_layer():
            yield from _downwards(item.get_children())


def check_unlocked(item: Gimp.Item | None) -> None:
    """Make sure that neither the layer nor a group around it is locked.

    Raises:
        DocumentError: one is.
    """
    while item is not None:
        if item.get_lock_content():
            raise DocumentError(
                _(
                    "“{layer}” is locked. Unlock its pixels in the Layers dialog, or choose another output."
                ).format(layer=item.get_name())
            )
        item = item.get_parent()


def place_over(layer: Gimp.Drawable, other: Gimp.Drawable) -> Gegl.Rectangle:
    """Where `layer` lies, in the coordinates of `other`."""
    _, x, y = layer.get_offsets()
    _, other_x, other_y = other.get_offsets()
    return Gegl.Rectangle.new(x - other_x, y - other_y, layer.get_width(), layer.get_height())


def place_in_image(layer: Gimp.Layer) -> Gegl.Rectangle:
    """Where `layer` lies, in the image's coordinates."""
    _, x, y = layer.get_offsets()
    return Gegl.Rectangle.new(x, y, layer.get_width(), layer.get_height())


def whole(drawable: Gimp.Drawable) -> Gegl.Rectangle:
    """All of a drawable, in its own coordinates."""
    return Gegl.Rectangle.new(0, 0, drawable.get_width(), drawable.get_height())


def overlap(place: Gegl.Rectangle, drawable: Gimp.Drawable) -> bool:
    """Whether a place, in the drawable's coordinates, lies on some of it."""
    return bool(
        place.x < drawable.get_width()
        and place.y < drawable.get_height()
        and place.x + place.width > 0
        and place.y + place.height > 0
    )


def cropped(
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


def pixels(drawable: Gimp.Drawable, place: Gegl.Rectangle, pixel_format: str) -> bytes:
    """Pixels in a format of babl, which converts from the image's precision and profile."""
    content: bytes = drawable.get_buffer().get(place, 1.0, pixel_format, Gegl.AbyssPolicy.NONE)
    return content


def native_pixels(drawable: Gimp.Drawable) -> bytes:
    """All pixels as GIMP keeps them, bit for bit."""
    content: bytes = drawable.get_buffer().get(whole(drawable), 1.0, None, Gegl.AbyssPolicy.NONE)
    return content


def fill(drawable: Gimp.Drawable, pixel_format: str, content: bytes) -> None:
    """Overwrite all pixels of a drawable that no image shows yet."""
    write(drawable, whole(drawable), pixel_format, content)


def write(
    drawable: Gimp.Drawable, place: Gegl.Rectangle, pixel_format: str, content: Buffer
) -> None:
    """Overwrite pixels of a drawable that no image shows yet; what lies outside of it is left out."""
    buffer = drawable.get_buffer()
    buffer.set(place, pixel_format, bytes(content))
    buffer.flush()
    drawable.update(0, 0, drawable.get_width(), drawable.get_height())


def keeps(layer: Gimp.Layer, content: bytes) -> bool:
    """Whether GIMP keeps a layer's colours as just those R, G, B and A, or has no A and the same R, G and B."""
    native = native_pixels(layer)
    count = layer.get_width() * layer.get_height()
    own, given = len(native) // count, len(content) // count
    if own not in (given, given * 3 // 4):
        return False
    return all(native[byte::own] == content[byte::given] for byte in range(own))


def write_native(layer: Gimp.Layer, content: bytes) -> None:
    """Overwrite all pixels of a layer that no image shows yet, bit for bit.

    A format's name means sRGB, and GIMP would convert to the image's profile. So the pixels are written into
    an image without a profile, which then is said to have that one.

    Args:
        layer: of an image that is not indexed.
        content: see `native_pixels`.
    """
    image, size = layer.get_image(), (layer.get_width(), layer.get_height())
    precision = image.get_precision().value_nick
    native_format = layouts.native_format(
        precision, is_grey=layer.is_gray(), has_alpha=layer.has_alpha()
    )
    scratch = Gimp.Image.new_with_precision(*size, image.get_base_type(), image.get_precision())
    try:
        twin = Gimp.Layer.new(scratch, "", *size, layer.type(), 100.0, Gimp.LayerMode.NORMAL)
        scratch.insert_layer(twin, None, 0)
        fill(twin, native_format, content)
        if profile := image.get_color_profile():
            scratch.set_color_profile(profile)
        place, buffer = whole(layer), layer.get_buffer()
        twin.get_buffer().copy(place, Gegl.AbyssPolicy.NONE, buffer, place)
        buffer.flush()
        layer.update(0, 0, *size)
    finally:
        scratch.delete()


def _kind_without_photo(layer: Gimp.Layer) -> str | None:
    """What the layer is, if it has no pixels of its own."""
    if layer.is_group_layer():
        return _("layer group")
    if layer.is_text_layer():
        return _("text layer")
    is_vector_layer = getattr(layer, "is_vector_layer", None)  # since GIMP 3.2
    return _("vector layer") if is_vector_layer and is_vector_layer() else None
