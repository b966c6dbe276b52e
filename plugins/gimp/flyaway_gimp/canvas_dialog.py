"""The window of a dialog with a canvas in it, with nothing in it yet."""

from __future__ import annotations

from gi.repository import GimpUi, Gtk

from flyaway_client.wording import _


def build(title: str, role: str, accept: str, size_px: tuple[int, int]) -> GimpUi.Dialog:
    """The window, before GIMP's own.

    Args:
        title: of the window.
        role: by which window managers know it.
        accept: the label of the button that Return presses; the other one cancels.
        size_px: width and height at first.
    """
    use_header = Gtk.Settings.get_default().get_property("gtk-dialogs-use-header")
    dialog = GimpUi.Dialog(title=title, role=role, use_header_bar=use_header)
    dialog.add_button(_("_Cancel"), Gtk.ResponseType.CANCEL)
    dialog.add_button(accept, Gtk.ResponseType.OK)
    dialog.set_default_response(Gtk.ResponseType.OK)
    dialog.set_default_size(*size_px)
    GimpUi.window_set_transient(dialog)
    area = dialog.get_content_area()
    area.set_spacing(6)
    area.set_border_width(12)
    return dialog
