"""The choice of engine in the dialog: the menu, a line about the chosen one, and its download if it is missing."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Callable

from errand import Errand
from gi.repository import Gimp, GimpUi, GLib, Gtk

from flyaway_client.choices import AUTO_ENGINE, EngineChoice, engine_choices
from flyaway_client.client import Client
from flyaway_client.errors import CancelledError, ClientError
from flyaway_client.messages import EngineInfo, Progress

ABOUT_WIDTH_CHARS = 46


class EngineRow:
    """Fills itself when the daemon answers, and never waits for it.

    Args:
        config: where the choice is kept.
        neighbour: one of GIMP's own rows, with whose label this one's is lined up.
        switch: GIMP's switch for engines that allow paid work.
        allow_ok: told whether the chosen engine can run as far as is known.
    """

    def __init__(
        self,
        config: Gimp.ProcedureConfig,
        neighbour: GimpUi.Labeled,
        switch: Gtk.Widget,
        allow_ok: Callable[[bool], None],
    ) -> None:
        self._config, self._allow_ok = config, allow_ok
        self._engines: tuple[EngineInfo, ...] = ()
        self._entries: dict[str, EngineChoice] = {}
        self._download: Errand[None] | None = None
        self._menu = Gtk.ComboBoxText(hexpand=True)
        self._button = Gtk.Button(use_underline=True, no_show_all=True)
        self._bar = Gtk.ProgressBar(show_text=True, no_show_all=True)
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
        self._menu.connect("changed", lambda *_: self._choose())
        self._button.connect("clicked", lambda *_: self._press())
        self.grid.show_all()
        self._fetch_engines()

    def close(self) -> None:
        """The dialog is over: a download stops, what came of it is kept for the next time."""
        if self._download is not None:
            self._download.cancel()

    def _laid_out(self, neighbour: GimpUi.Labeled, switch: Gtk.Widget) -> Gtk.Grid:
        label = Gtk.Label(label="_Engine", use_underline=True, xalign=0)
        label.set_mnemonic_widget(self._menu)
        self._label_widths = Gtk.SizeGroup(mode=Gtk.SizeGroupMode.HORIZONTAL)
        self._label_widths.add_widget(label)
        self._label_widths.add_widget(neighbour.get_label())
        grid = Gtk.Grid(column_spacing=6, row_spacing=6)
        grid.attach(label, 0, 0, 1, 1)
        # The grid itself would keep room for a button that is hidden.
        choice = Gtk.Box(spacing=6)
        choice.pack_start(self._menu, True, True, 0)
        choice.pack_start(self._button, False, False, 0)
        for row, widget in enumerate((choice, self._bar, self._about, switch)):
            grid.attach(widget, 1, row, 1, 1)
        return grid

    # --- the menu ---------------------------------------------------------------------------------

    def _fetch_engines(self) -> None:
        """Ask for them; the first of this is a daemon that starts while the user still reads."""
        Errand(lambda client, _: client.engines(), self._show_engines, self._miss_engines)

    def _show_engines(self, engines: tuple[EngineInfo, ...]) -> None:
        self._engines = engines
        # Filled while it is open, the menu would stay as high as it was and show none of them; GTK opens one
        # only for a key or a click.
        self._menu.popdown()
        self._show_menu()

    def _miss_engines(self, error: ClientError) -> None:
        """The menu stays. What to do is better known now than after OK."""
        traceback.print_exception(error, file=sys.stderr)  # for a bug report
        self._about.set_text(error.message)

    def _show_menu(self) -> None:
        """Offer what there is; what is chosen stays chosen, unless the switch leaves it out."""
        chosen = self._config.get_property("engine")
        paid_work_only = self._config.get_property("paid-work-only")
        entries = engine_choices(self._engines, chosen, paid_work_only=paid_work_only)
        self._entries = {entry.name: entry for entry in entries}
        self._menu.remove_all()
        for entry in entries:
            self._menu.append(entry.name, entry.label)
        if chosen not in self._entries:
            self._config.set_property("engine", AUTO_ENGINE.name)
        self._show_chosen()

    def _show_chosen(self) -> None:
        name = self._config.get_property("engine")
        entry = self._entries.get(name)
        is_missing = entry is not None and entry.is_missing
        can_download = entry is not None and entry.can_download
        lacks_plate = (
            entry is not None and entry.needs_plate and self._config.get_property("plate") is None
        )
        self._menu.set_active_id(name)
        self._about.set_text(entry.about if entry else "")
        self._button.set_label("_Download" if self._download is None else "Stop _download")
        self._button.set_visible(can_download or self._download is not None)
        self._bar.set_visible(self._download is not None)
        self._allow_ok(not is_missing and not lacks_plate)

    def _choose(self) -> None:
        if (name := self._menu.get_active_id()) is not None:
            self._config.set_property("engine", name)

    # --- the download -----------------------------------------------------------------------------

    def _press(self) -> None:
        if self._download is not None:
            self._download.cancel()
            return
        engine = self._config.get_property("engine")

        def report(progress: Progress) -> None:
            GLib.idle_add(self._show_progress, progress)

        def download(client: Client, errand: Errand[None]) -> None:
            client.download(engine, on_progress=report, should_stop=errand.should_stop)

        self._download = Errand(download, lambda _: self._arrived(), self._broke_off)
        self._show_progress(Progress("", "Starting the download", 0.0))
        self._menu.set_sensitive(False)
        self._show_chosen()

    def _show_progress(self, progress: Progress) -> None:
        self._bar.set_text(progress.stage)
        self._bar.set_fraction(progress.fraction)

    def _arrived(self) -> None:
        self._end_download()
        self._fetch_engines()

    def _broke_off(self, error: ClientError) -> None:
        self._end_download()
        if not isinstance(error, CancelledError):
            self._about.set_text(error.message)

    def _end_download(self) -> None:
        self._download = None
        self._menu.set_sensitive(True)
        self._show_chosen()
