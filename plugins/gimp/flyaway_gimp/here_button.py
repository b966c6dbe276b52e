"""The offer to do on this computer what another one that works for it could not."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gtk

from flyaway_client import texts


class HereButton(Gtk.Button):
    """Seen only while there is something to offer."""

    def __init__(self) -> None:
        super().__init__(
            label=texts.DO_IT_HERE,
            tooltip_text=texts.DO_IT_HERE_ABOUT,
            no_show_all=True,
            focus_on_click=False,  # keys are the canvas's, where there is one
            valign=Gtk.Align.CENTER,
        )
        self._do: Callable[[], object] | None = None
        self.withdraw()
        self.connect("clicked", lambda *_: self._press())

    def offer(self, do: Callable[[], object]) -> None:
        """Offer what is done when it is pressed, once."""
        self._do = do
        self.set_visible(True)

    def withdraw(self) -> None:
        """Offer nothing."""
        self._do = None
        self.set_visible(False)

    def _press(self) -> None:
        do = self._do
        self.withdraw()
        if do is not None:
            do()
