"""All that touches GIMP's images: which layer is meant, its pixels, and where the alpha goes."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from extraction import LAYER_MASK, NEW_LAYER, LayerPixels, decontaminated, depth_of
from gi.repository import Gegl, Gimp

from flyaway_client.client import Extracted
from flyaway_client.messages import Progress


class DocumentError(Exception):
    """This image, layer or selection cannot be worked on; the text tells the user what to change."""


def client_name() -> str:
    """How the plugin introduces itself to the daemon."""
    return f"gimp {Gimp.version()}"


def find_layer(image: Gimp.Image, drawables: Sequence[Gimp.Drawable]) -> Gimp.Layer:
    """The layer to cut out of.

    Raises:
        DocumentError: not exactly one layer with pixels is selected.
    """
    if not drawables:
        raise DocumentError("There is no layer to cut out of. Select one in the Layers dialog.")
    if len(drawables) > 1:
        raise DocumentError("Several layers are selected. Select the one to cut out of.")
    if image.get_floating_sel() is not None:
        raise DocumentError(
            "The image has a floating selection. Anchor it or make it a layer first."
        )
    drawable = drawables[0]
    # While a layer's mask is being edited, as it is after an extraction, GIMP hands over the mask.
    is_mask = isinstance(drawable, Gimp.LayerMask)
    layer = Gimp.Layer.from_mask(drawable) if is_mask else drawable
    if not isinstance(layer, Gimp.Layer):
        raise DocumentError(f"“{layer.get_name()}” is a channel. Select a layer instead.")
    if kind := _kind_without_photo(layer):
        raise DocumentError(f"“{layer.get_name()}” is a {kind}. Select a layer that holds a photo.")
    return layer


def check_output(layer: Gimp.Layer, output: str) -> None:
    """Make sure that the alpha can go where the user wants it.

    Raises:
        DocumentError: the layer is locked and would have to take a mask.
    """
    item: Gimp.Item | None = layer if output == LAYER_MASK else None
    while item is not None:
        if item.get_lock_content():
            raise DocumentError(
                f"“{item.get_name()}” is locked. Unlock its pixels in the Layers dialog, or choose "
                "another output."
            )
        item = item.get_parent()


def check_plate(layer: Gimp.Layer, plate: Gimp.Layer) -> None:
    """Make sure that the photo of the empty scene can be compared with the layer.

    Raises:
        DocumentError: it is the same layer, or leaves some of it uncovered.
    """
    if plate == layer:
        raise DocumentError(
            f"“{layer.get_name()}” is the layer to cut out of. Choose another layer as the photo of the "
            "empty scene, or none."
        )
    needed = _place_over(layer, plate)
    is_covered = (
        min(needed.x, needed.y) >= 0
        and needed.x + needed.width <= plate.get_width()
        and needed.y + needed.height <= plate.get_height()
    )
    if not is_covered:
        raise DocumentError(
            f"The photo of the empty scene “{plate.get_name()}” does not cover all of the layer "
            f"“{layer.get_name()}”. Move or scale it so that it does, or choose another layer."
        )


def read_layer(
    layer: Gimp.Layer, *, with_selection: bool, plate: Gimp.Layer | None = None
) -> LayerPixels:
    """A layer's pixels, the selection over it if wanted, and the empty scene's if there is one.

    Raises:
        DocumentError: there is a selection, but none of it lies on the layer.
    """
    image = layer.get_image()
    depth = depth_of(image.get_precision().value_nick)

    def read_from(drawable: Gimp.Layer) -> bytes:
        return _read(drawable, _place_over(layer, drawable), depth.image_format)

    return LayerPixels(
        width=layer.get_width(),
        height=layer.get_height(),
        depth=depth,
        image_rgba=read_from(layer),
        selection_u8=_read_selection(layer) if with_selection else None,
        plate_rgba=None if plate is None else read_from(plate),
    )


def show_progress(progress: Progress) -> None:
    """Show how far the work is in the image window's status bar, beside GIMP's own Cancel button."""
    Gimp.progress_set_text(progress.stage)
    Gimp.progress_update(progress.fraction)


def put_alpha(layer: Gimp.Layer, pixels: LayerPixels, extracted: Extracted, output: str) -> None:
    """Put the alpha where the user wants it, in one undo step.

    Raises:
        DocumentError: the layer was deleted or changed its size during the work.
    """
    if not layer.is_valid():
        raise DocumentError("The layer was deleted during the work, so its mask was dropped.")
    if (layer.get_width(), layer.get_height()) != (pixels.width, pixels.height):
        raise DocumentError(
            f"“{layer.get_name()}” changed its size during the work, so its mask was dropped. Run "
            "Extract Foreground again."
        )
    _OUTPUTS[output](layer, pixels, extracted)
    Gimp.displays_flush()


def _kind_without_photo(layer: Gimp.Layer) -> str | None:
    """What the layer is, if it has no pixels of its own."""
    if layer.is_group_layer():
        return "layer group"
    if layer.is_text_layer():
        return "text layer"
    is_vector_layer = getattr(layer, "is_vector_layer", None)  # since GIMP 3.2
    return "vector layer" if is_vector_layer and is_vector_layer() else None


def _place_over(layer: Gimp.Layer, other: Gimp.Layer) -> Gegl.Rectangle:
    """Where `layer` lies, in the coordinates of `other`."""
    _, x, y = layer.get_offsets()
    _, other_x, other_y = other.get_offsets()
    return Gegl.Rectangle.new(x - other_x, y - other_y, layer.get_width(), layer.get_height())


def _read(drawable: Gimp.Drawable, place: Gegl.Rectangle, pixel_format: str) -> bytes:
    """Pixels in a format of babl, which converts from the image's precision and profile."""
    pixels: bytes = drawable.get_buffer().get(place, 1.0, pixel_format, Gegl.AbyssPolicy.NONE)
    return pixels


def _read_selection(layer: Gimp.Layer) -> bytes | None:
    """The selection over the layer, HxW; what lies outside the canvas is not selected."""
    image = layer.get_image()
    if Gimp.Selection.is_empty(image):
        return None
    is_touched, *_ = layer.mask_intersect()
    if not is_touched:
        raise DocumentError(
            f"The selection does not touch the layer “{layer.get_name()}”. Select its subject, or "
            "select nothing to have the subject found."
        )
    _, x, y = layer.get_offsets()
    over_layer = Gegl.Rectangle.new(x, y, layer.get_width(), layer.get_height())
    return _read(image.get_selection(), over_layer, "Y u8")


@contextmanager
def _one_undo_step(image: Gimp.Image) -> Iterator[None]:
    image.undo_group_start()
    try:
        yield
    finally:
        image.undo_group_end()


def _put_layer_mask(layer: Gimp.Layer, pixels: LayerPixels, extracted: Extracted) -> None:
    # Filled before it is attached: nothing in the document changes until the alpha is complete.
    mask = _filled_mask(layer, pixels, extracted)
    with _one_undo_step(layer.get_image()):
        _attach(mask, layer)


def _put_new_layer(layer: Gimp.Layer, pixels: LayerPixels, extracted: Extracted) -> None:
    """A copy of the layer above it, with the subject's own colours and the mask; the layer is hidden."""
    image = layer.get_image()
    copy = layer.copy()
    copy.set_name(f"{layer.get_name()} cutout")
    copy.set_lock_content(False)
    _make_own(copy)
    if extracted.foreground is not None:
        colours = decontaminated(pixels, bytes(extracted.foreground))
        _fill(copy, pixels, pixels.depth.image_format, colours)
    mask = _filled_mask(copy, pixels, extracted)
    with _one_undo_step(image):
        image.insert_layer(copy, layer.get_parent(), image.get_item_position(layer))
        _attach(mask, copy)
        layer.set_visible(False)


def _make_own(layer: Gimp.Layer) -> None:
    """Let the layer keep its pixels: a link layer's, in GIMP 3.2, are its file's again when it is next opened."""
    rasterize = getattr(layer, "rasterize", None)
    if rasterize:
        rasterize()


_OUTPUTS: dict[str, Callable[[Gimp.Layer, LayerPixels, Extracted], None]] = {
    LAYER_MASK: _put_layer_mask,
    NEW_LAYER: _put_new_layer,
}


def _filled_mask(layer: Gimp.Layer, pixels: LayerPixels, extracted: Extracted) -> Gimp.LayerMask:
    """A mask for the layer, not yet attached."""
    mask = layer.create_mask(Gimp.AddMaskType.BLACK)
    _fill(mask, pixels, pixels.depth.mask_format, bytes(extracted.alpha))
    return mask


def _fill(drawable: Gimp.Drawable, size: LayerPixels, pixel_format: str, content: bytes) -> None:
    """Overwrite all pixels of a drawable of the layer's size, which no image shows yet."""
    buffer = drawable.get_buffer()
    buffer.set(Gegl.Rectangle.new(0, 0, size.width, size.height), pixel_format, content)
    buffer.flush()
    drawable.update(0, 0, size.width, size.height)


def _attach(mask: Gimp.LayerMask, layer: Gimp.Layer) -> None:
    """Make `mask` the layer's, in place of one it may have."""
    if layer.get_mask() is not None:
        layer.remove_mask(Gimp.MaskApplyMode.DISCARD)
    layer.add_mask(mask)
