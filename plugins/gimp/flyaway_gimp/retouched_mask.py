"""Puts a retouched mask in the place of the layer's own: what was not touched stays bit for bit as GIMP keeps it."""

from __future__ import annotations

import layers
from gi.repository import Gegl, Gimp
from layouts import Layout

from flyaway_client import planes
from flyaway_client.planes import Plane


def put(layer: Gimp.Layer, layout: Layout, before: Plane, after: Plane) -> None:
    """Change the layer's mask where one plane differs from the other; in the undo step that is open.

    Args:
        layer: takes the whole mask where it has lost its own since.
        layout: of the planes.
        before: the mask as it was read.
        after: what has become of it.
    """
    box = planes.difference(before, after)
    old = layer.get_mask()
    if old is None:
        box = after.box
    elif box is None:
        return
    mask = layer.create_mask(Gimp.AddMaskType.BLACK)
    if old is not None:
        whole, buffer = layers.whole(mask), mask.get_buffer()
        old.get_buffer().copy(whole, Gegl.AbyssPolicy.NONE, buffer, whole)
        buffer.flush()
    place = Gegl.Rectangle.new(box.left, box.top, box.width, box.height)
    layers.write(mask, place, layout.mask_format, after.cropped(box))
    _exchange(layer, mask)


def _exchange(layer: Gimp.Layer, mask: Gimp.LayerMask) -> None:
    """Make `mask` the layer's; whether it is seen, edited or applied stays as it was."""
    if layer.get_mask() is None:
        layer.add_mask(mask)
        return
    is_edited, is_shown = layer.get_edit_mask(), layer.get_show_mask()
    is_applied = layer.get_apply_mask()
    layer.remove_mask(Gimp.MaskApplyMode.DISCARD)
    layer.add_mask(mask)
    layer.set_edit_mask(is_edited)
    layer.set_show_mask(is_shown)
    layer.set_apply_mask(is_applied)
