"""A ProcedureDialog whose user is the test."""

from __future__ import annotations

from collections.abc import Callable

from gi.repository import Gimp, Gtk


class Labeled(Gtk.Widget):
    def get_label(self) -> Gtk.Label:
        return Gtk.Label()


class ProcedureDialog(Gtk.Dialog):
    answer: Callable[[ProcedureDialog], bool]
    """What the user does: presses OK (True) or Cancel, perhaps changes the settings before."""

    def __init__(self, config: Gimp.ProcedureConfig) -> None:
        super().__init__()
        self.config = config
        self.widgets: dict[str, Labeled] = {}
        self.is_destroyed = False
        self._content = Gtk.Box()

    @classmethod
    def new(
        cls, procedure: Gimp.Procedure, config: Gimp.ProcedureConfig, title: str | None
    ) -> ProcedureDialog:
        return cls(config)

    def get_widget(self, property: str, widget_type: object) -> Labeled:
        assert property in self.config.names
        return self.widgets.setdefault(property, Labeled())

    def set_ok_label(self, label: str) -> None:
        assert label.replace("_", "") == "Extract"

    def get_content_area(self) -> Gtk.Box:
        return self._content

    def run(self) -> bool:
        return ProcedureDialog.answer(self)

    def destroy(self) -> None:
        self.is_destroyed = True


class Dialog(Gtk.Dialog):
    def __init__(self, *, title: str, role: str, use_header_bar: bool) -> None:
        super().__init__()
        self.is_destroyed = False
        self._content = Gtk.Box()

    def add_button(self, label: str, response: Gtk.ResponseType) -> None: ...

    def set_default_response(self, response: Gtk.ResponseType) -> None: ...

    def set_default_size(self, width: int, height: int) -> None: ...

    def get_content_area(self) -> Gtk.Box:
        return self._content

    def destroy(self) -> None:
        self.is_destroyed = True


def init(program: str) -> None: ...


def window_set_transient(window: Gtk.Window) -> None: ...
