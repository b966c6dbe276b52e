"""An early alpha, shown small while the work goes on."""

from __future__ import annotations

from gi.repository import GdkPixbuf, GLib, Gtk

from flyaway_client.messages import ImageHeader
from flyaway_client.wording import _

SIDE_PX = 256
"""At most."""


class PreviewPicture(Gtk.Image):
    """A picture of the alpha, white on the subject."""

    def __init__(self) -> None:
        super().__init__(tooltip_text=_("The mask as far as it is found"))

    def show_alpha(self, header: ImageHeader, alpha_u8: bytes) -> None:
        """Show an alpha, "gray" and "u8"."""
        self.set_from_pixbuf(_picture(header, alpha_u8))


def _picture(header: ImageHeader, alpha_u8: bytes) -> GdkPixbuf.Pixbuf:
    width, height = header.width, header.height
    rgb = bytearray(3 * len(alpha_u8))
    for channel in range(3):
        rgb[channel::3] = alpha_u8
    pixels = GLib.Bytes.new(bytes(rgb))
    picture = GdkPixbuf.Pixbuf.new_from_bytes(
        pixels, GdkPixbuf.Colorspace.RGB, False, 8, width, height, 3 * width
    )
    scale = SIDE_PX / max(width, height)
    if scale >= 1:
        return picture
    smooth = GdkPixbuf.InterpType.BILINEAR
    return picture.scale_simple(max(1, round(scale * width)), max(1, round(scale * height)), smooth)
