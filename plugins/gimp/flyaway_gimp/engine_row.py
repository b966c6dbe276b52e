"""The choice of engine. Asks the daemon for its engines in the background, and never waits for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import background
import host
from download_row import DownloadRow
from gi.repository import Gimp, GimpUi, Gtk

from flyaway_client import calls, outcome
from flyaway_client.background import BackgroundCall
from flyaway_client.menu_entries import AUTO_ENGINE, EngineEntry, engine_entries
from flyaway_client.messages import EngineInfo

Engines = tuple[EngineInfo, ...]

ABOUT_WIDTH_CHARS = 46


class EngineRow:
    """A menu of engines, a line about the chosen one, its download where it is missing, and a switch.

    Args:
        config: where the choice is kept.
        neighbour: one of GIMP's own rows, with whose label this one's is lined up.
        switch: GIMP's switch for engines that allow paid work.
        allow_ok: called with whether the chosen engine can run as far as is known.
    """

    def __init__(
        self,
        config: Gimp.ProcedureConfig,
        neighbour: GimpUi.Labeled,
        switch: Gtk.Widget,
        allow_ok: Callable[[bool], None],
    ) -> None:
        self._config, self._allow_ok = config, allow_ok
        self._call: BackgroundCall[Engines] | None = None
        self._engines: Engines = ()
        self._entries: dict[str, EngineEntry] = {}
        self._menu = Gtk.ComboBoxText(hexpand=True)
        self._download = DownloadRow(self._begin_download, self._end_download)
        # selectable, because it may name a page to fetch a file from
        self._about = Gtk.Label(
            xalign=0, wrap=True, selectable=True, max_width_chars=ABOUT_WIDTH_CHARS
        )
        self._about.get_style_context().add_class("dim-label")
        self.grid = self._laid_out(neighbour, switch)
        self._show_menu()
        config.connect("notify::engine", lambda *_: self._show_chosen())
        config.connect("notify::plate", lambda *_: self._show_chosen())
        config.connect("notify::paid-work-only", lambda *_: self._show_menu())
        self._menu.connect("changed", lambda *_: self._pick())
        self.grid.show_all()
        self._ask()

    def close(self) -> None:
        """The dialog is over: what is under way stops."""
        if self._call is not None:
            self._call.abandon()
        self._download.close()

    def _laid_out(self, neighbour: GimpUi.Labeled, switch: Gtk.Widget) -> Gtk.Grid:
        label = Gtk.Label(label="_Engine", use_underline=True, xalign=0)
        label.set_mnemonic_widget(self._menu)
        self._label_widths = Gtk.SizeGroup(mode=Gtk.SizeGroupMode.HORIZONTAL)
        self._label_widths.add_widget(label)
        self._label_widths.add_widget(neighbour.get_label())
        grid = Gtk.Grid(column_spacing=6, row_spacing=6)
        grid.attach(label, 0, 0, 1, 1)
        # The grid itself would keep room for a button that is hidden.
        menu_and_button = Gtk.Box(spacing=6)
        menu_and_button.pack_start(self._menu, True, True, 0)
        menu_and_button.pack_start(self._download.button, False, False, 0)
        for row, widget in enumerate((menu_and_button, self._download.bar, self._about, switch)):
            grid.attach(widget, 1, row, 1, 1)
        return grid

    def _ask(self) -> None:
        """Ask for the engines; the first of this is a daemon that starts while the user still reads."""
        work = partial(calls.fetch_engines, host.client_name())
        self._call = background.start(work, self._take_engines)

    def _take_engines(self, call: BackgroundCall[Engines]) -> None:
        self._call = None
        if call.error is not None:
            # The menu stays. What to do is better known now than after OK.
            self._about.set_text(outcome.failure(call.error))
            return
        self._engines = call.result()
        # Filled while it is open, the menu would stay as high as it was and show none of them; GTK opens one
        # only for a key or a click.
        self._menu.popdown()
        self._show_menu()

    def _show_menu(self) -> None:
        """Offer what there is; what is chosen stays chosen, unless the switch leaves it out."""
        chosen = self._config.get_property("engine")
        paid_work_only = self._config.get_property("paid-work-only")
        entries = engine_entries(self._engines, chosen, paid_work_only=paid_work_only)
        self._entries = {entry.name: entry for entry in entries}
        self._menu.remove_all()
        for entry in entries:
            self._menu.append(entry.name, entry.label)
        if chosen not in self._entries:
            self._config.set_property("engine", AUTO_ENGINE.name)
        self._show_chosen()

    def _show_chosen(self) -> None:
        name = self._config.get_property("engine")
        entry = self._entries.get(name, EngineEntry(name, name, ""))
        lacks_plate = entry.needs_plate and self._config.get_property("plate") is None
        self._menu.set_active_id(name)
        self._about.set_text(entry.about)
        self._download.offer(name if entry.can_download else None)
        self._allow_ok(not entry.is_missing and not lacks_plate)

    def _pick(self) -> None:
        if (name := self._menu.get_active_id()) is not None:
            self._config.set_property("engine", name)

    def _begin_download(self) -> None:
        self._menu.set_sensitive(False)
        self._show_chosen()  # not why an earlier try failed

    def _end_download(self, sentence: str) -> None:
        self._menu.set_sensitive(True)
        self._show_chosen()
        if sentence:
            self._about.set_text(sentence)
        else:
            self._ask()
