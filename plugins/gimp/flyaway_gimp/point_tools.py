"""What dragging means, which of what a click may mean is taken, and the way back."""

from __future__ import annotations

from gi.repository import Gtk
from icon_button import icon_button

from flyaway_client import texts
from flyaway_client.pointing import Pointing
from flyaway_client.wording import _


class PointTools:
    """A row of buttons.

    Args:
        pointing: what they work on.
    """

    def __init__(self, pointing: Pointing) -> None:
        clicks = self._clicks = pointing.clicks
        self.row = Gtk.Box(spacing=6)
        box = Gtk.RadioButton(
            label=_("_Box"),
            use_underline=True,
            draw_indicator=False,
            tooltip_text=texts.with_key(texts.BOX_ABOUT, "B"),
            focus_on_click=False,
        )
        self._stroke = Gtk.RadioButton(
            label=_("_Stroke"),
            use_underline=True,
            draw_indicator=False,
            group=box,
            tooltip_text=texts.with_key(texts.STROKE_ABOUT, "S"),
            focus_on_click=False,
        )
        self._box = box
        box.connect("toggled", lambda *_: self._pick())
        self._next = Gtk.Button(
            label=_("_Next"),
            use_underline=True,
            tooltip_text=texts.with_key(texts.NEXT_MEANING_ABOUT, "Tab"),
            focus_on_click=False,
        )
        self._next.connect("clicked", lambda *_: pointing.cycle())
        self._back = icon_button("edit-undo", _("Take the last click back (Ctrl+Z)"), clicks.back)
        self._forward = icon_button("edit-redo", _("Take it again (Ctrl+Shift+Z)"), clicks.forward)
        self._clear = icon_button(
            "edit-clear", texts.with_key(texts.CLEAR_POINTS_ABOUT, "Delete"), clicks.clear
        )
        for widget in (box, self._stroke, self._next, self._back, self._forward, self._clear):
            self.row.pack_start(widget, False, False, 0)
        self.refresh()

    def take_box(self) -> None:
        """Let dragging make a box."""
        self._box.set_active(True)

    def take_stroke(self) -> None:
        """Let dragging make a stroke."""
        self._stroke.set_active(True)

    def refresh(self) -> None:
        """Show what can be done."""
        self._next.set_sensitive(self._clicks.count > 1)
        self._back.set_sensitive(self._clicks.can_go_back)
        self._forward.set_sensitive(self._clicks.can_go_forward)
        self._clear.set_sensitive(self._clicks.can_go_back)

    def _pick(self) -> None:
        self._clicks.drags_box = self._box.get_active()
