"""Offers to download a missing engine, and shows how far that is. Seen only while there is something to offer."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import background
import host
from gi.repository import Gtk

from flyaway_client import calls, outcome, texts
from flyaway_client.background import BackgroundCall
from flyaway_client.menu_entries import EngineEntry
from flyaway_client.messages import Progress
from flyaway_client.wording import _


class DownloadRow:
    """A button that starts and stops the download of one engine, and a bar.

    Args:
        started: called when the user starts one.
        ended: called with the sentence for the user: why it failed, nothing where it has not or the user
            stopped it.
    """

    def __init__(self, started: Callable[[], object], ended: Callable[[str], object]) -> None:
        self._started, self._ended = started, ended
        self._call: BackgroundCall[None] | None = None
        self._entry: EngineEntry | None = None
        self.button = Gtk.Button(use_underline=True, no_show_all=True)
        self.bar = Gtk.ProgressBar(show_text=True, no_show_all=True)
        self.bar.set_tooltip_text(texts.DOWNLOAD_ABOUT)
        self.button.connect("clicked", lambda *_: self._press())
        self._show_state()

    def offer(self, entry: EngineEntry | None) -> None:
        """Offer what an entry wants downloaded, None to offer nothing; a download under way goes on."""
        self._entry = entry if entry is not None and entry.downloads else None
        self._show_state()

    def close(self) -> None:
        """The dialog is over: a download stops, what came of it is kept for the next time."""
        if self._call is not None:
            self._call.abandon()

    def _press(self) -> None:
        if self._call is not None:
            self._call.cancel()
        elif self._entry is not None:
            work = partial(calls.download, host.client_name(), self._entry.downloads)
            self._call = background.start(work, self._end, self._show_progress)
            self._show_progress(Progress("", texts.STARTING_DOWNLOAD, 0.0))
            self._show_state()
            self._started()

    def _show_state(self) -> None:
        is_busy = self._call is not None
        label = "" if self._entry is None else f"_{self._entry.download_label}"
        self.button.set_label(_("Stop _download") if is_busy else label)
        about = "" if self._entry is None else self._entry.about
        self.button.set_tooltip_text(texts.STOP_DOWNLOAD_ABOUT if is_busy else about)
        self.button.set_visible(is_busy or self._entry is not None)
        self.bar.set_visible(is_busy)

    def _show_progress(self, progress: Progress) -> None:
        self.bar.set_fraction(progress.fraction)
        self.bar.set_text(progress.stage)

    def _end(self, call: BackgroundCall[None]) -> None:
        self._call = None
        self._show_state()
        self._ended(outcome.failure_unless_cancelled(call.error))
