"""A ProcedureDialog whose user is the test."""

from __future__ import annotations

from collections.abc import Callable, Sequence

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
        self.filled: list[str] = []
        self._content = Gtk.Box()

    @classmethod
    def new(
        cls, procedure: Gimp.Procedure, config: Gimp.ProcedureConfig, title: str | None
    ) -> ProcedureDialog:
        return cls(config)

    def fill(self, properties: Sequence[str] | None) -> None:
        self.filled += properties or []

    def get_widget(self, property: str, widget_type: object) -> Labeled:
        assert property in self.filled or property == "paid-work-only"
        return Labeled()

    def get_content_area(self) -> Gtk.Box:
        return self._content

    def run(self) -> bool:
        return ProcedureDialog.answer(self)

    def destroy(self) -> None: ...


def init(program: str) -> None: ...
