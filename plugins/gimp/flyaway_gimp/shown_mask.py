"""The mask as the canvas shows it: the easel's, with a coarse look at what is being solved, or adjusted as a whole."""

from __future__ import annotations

from collections.abc import Callable

from coarse_mask import enlarged
from gi.repository import Gegl
from layouts import EIGHT_BITS, Layout

from flyaway_client import planes
from flyaway_client.easel import Easel
from flyaway_client.messages import ImageHeader
from flyaway_client.planes import Box
from flyaway_client.retouching import Patch


class ShownMask:
    """Levels of 8 bits.

    Args:
        easel: the mask.
        layout: of its samples.
        changed: called with where it looks otherwise now.
    """

    def __init__(self, easel: Easel, layout: Layout, changed: Callable[[Box], object]) -> None:
        self._easel, self._layout, self._changed = easel, layout, changed
        mask = easel.mask
        self.buffer = Gegl.Buffer.new(EIGHT_BITS.mask_format, 0, 0, mask.width, mask.height)
        self._write(mask.box, layout.mask_format, bytes(mask.data))

    def update(self, box: Box) -> None:
        """Show the easel's mask in a box."""
        self._write(box, self._layout.mask_format, self._easel.mask.cropped(box))
        self._changed(box)

    def show_preview(self, patch: Patch, header: ImageHeader, alpha_u8: bytes) -> None:
        """Show a coarse look at a patch where that is being solved."""
        assert patch.inside is not None
        box = Box(patch.left, patch.top, patch.width, patch.height)
        self.update(box)
        coarse = enlarged(header, alpha_u8, box)
        levels = planes.chosen(patch.inside, coarse, self.levels(box))
        self._write(box, EIGHT_BITS.mask_format, levels)
        self._changed(box)

    def show(self, levels: bytes) -> None:
        """Show other levels for the whole of it, until the next update."""
        box = self._easel.mask.box
        self._write(box, EIGHT_BITS.mask_format, levels)
        self._changed(box)

    def unadjusted(self) -> bytes:
        """The whole of the easel's mask as levels of 8 bits."""
        mask = self._easel.mask
        if mask.sample_bytes == 1:
            return bytes(mask.data)
        whole = _rectangle(mask.box)
        samples = Gegl.Buffer.new(self._layout.mask_format, 0, 0, mask.width, mask.height)
        samples.set(whole, self._layout.mask_format, bytes(mask.data))
        content: bytes = samples.get(whole, 1.0, EIGHT_BITS.mask_format, Gegl.AbyssPolicy.NONE)
        return content

    def levels(self, box: Box) -> bytes:
        """What is shown in a box."""
        content: bytes = self.buffer.get(
            _rectangle(box), 1.0, EIGHT_BITS.mask_format, Gegl.AbyssPolicy.NONE
        )
        return content

    def _write(self, box: Box, mask_format: str, samples: bytes) -> None:
        self.buffer.set(_rectangle(box), mask_format, samples)


def _rectangle(box: Box) -> Gegl.Rectangle:
    return Gegl.Rectangle.new(box.left, box.top, box.width, box.height)
