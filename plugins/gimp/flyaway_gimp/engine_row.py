"""The choice of engine. Asks the daemon for its engines in the background, and never waits for it."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import background
import host
import paid_work
from download_row import DownloadRow
from gi.repository import Gimp, GLib, Gtk
from paragraph import Paragraph

from flyaway_client import calls, outcome, texts
from flyaway_client.background import BackgroundCall
from flyaway_client.menu_entries import (
    AUTO_ENGINE,
    MORE,
    EngineEntry,
    EngineMenu,
    advised_entry,
    engine_menu,
)
from flyaway_client.messages import EngineInfo

Engines = tuple[EngineInfo, ...]


class EngineRow:
    """A menu of engines, the download of the chosen one where it is missing, and a line about it.

    Args:
        config: where the choice is kept.
        allow_ok: called with whether the chosen engine can run as far as is known.
        answered: called when a daemon runs and has named its engines.
        plate_asked: called when the chosen engine waits for a photo of the empty scene.
        takes_transparent: called with whether it helps the chosen engine to be told that the subject is glass.
    """

    def __init__(
        self,
        config: Gimp.ProcedureConfig,
        allow_ok: Callable[[bool], None],
        answered: Callable[[], None],
        plate_asked: Callable[[], None],
        takes_transparent: Callable[[bool], None],
    ) -> None:
        self._config, self._allow_ok, self._answered = config, allow_ok, answered
        self._plate_asked, self._takes_transparent = plate_asked, takes_transparent
        self._call: BackgroundCall[Engines] | None = None
        self._engines: Engines = ()
        self._known = EngineMenu((AUTO_ENGINE,))
        self._has_more = False
        self.menu = Gtk.ComboBoxText(hexpand=True, tooltip_text=texts.ENGINE_ABOUT)
        self.download = DownloadRow(self._begin_download, self._end_download)
        self.about = Paragraph()
        self._show_menu()
        config.connect("notify::engine", lambda *_: self._show_chosen())
        config.connect("notify::plate", lambda *_: self._show_chosen())
        for name in paid_work.NAMES:
            config.connect(f"notify::{name}", lambda *_: self._show_menu())
        self.menu.connect("changed", lambda *_: self._pick())
        self._ask()

    def close(self) -> None:
        """The dialog is over: what is under way stops."""
        if self._call is not None:
            self._call.abandon()
        self.download.close()

    def _ask(self) -> None:
        """Ask for the engines; the first of this is a daemon that starts while the user still reads."""
        work = partial(calls.fetch_engines, host.client_name())
        self._call = background.start(work, self._take_engines)

    def _take_engines(self, call: BackgroundCall[Engines]) -> None:
        self._call = None
        if call.error is not None:
            # The menu stays. What to do is better known now than after OK.
            self.about.show_problem(outcome.failure(call.error))
            return
        self._engines = call.result()
        # Filled while it is open, the menu would stay as high as it was and show none of them; GTK opens one
        # only for a key or a click.
        self.menu.popdown()
        self._show_menu()
        self._answered()

    def _show_menu(self) -> None:
        """Offer what there is; what is chosen stays chosen, unless the switch leaves it out."""
        chosen = self._config.get_property("engine")
        self._known = engine_menu(self._engines, chosen, paid_work=paid_work.load(self._config))
        if self._known.find(chosen) is None:
            self._config.set_property("engine", AUTO_ENGINE.name)
        self._fill()

    def _fill(self) -> None:
        """Fill the menu with what is to be seen of it."""
        chosen = self._config.get_property("engine")
        self.menu.remove_all()
        for entry in self._known.listed(chosen, self._has_more):
            self.menu.append(entry.name, entry.label)
        self._show_chosen()

    def _show_chosen(self) -> None:
        name = self._config.get_property("engine")
        entry = self._known.find(name) or EngineEntry(name, name, "")
        lacks_plate = entry.needs_plate and self._config.get_property("plate") is None
        advised = None if entry.is_missing else self._advised()
        self.menu.set_active_id(name)
        about = (
            entry.about,
            *([texts.PLATE_PLACE] if lacks_plate else []),
            *([texts.BETTER_THAN_GUESS] if advised else []),
        )
        self.about.show_text(" ".join(filter(None, about)))
        self.download.offer(advised or entry)
        self._allow_ok(not entry.is_missing and not lacks_plate)
        self._takes_transparent(entry.takes_transparent)
        if lacks_plate:
            self._plate_asked()

    def _advised(self) -> EngineEntry | None:
        """What is worth fetching since the last result was but a guess, where it is not here yet."""
        name = self._config.get_property("advised")
        wanted = paid_work.load(self._config)
        return next(
            (
                advised_entry(info)
                for info in self._engines
                if info.name == name and not info.installed and wanted.allows(info)
            ),
            None,
        )

    def _pick(self) -> None:
        name = self.menu.get_active_id()
        if name == MORE.name:
            self._has_more = True
            # Not from within the signal of the row that is about to go.
            GLib.idle_add(self._open_all)
        elif name is not None:
            self._config.set_property("engine", name)

    def _open_all(self) -> bool:
        self._fill()
        self.menu.popup()
        return GLib.SOURCE_REMOVE

    def _begin_download(self) -> None:
        self.menu.set_sensitive(False)
        self._show_chosen()  # not why an earlier try failed

    def _end_download(self, sentence: str) -> None:
        self.menu.set_sensitive(True)
        self._show_chosen()
        if sentence:
            self.about.show_problem(sentence)
        else:
            self._ask()
