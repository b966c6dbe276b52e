"""How the mask is looked at: the view, the overlay's colour, how large."""

from __future__ import annotations

from canvas import Canvas
from gi.repository import Gdk, Gtk
from icon_button import icon_button

from flyaway_client import texts, views
from flyaway_client.views import Colour
from flyaway_client.wording import _


class LookRow:
    """A row of choices.

    Args:
        canvas: what shows it.
        overlay: the overlay's colour at first.
    """

    def __init__(self, canvas: Canvas, overlay: Colour) -> None:
        self._canvas = canvas
        self.row = Gtk.Box(spacing=6)
        label = Gtk.Label(label=_("_View"), use_underline=True)
        self._menu = Gtk.ComboBoxText(tooltip_text=f"{texts.VIEW_ABOUT} (F)", focus_on_click=False)
        for entry in views.ENTRIES:
            self._menu.append(entry.name, entry.label)
        label.set_mnemonic_widget(self._menu)
        self._colour = Gtk.ColorButton(
            rgba=_rgba(overlay), tooltip_text=_("The overlay's colour"), focus_on_click=False
        )
        self._original = Gtk.ToggleButton(
            label=_("_Original"),
            use_underline=True,
            tooltip_text=f"{texts.ORIGINAL_ABOUT} (X)",
            focus_on_click=False,
        )
        self._scale = Gtk.Label(width_chars=6, xalign=1)
        for widget in (label, self._menu, self._colour, self._original):
            self.row.pack_start(widget, False, False, 0)
        for icon, about, pressed in (
            ("zoom-fit-best", _("Show all of the layer (0)"), canvas.fit),
            ("zoom-original", _("Show each pixel as one (1)"), lambda: canvas.zoom(1.0)),
            ("zoom-in", _("Closer (+)"), lambda: canvas.step(1)),
            ("zoom-out", _("Further away (-)"), lambda: canvas.step(-1)),
        ):
            self.row.pack_end(icon_button(icon, about, pressed), False, False, 0)
        self.row.pack_end(self._scale, False, False, 0)
        self._menu.connect("changed", lambda *_: self._show())
        self._colour.connect("color-set", lambda *_: self._show())
        self._original.connect("toggled", lambda *_: self._show())
        canvas.scaled = self._show_scale
        self._menu.set_active_id(views.OVERLAY)

    @property
    def view(self) -> str:
        """The view's name."""
        return self._menu.get_active_id() or views.OVERLAY

    @property
    def overlay(self) -> Colour:
        """The overlay's colour."""
        rgba = self._colour.get_rgba()
        red, green, blue = (round(255 * share) for share in (rgba.red, rgba.green, rgba.blue))
        return red, green, blue

    def go_on(self) -> None:
        """Take the next view."""
        self._menu.set_active_id(views.following(self.view))

    def toggle_original(self) -> None:
        """Show the layer without the mask, or with it again."""
        self._original.set_active(not self._original.get_active())

    def _show(self) -> None:
        name = views.ORIGINAL if self._original.get_active() else self.view
        self._colour.set_sensitive(name == views.OVERLAY)
        self._canvas.show_view(views.view(name, self.overlay))

    def _show_scale(self, scale: float) -> None:
        percent = 100 * scale
        self._scale.set_text(f"{percent:.{1 if percent < 10 else 0}f} %")


def _rgba(colour: Colour) -> Gdk.RGBA:
    red, green, blue = (level / 255 for level in colour)
    return Gdk.RGBA(red, green, blue, 1.0)
