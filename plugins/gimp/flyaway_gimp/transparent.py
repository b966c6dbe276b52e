"""Whether light shines through the subject: an argument of GIMP's procedures, and the switch for it in a window of our own."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import background
import host
import paid_work
from gi.repository import Gimp, GObject, Gtk

from flyaway_client import calls, texts
from flyaway_client.background import BackgroundCall
from flyaway_client.menu_entries import engine_menu
from flyaway_client.messages import EngineInfo
from flyaway_client.options import Options

NAME = "transparent"
"""The argument."""


def add_argument(procedure: Gimp.Procedure) -> None:
    """Describe it to GIMP."""
    flags = GObject.ParamFlags.READWRITE
    usual = Options().transparent
    procedure.add_boolean_argument(NAME, texts.TRANSPARENT, texts.TRANSPARENT_ABOUT, usual, flags)


class TransparentSwitch(Gtk.CheckButton):
    """Seen only where an engine makes use of it; what is not asked is not so. It says nothing about another layer.

    Args:
        config: where it is kept.
        engine: a name, a job, or "auto".
        changed: called when it is another.
    """

    def __init__(
        self, config: Gimp.ProcedureConfig, engine: str, changed: Callable[[], object]
    ) -> None:
        config.set_property(NAME, False)
        super().__init__(
            label=texts.TRANSPARENT,
            active=False,
            tooltip_text=texts.TRANSPARENT_ABOUT,
            no_show_all=True,
            focus_on_click=False,
        )
        self._config, self._engine, self._changed = config, engine, changed
        self._call: BackgroundCall[tuple[EngineInfo, ...]] | None = None
        self.set_visible(False)
        self.connect("toggled", lambda *_: self._press())

    def ask(self) -> None:
        """See which engines there are; a daemon runs."""
        self.close()
        self._call = background.start(
            partial(calls.fetch_engines, host.client_name()), self._take_engines
        )

    def close(self) -> None:
        """Nobody looks any more."""
        if self._call is not None:
            self._call.abandon()

    def _take_engines(self, call: BackgroundCall[tuple[EngineInfo, ...]]) -> None:
        self._call = None
        if call.error is not None:
            return  # what fails here, fails where it matters, too, and is said there
        menu = engine_menu(call.result(), self._engine, paid_work=paid_work.load(self._config))
        entry = menu.find(self._engine)
        is_asked = entry is not None and entry.takes_transparent
        self.set_visible(is_asked)
        if not is_asked:
            self.set_active(False)

    def _press(self) -> None:
        self._config.set_property(NAME, self.get_active())
        self._changed()
