"""Compare Engines: the dialog in which the user chooses them, and sees how far the work is."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import background
import canvas_dialog
import compare_options
import host
import paid_work
from gi.repository import Gimp, GimpUi, Gtk
from paid_work import PaidWorkSwitches
from paragraph import Paragraph
from status_row import StatusRow

from flyaway_client import calls, comparing, outcome, texts
from flyaway_client.background import BackgroundCall, Work
from flyaway_client.messages import EngineInfo, Preview, Progress
from flyaway_client.wording import _

T = TypeVar("T")

TITLE = _("Flyaway: Compare Engines")
SIZE_PX = (560, 480)


class CompareDialog:
    """The dialog of one comparison, open until that is done.

    Args:
        config: where the choices are kept.
    """

    def __init__(self, config: Gimp.ProcedureConfig) -> None:
        GimpUi.init("flyaway")
        self._config = config
        self._engines: tuple[EngineInfo, ...] = ()
        self._buttons: dict[str, Gtk.CheckButton] = {}
        self._is_comparing: bool = False
        self._cancel: Callable[[], object] = lambda: None
        self._build()
        self._status.work(texts.COMPARE_FINDING)
        work = partial(calls.fetch_engines, host.client_name())
        self._call = background.start(work, self._take_engines)

    def ask(self) -> bool:
        """Let the user choose; False if they want none of it."""
        self._dialog.show_all()
        Gtk.main()
        return self._is_comparing

    def go_on(self, sentence: str) -> None:
        """Say why nothing came of it; the user may try again."""
        self._is_comparing = False
        self._choices.set_sensitive(True)
        self._allow()
        self._status.fail(sentence)

    def close(self) -> None:
        """The dialog goes, and what is under way with it."""
        self._call.abandon()
        self._dialog.destroy()

    # --- how far the work is: extraction.Watch ---------------------------------------------------

    def on_preview(self, header: Preview, alpha_u8: bytes) -> None:
        """There is no place to show it."""

    def wait(self, work: Work[T], image: Gimp.Image) -> T:
        """Have the work done while the dialog shows how far it is."""
        self._status.work(texts.COMPARE_ABOUT)

        def show(progress: Progress) -> None:
            if not image.is_valid():
                call.cancel()
            self._status.show_progress(progress)

        call: BackgroundCall[T] = background.start(work, lambda _: Gtk.main_quit(), show)
        self._cancel = call.cancel
        Gtk.main()
        return call.result()

    # --- the dialog ------------------------------------------------------------------------------

    def _build(self) -> None:
        self._dialog = canvas_dialog.build(TITLE, "flyaway-compare-engines", _("Co_mpare"), SIZE_PX)
        about = Paragraph()
        about.show_text(texts.COMPARE_WHERE)
        self._paid_work = PaidWorkSwitches(self._config, self._show_engines)
        self._list = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=2)
        scrolled = Gtk.ScrolledWindow()
        scrolled.add(self._list)
        self._choices = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        self._choices.pack_start(scrolled, True, True, 0)
        self._choices.pack_start(self._paid_work, False, False, 0)
        self._status = StatusRow()
        area = self._dialog.get_content_area()
        area.pack_start(about, False, False, 0)
        area.pack_start(self._choices, True, True, 0)
        area.pack_start(self._status.row, False, False, 0)
        self._dialog.connect("response", self._respond)
        self._allow()

    def _take_engines(self, call: BackgroundCall[tuple[EngineInfo, ...]]) -> None:
        if call.error is not None:
            self._status.fail(outcome.failure(call.error))
            return
        self._engines = call.result()
        self._status.rest("")
        self._show_engines()

    def _show_engines(self) -> None:
        """List what is here; what was chosen stays chosen."""
        for button in self._buttons.values():
            self._list.remove(button)
        kept = self._chosen() or compare_options.engines(self._config)
        able = comparing.usable(self._engines, paid_work=paid_work.load(self._config))
        ticked = comparing.ticked(able, kept, self._engines)
        purposes = {info.name: info.purpose for info in self._engines}
        self._buttons = {}
        for entrant in able:
            button = Gtk.CheckButton(
                label=entrant.title,
                active=entrant.name in ticked,
                tooltip_text=purposes[entrant.name],
                focus_on_click=False,
            )
            button.connect("toggled", lambda *_: self._allow())
            self._buttons[entrant.name] = button
            self._list.pack_start(button, False, False, 0)
        self._list.show_all()
        self._allow()

    def _chosen(self) -> tuple[str, ...]:
        return tuple(name for name, button in self._buttons.items() if button.get_active())

    def _allow(self) -> None:
        is_allowed = bool(self._chosen()) and not self._is_comparing
        self._dialog.set_response_sensitive(Gtk.ResponseType.OK, is_allowed)

    def _respond(self, _dialog: Gtk.Dialog, response: Gtk.ResponseType) -> None:
        if self._is_comparing:
            self._cancel()
        elif response != Gtk.ResponseType.OK:
            Gtk.main_quit()
        elif self._chosen():
            compare_options.keep_engines(self._config, self._chosen())
            self._is_comparing = True
            self._choices.set_sensitive(False)
            self._allow()
            Gtk.main_quit()
