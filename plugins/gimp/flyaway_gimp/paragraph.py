"""A label of several lines in the dialog, which can look like a problem."""

from __future__ import annotations

from gi.repository import GLib, Gtk

WIDTH_CHARS = 46


class Paragraph(Gtk.Label):
    """Text that wraps, and can be copied, because it may name a page to fetch a file from."""

    def __init__(self) -> None:
        super().__init__(xalign=0, wrap=True, selectable=True, max_width_chars=WIDTH_CHARS)

    def show_text(self, text: str) -> None:
        """Show a text, less marked than what stands beside it."""
        self.set_markup(f'<span alpha="70%">{GLib.markup_escape_text(text)}</span>')

    def show_problem(self, text: str) -> None:
        """Show what went wrong, so that it looks like it."""
        self.set_markup(f'<b><span color="#d0453a">{GLib.markup_escape_text(text)}</span></b>')
