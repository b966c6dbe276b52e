"""The widgets of the dialog's engine row, without a window."""

from __future__ import annotations

import enum
import re
import time
from collections.abc import Callable

from gi.repository import GLib


class Widget:
    is_sensitive = True
    is_visible = True
    tooltip = ""

    def set_tooltip_text(self, text: str) -> None:
        self.tooltip = text

    def show(self) -> None:
        self.is_visible = True

    def set_sensitive(self, sensitive: bool) -> None:
        self.is_sensitive = sensitive

    def set_visible(self, visible: bool) -> None:
        self.is_visible = visible

    def show_all(self) -> None: ...

    def set_no_show_all(self, no_show_all: bool) -> None: ...

    def get_sensitive(self) -> bool:
        return self.is_sensitive


class Label(Widget):
    def __init__(
        self,
        *,
        label: str = "",
        use_underline: bool = False,
        xalign: float = 0.5,
        wrap: bool = False,
        selectable: bool = False,
        max_width_chars: int = -1,
    ) -> None:
        self.text = label

    def set_markup(self, markup: str) -> None:
        """Keep the text, and whether it is marked as a problem."""
        self.is_problem = "<b>" in markup
        text = re.sub(r"<[^>]*>", "", markup)
        self.text = text.replace("&lt;", "<").replace("&amp;", "&")

    def set_mnemonic_widget(self, widget: Widget) -> None: ...


class Button(Widget):
    label = ""

    def __init__(self, *, use_underline: bool = False, no_show_all: bool = False) -> None:
        self._clicked: list[Callable[[Button], object]] = []

    def connect(self, signal: str, handler: Callable[[Button], object]) -> None:
        assert signal == "clicked"
        self._clicked.append(handler)

    def set_label(self, label: str) -> None:
        self.label = label

    def click(self) -> None:
        """The user presses it."""
        assert self.is_visible and self.is_sensitive
        for handler in self._clicked:
            handler(self)


class ProgressBar(Widget):
    text = ""
    fraction = 0.0

    def __init__(self, *, show_text: bool = False, no_show_all: bool = False) -> None: ...

    def set_text(self, text: str) -> None:
        self.text = text

    def set_fraction(self, fraction: float) -> None:
        self.fraction = fraction


class Image(Widget):
    def __init__(self, *, tooltip_text: str = "") -> None:
        self.tooltip = tooltip_text
        self.pixbuf: object | None = None

    def set_from_pixbuf(self, pixbuf: object) -> None:
        self.pixbuf = pixbuf


class ComboBoxText(Widget):
    def __init__(self, *, hexpand: bool = False, tooltip_text: str = "") -> None:
        self.tooltip = tooltip_text
        self.rows: list[tuple[str, str]] = []
        self.is_open = False
        self._active: str | None = None
        self._changed: list[Callable[[ComboBoxText], object]] = []

    def connect(self, signal: str, handler: Callable[[ComboBoxText], object]) -> None:
        assert signal == "changed"
        self._changed.append(handler)

    def append(self, id: str, text: str) -> None:
        self.rows.append((id, text))

    def popup(self) -> None:
        self.is_open = True

    def popdown(self) -> None:
        self.is_open = False

    def remove_all(self) -> None:
        assert not self.is_open, "what comes next would not be seen"
        self.rows.clear()
        self.set_active_id(None)

    def get_active_id(self) -> str | None:
        return self._active

    def set_active_id(self, id: str | None) -> bool:
        is_known = id is None or id in dict(self.rows)
        if is_known and id != self._active:
            self._active = id
            for handler in self._changed:
                handler(self)
        return is_known


class SizeGroupMode(enum.Enum):
    HORIZONTAL = 1


class SizeGroup:
    def __init__(self, *, mode: SizeGroupMode) -> None: ...

    def add_widget(self, widget: Widget) -> None: ...


class Orientation(enum.Enum):
    HORIZONTAL = 0
    VERTICAL = 1


class Expander(Widget):
    is_expanded = False

    def __init__(
        self, *, label: str = "", use_underline: bool = False, tooltip_text: str = ""
    ) -> None:
        self.tooltip = tooltip_text

    def add(self, child: Widget) -> None:
        self.child = child

    def set_expanded(self, expanded: bool) -> None:
        self.is_expanded = expanded


class Box(Widget):
    def __init__(
        self,
        *,
        spacing: int = 0,
        orientation: Orientation = Orientation.HORIZONTAL,
        no_show_all: bool = False,
    ) -> None:
        self.is_visible = not no_show_all
        self.children: list[Widget] = []

    def pack_start(self, child: Widget, expand: bool, fill: bool, padding: int) -> None:
        self.children.append(child)


class ResponseType(enum.Enum):
    OK = -5
    CANCEL = -6


_is_over = False


def main() -> None:
    """Turn the main loop until somebody has called `main_quit`."""
    global _is_over
    _is_over = False
    while not _is_over:
        GLib.turn()
        time.sleep(0.005)


def main_quit() -> None:
    global _is_over
    _is_over = True


class Dialog(Widget):
    can_be_accepted = True
    """Whether OK can be pressed."""

    def __init__(self) -> None:
        self._responses: list[Callable[..., object]] = []
        self._activations: list[Callable[..., object]] = []
        self.ok = Widget()

    def connect(self, signal: str, handler: Callable[..., object]) -> None:
        handlers = {"response": self._responses, "notify::is-active": self._activations}
        handlers[signal].append(handler)

    def get_widget_for_response(self, response: ResponseType) -> Widget:
        return self.ok if response is ResponseType.OK else Widget()

    def is_active(self) -> bool:
        return True

    def come_back(self) -> None:
        """The user comes back to it from another window."""
        for handler in self._activations:
            handler(self)

    def respond(self) -> None:
        """The user presses Cancel, or closes it."""
        for handler in self._responses:
            handler(self, ResponseType.CANCEL)

    def set_response_sensitive(self, response: ResponseType, sensitive: bool) -> None:
        assert response is ResponseType.OK
        self.can_be_accepted = sensitive
