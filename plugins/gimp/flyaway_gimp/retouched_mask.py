"""Puts a retouched mask in the place of the layer's own: what was not touched stays bit for bit as GIMP keeps it."""

from __future__ import annotations

import layers
from gi.repository import Gegl, Gimp
from layouts import Layout

from flyaway_client import planes
from flyaway_client.planes import Box, Plane


def changed(layer: Gimp.Layer, before: Plane, after: Plane) -> Box | None:
    """Where the layer's mask is to change from one plane to the other; None where it can stay.

    A layer that has lost its mask since takes the whole.
    """
    return after.box if layer.get_mask() is None else planes.difference(before, after)


def put(layer: Gimp.Layer, layout: Layout, mask: Plane, box: Box) -> None:
    """Change the layer's mask in a box; in the undo step that is open.

    Args:
        layer: whose mask.
        layout: of the plane.
        mask: what the mask is in the box.
        box: elsewhere it stays as it is now.
    """
    new, old = layer.create_mask(Gimp.AddMaskType.BLACK), layer.get_mask()
    if old is not None:
        whole, buffer = layers.whole(new), new.get_buffer()
        old.get_buffer().copy(whole, Gegl.AbyssPolicy.NONE, buffer, whole)
        buffer.flush()
    place = Gegl.Rectangle.new(box.left, box.top, box.width, box.height)
    layers.write(new, place, layout.mask_format, mask.cropped(box))
    _exchange(layer, new)


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
