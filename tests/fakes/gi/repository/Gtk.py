"""The widgets of the dialog's engine row, without a window."""

from __future__ import annotations

import enum
from collections.abc import Callable


class StyleContext:
    def add_class(self, name: str) -> None: ...


class Widget:
    is_sensitive = True
    is_visible = True

    def set_sensitive(self, sensitive: bool) -> None:
        self.is_sensitive = sensitive

    def set_visible(self, visible: bool) -> None:
        self.is_visible = visible

    def get_style_context(self) -> StyleContext:
        return StyleContext()

    def show_all(self) -> None: ...


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

    def set_text(self, text: str) -> None:
        self.text = text

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


class ComboBoxText(Widget):
    def __init__(self, *, hexpand: bool = False) -> None:
        self.rows: list[tuple[str, str]] = []
        self.is_open = False
        self._active: str | None = None
        self._changed: list[Callable[[ComboBoxText], object]] = []

    def connect(self, signal: str, handler: Callable[[ComboBoxText], object]) -> None:
        assert signal == "changed"
        self._changed.append(handler)

    def append(self, id: str, text: str) -> None:
        self.rows.append((id, text))

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


class Grid(Widget):
    def __init__(self, *, column_spacing: int = 0, row_spacing: int = 0) -> None:
        self.children: list[Widget] = []

    def attach(self, child: Widget, left: int, top: int, width: int, height: int) -> None:
        self.children.append(child)


class Box(Widget):
    def __init__(self, *, spacing: int = 0) -> None:
        self.children: list[Widget] = []

    def pack_start(self, child: Widget, expand: bool, fill: bool, padding: int) -> None:
        self.children.append(child)

    def reorder_child(self, child: Widget, position: int) -> None:
        self.children.remove(child)
        self.children.insert(position, child)


class ResponseType(enum.Enum):
    OK = -5


class Dialog(Widget):
    can_be_accepted = True
    """Whether OK can be pressed."""

    def set_response_sensitive(self, response: ResponseType, sensitive: bool) -> None:
        assert response is ResponseType.OK
        self.can_be_accepted = sensitive
