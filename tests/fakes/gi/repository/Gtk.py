"""The widgets of the dialogs, without a window."""

from __future__ import annotations

import enum
import re
import time
from collections.abc import Callable

from gi.repository import Gdk, GLib


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

    def set_opacity(self, opacity: float) -> None:
        self.is_visible = opacity > 0

    def set_focus_on_click(self, focus_on_click: bool) -> None: ...

    def show_all(self) -> None: ...

    def set_no_show_all(self, no_show_all: bool) -> None: ...

    def get_sensitive(self) -> bool:
        return self.is_sensitive


class Signals:
    """Who listens to what; `emit` is for tests."""

    def __init__(self) -> None:
        self._handlers: list[tuple[str, Callable[..., object], tuple[object, ...]]] = []

    def connect(self, signal: str, handler: Callable[..., object], *data: object) -> None:
        self._handlers.append((signal, handler, data))

    def emit(self, signal: str, *arguments: object) -> list[object]:
        """What the handlers answer."""
        return [
            handler(self, *arguments, *data)
            for name, handler, data in self._handlers
            if name == signal
        ]


class TextLayout:
    def get_pixel_size(self) -> tuple[int, int]:
        return 0, 34


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
        width_chars: int = -1,
        tooltip_text: str = "",
    ) -> None:
        self.text = label

    def set_text(self, text: str) -> None:
        self.text = text

    def set_max_width_chars(self, width: int) -> None: ...

    def create_pango_layout(self, text: str) -> TextLayout:
        return TextLayout()

    def set_size_request(self, width: int, height: int) -> None: ...

    def set_markup(self, markup: str) -> None:
        """Keep the text, and whether it is marked as a problem."""
        self.is_problem = "<b>" in markup
        text = re.sub(r"<[^>]*>", "", markup)
        self.text = text.replace("&lt;", "<").replace("&amp;", "&")

    def set_mnemonic_widget(self, widget: Widget) -> None: ...


class Button(Widget, Signals):
    def __init__(
        self,
        *,
        label: str = "",
        use_underline: bool = False,
        no_show_all: bool = False,
        tooltip_text: str = "",
        focus_on_click: bool = True,
        valign: Align | None = None,
    ) -> None:
        super().__init__()
        self.label, self.tooltip = label, tooltip_text

    @staticmethod
    def new_from_icon_name(icon_name: str, size: IconSize) -> Button:
        return Button(label=icon_name)

    def set_label(self, label: str) -> None:
        self.label = label

    def click(self) -> None:
        """The user presses it."""
        assert self.is_visible and self.is_sensitive
        self.emit("clicked")


class IconSize(enum.Enum):
    BUTTON = 4


class ToggleButton(Button):
    _is_active = False

    def get_active(self) -> bool:
        return self._is_active

    def set_active(self, is_active: bool) -> None:
        if is_active != self._is_active:
            self._is_active = is_active
            self.emit("toggled")


class CheckButton(ToggleButton):
    def __init__(
        self,
        *,
        label: str,
        active: bool,
        tooltip_text: str,
        focus_on_click: bool,
        margin_start: int = 0,
        no_show_all: bool = False,
    ) -> None:
        super().__init__(label=label, tooltip_text=tooltip_text, no_show_all=no_show_all)
        self._is_active = active


class RadioButton(ToggleButton):
    def __init__(
        self,
        *,
        label: str,
        use_underline: bool,
        draw_indicator: bool,
        group: RadioButton | None = None,
        tooltip_text: str,
        focus_on_click: bool,
        always_show_image: bool = False,
    ) -> None:
        super().__init__(label=label, tooltip_text=tooltip_text)
        self._group: list[RadioButton] = group._group if group else [self]
        if group:
            self._group.append(self)
        self._is_active = group is None

    def set_image(self, image: Image) -> None: ...

    def set_active(self, is_active: bool) -> None:
        if is_active:
            for other in self._group:
                if other is not self:
                    ToggleButton.set_active(other, False)
        super().set_active(is_active)


class ColorButton(Button):
    def __init__(self, *, rgba: Gdk.RGBA, tooltip_text: str, focus_on_click: bool) -> None:
        super().__init__()
        self._rgba = rgba

    def get_rgba(self) -> Gdk.RGBA:
        return self._rgba


class ProgressBar(Widget):
    text = ""
    fraction = 0.0

    def __init__(
        self,
        *,
        show_text: bool = False,
        no_show_all: bool = False,
        width_request: int = -1,
        valign: Align | None = None,
    ) -> None: ...

    def set_text(self, text: str) -> None:
        self.text = text

    def set_fraction(self, fraction: float) -> None:
        self.fraction = fraction


class Align(enum.Enum):
    CENTER = 3


class Image(Widget):
    def __init__(self, *, tooltip_text: str = "") -> None:
        self.tooltip = tooltip_text
        self.pixbuf: object | None = None

    def set_from_pixbuf(self, pixbuf: object) -> None:
        self.pixbuf = pixbuf

    @staticmethod
    def new_from_pixbuf(pixbuf: object) -> Image:
        image = Image()
        image.pixbuf = pixbuf
        return image


class ComboBoxText(Widget):
    def __init__(
        self, *, hexpand: bool = False, tooltip_text: str = "", focus_on_click: bool = True
    ) -> None:
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

    def pack_end(self, child: Widget, expand: bool, fill: bool, padding: int) -> None:
        self.children.append(child)

    def remove(self, child: Widget) -> None:
        self.children.remove(child)

    def set_spacing(self, spacing: int) -> None: ...

    def set_border_width(self, width: int) -> None: ...


class ScrolledWindow(Widget):
    def add(self, child: Widget) -> None: ...


class Grid(Widget):
    def __init__(self, *, column_spacing: int = 0, row_spacing: int = 0) -> None:
        self.children: list[Widget] = []

    def attach(self, child: Widget, left: int, top: int, width: int, height: int) -> None:
        self.children.append(child)


class Adjustment(Signals):
    def __init__(
        self,
        *,
        value: float = 0,
        lower: float = 0,
        upper: float = 0,
        step_increment: float = 0,
        page_increment: float = 0,
    ) -> None:
        super().__init__()
        self._value, self._lower, self._upper, self._page = value, lower, upper, 0.0

    def get_value(self) -> float:
        return self._value

    def set_value(self, value: float) -> None:
        bounded = min(max(value, self._lower), max(self._upper - self._page, self._lower))
        if bounded != self._value:
            self._value = bounded
            self.emit("value-changed")

    def configure(
        self,
        value: float,
        lower: float,
        upper: float,
        step_increment: float,
        page_increment: float,
        page_size: float,
    ) -> None:
        self._lower, self._upper, self._page = lower, upper, page_size
        self.set_value(value)


class Scrollbar(Widget):
    def __init__(self, *, orientation: Orientation, adjustment: Adjustment) -> None:
        self._adjustment = adjustment

    def get_adjustment(self) -> Adjustment:
        return self._adjustment


class Entry(Widget): ...


class SpinButton(Entry):
    def __init__(
        self,
        *,
        adjustment: Adjustment,
        digits: int,
        activates_default: bool,
        tooltip_text: str,
    ) -> None:
        self.adjustment = adjustment


class Scale(Widget):
    def __init__(
        self,
        *,
        adjustment: Adjustment,
        draw_value: bool,
        hexpand: bool,
        width_request: int,
        tooltip_text: str,
    ) -> None:
        self.adjustment = adjustment


class Layout(Widget, Signals):
    def __init__(
        self,
        *,
        hexpand: bool,
        vexpand: bool,
        can_focus: bool,
        width_request: int,
        height_request: int,
    ) -> None:
        super().__init__()
        self.places: dict[Widget, tuple[int, int]] = {}
        self.window = Gdk.Window()

    def put(self, child: Widget, x: int, y: int) -> None:
        self.places[child] = (x, y)

    def move(self, child: Widget, x: int, y: int) -> None:
        assert child in self.places
        self.places[child] = (x, y)

    def add_events(self, events: Gdk.EventMask) -> None: ...

    def grab_focus(self) -> None: ...

    def get_bin_window(self) -> Gdk.Window:
        return self.window


class ResponseType(enum.IntEnum):
    DELETE_EVENT = -4
    OK = -5
    CANCEL = -6


class Settings:
    @staticmethod
    def get_default() -> Settings:
        return Settings()

    def get_property(self, name: str) -> bool:
        assert name == "gtk-dialogs-use-header"
        return False


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


class Window(Widget, Signals):
    focus: Widget | None = None

    def get_focus(self) -> Widget | None:
        return self.focus


class Dialog(Window):
    can_be_accepted = True
    """Whether OK can be pressed."""

    def __init__(self) -> None:
        super().__init__()
        self.ok = Widget()

    def get_widget_for_response(self, response: ResponseType) -> Widget:
        return self.ok if response is ResponseType.OK else Widget()

    def is_active(self) -> bool:
        return True

    def come_back(self) -> None:
        """The user comes back to it from another window."""
        self.emit("notify::is-active")

    def respond(self) -> None:
        """The user presses Cancel, or closes it."""
        self.response(ResponseType.CANCEL)

    def response(self, response: ResponseType) -> None:
        self.emit("response", response)

    def set_response_sensitive(self, response: ResponseType, sensitive: bool) -> None:
        assert response is ResponseType.OK
        self.can_be_accepted = sensitive
