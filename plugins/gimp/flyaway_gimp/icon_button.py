"""A button with a sign of the desktop's on it, which leaves the keyboard where it is."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gtk


def icon_button(icon: str, about: str, pressed: Callable[[], object]) -> Gtk.Button:
    """A button.

    Args:
        icon: the name of the sign.
        about: its tooltip.
        pressed: called when it is pressed.
    """
    button = Gtk.Button.new_from_icon_name(icon, Gtk.IconSize.BUTTON)
    button.set_tooltip_text(about)
    button.set_focus_on_click(False)
    button.connect("clicked", lambda *_: pressed())
    return button
