"""The keys of the dialogs with a canvas, beside those of their labels: editors' usual ones."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from canvas import Canvas
from gi.repository import Gdk, Gtk
from look_row import LookRow

Action = Callable[[], object]


class Keys:
    """Listens to the keys of a window before its widgets do.

    Args:
        window: which.
        plain: what keys do by their names, unless digits are being typed.
        with_control: what they do with Ctrl held, always.
        held: called with whether the space bar is held.
        is_free: says whether anything may be done now.
    """

    def __init__(
        self,
        window: Gtk.Window,
        plain: Mapping[str, Action],
        with_control: Mapping[str, Action],
        held: Callable[[bool], object],
        is_free: Callable[[], bool],
    ) -> None:
        self._window, self._held, self._is_free = window, held, is_free
        self._plain, self._with_control = plain, with_control
        window.connect("key-press-event", self._press)
        window.connect("key-release-event", self._release)

    def _press(self, _window: Gtk.Window, event: Gdk.EventKey) -> bool:
        if not self._is_free():
            return False
        name = Gdk.keyval_name(event.keyval)
        if event.state & Gdk.ModifierType.MOD1_MASK:
            return False  # a label's own key
        if event.state & Gdk.ModifierType.CONTROL_MASK:
            return _do(self._with_control.get(name))
        if isinstance(self._window.get_focus(), Gtk.Entry):
            return False
        if name == "space":
            self._held(True)
            return True
        return _do(self._plain.get(name))

    def _release(self, _window: Gtk.Window, event: Gdk.EventKey) -> bool:
        if Gdk.keyval_name(event.keyval) == "space":
            self._held(False)
        return False


def looking(canvas: Canvas, look: LookRow) -> dict[str, Action]:
    """What keys alone do to the view."""
    closer, further = lambda: canvas.step(1), lambda: canvas.step(-1)
    return {
        "plus": closer,
        "equal": closer,
        "KP_Add": closer,
        "minus": further,
        "KP_Subtract": further,
        "f": look.go_on,
        "x": look.toggle_original,
        **scaling(canvas),
    }


def scaling(canvas: Canvas) -> dict[str, Action]:
    """What digits do to it, with Ctrl held or not."""
    return {"0": canvas.fit, "1": lambda: canvas.zoom(1.0)}


def _do(action: Action | None) -> bool:
    """Whether there was something to do."""
    if action is None:
        return False
    action()
    return True
