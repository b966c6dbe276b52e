"""Extract by Clicking: the dialog in which the user points at the subject, sees what that means, and has it cut out."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import TypeVar

import background
import canvas_dialog
import host
import kept_points
import paid_work
import point_options
import subject
from canvas import Canvas
from coarse_mask import CoarseMask
from download_row import DownloadRow
from gi.repository import Gimp, GimpUi, Gtk
from keys import Keys, looking, scaling
from look_row import LookRow
from output_row import OutputRow
from paid_work import PaidWorkSwitches
from painter import Painter
from point_tools import PointTools
from status_row import StatusRow
from transparent import TransparentSwitch

from flyaway_client import calls, outcome, texts, views
from flyaway_client.background import BackgroundCall, Work
from flyaway_client.clicks import Kept
from flyaway_client.latest import Latest
from flyaway_client.menu_entries import AUTO_ENGINE, EngineEntry
from flyaway_client.messages import ImageHeader, Preview, Progress
from flyaway_client.planes import Box
from flyaway_client.pointing import Pointing
from flyaway_client.wording import _

T = TypeVar("T")

TITLE = _("Flyaway: Extract by Clicking")
SIZE_PX = (1000, 760)


class PointDialog:
    """The dialog on one layer, open until what was pointed at is cut out.

    Args:
        config: where the choices are kept.
        layer: what is to be cut out of.
    """

    def __init__(self, config: Gimp.ProcedureConfig, layer: Gimp.Layer) -> None:
        GimpUi.init("flyaway")
        self._config, self._layer = config, layer
        layout, pixels = subject.copied(layer)
        width, height = size = layer.get_width(), layer.get_height()
        self._mask = CoarseMask(width, height)
        self._previews = Latest[tuple[Preview, bytes]]()
        self._is_extracting = False
        self._is_here = self._is_lost = False
        self._cancel: Callable[[], object] = lambda: None
        self._pointing = Pointing(
            background.start,
            host.client_name(),
            partial(subject.image_of, pixels, layout, width, height),
            size,
            kept_points.read(layer),
            paid_work.load(config),
            self,
        )
        clicks = self._pointing.clicks
        painter = Painter(pixels, not layer.has_alpha(), self._mask.buffer, clicks.marks)
        self._canvas = Canvas(width, height, painter, clicks)
        self._build()
        self._pointing.begin()

    def ask(self) -> Kept | None:
        """Let the user point; None if they want none of it."""
        self._dialog.show_all()
        Gtk.main()
        return self._pointing.clicks.kept if self._is_extracting else None

    @property
    def session(self) -> str:
        """The daemon's session on the layer's pixels."""
        return self._pointing.session

    def go_on(self, sentence: str) -> None:
        """Say why nothing came of it; the user may try again."""
        self._is_extracting = False
        self._let_work(True)
        self.fail(sentence)
        if self._is_lost:
            self.offer_here(self._extract_here)

    def close(self) -> None:
        """The dialog goes, and what is under way with it."""
        self._download.close()
        self._transparent.close()
        self._pointing.close()
        self._dialog.destroy()

    # --- how far the work is: extraction.Watch ---------------------------------------------------

    def on_preview(self, header: Preview, alpha_u8: bytes) -> None:
        """Take an early result; called in the thread of the work."""
        self._previews.put((header, alpha_u8))

    def wait(self, work: Work[T], image: Gimp.Image) -> T:
        """Have the work done while the dialog shows how far it is."""
        self.work(texts.FINISHING)

        def show(progress: Progress) -> None:
            if not image.is_valid():
                call.cancel()
            self.show_progress(progress)
            early = self._previews.take()
            if early is not None:
                self.show_mask((early[0].image, early[1]))

        if self._is_here:
            self._is_here = False  # the daemon knows it then
            work = calls.here(host.client_name(), work)
        call: BackgroundCall[T] = background.start(work, lambda _: Gtk.main_quit(), show)
        self._cancel = call.cancel
        Gtk.main()
        self._is_lost = outcome.is_lost_remote(call.error)
        return call.result()

    # --- what is seen: pointing.Screen -----------------------------------------------------------

    def show_mask(self, mask: tuple[ImageHeader, bytes] | None) -> None:
        """Show a mask, and what can be done."""
        if mask is None:
            self._mask.clear()
        else:
            self._mask.show(*mask)
        self._canvas.refresh(self._pointing.clicks.marks.box)
        self._tools.refresh()

    def show_marks(self, box: Box) -> None:
        """Show where the marks have changed, and what can be done."""
        self._canvas.refresh(box)
        self._tools.refresh()

    def rest(self, sentence: str) -> None:
        """Say what there is to know."""
        self._status.rest(sentence)

    def work(self, sentence: str) -> None:
        """Say what is being done."""
        self._status.work(sentence)

    def show_progress(self, progress: Progress) -> None:
        """Show how far that is."""
        self._status.show_progress(progress)

    def fail(self, sentence: str) -> None:
        """Say what went wrong; the dialog stays."""
        self._status.fail(sentence)

    def offer(self, entry: EngineEntry | None) -> None:
        """Offer the network that is missing; which others are here is known from now on, too."""
        self._transparent.ask()
        self._download.offer(entry)

    def offer_here(self, do: Callable[[], object]) -> None:
        """Offer to do on this computer what another one could not."""
        self._status.offer_here(do)

    # --- what the user does ----------------------------------------------------------------------

    def _respond(self, _dialog: Gtk.Dialog, response: Gtk.ResponseType) -> None:
        if self._is_extracting:
            self._cancel()
        elif response != Gtk.ResponseType.OK:
            Gtk.main_quit()
        elif self._pointing.is_ready():
            self._is_extracting = True
            self._let_work(False)
            Gtk.main_quit()

    def _extract_here(self) -> None:
        self._is_here = True
        self._dialog.response(Gtk.ResponseType.OK)

    def _let_work(self, is_allowed: bool) -> None:
        self._work.set_sensitive(is_allowed)
        self._dialog.set_response_sensitive(Gtk.ResponseType.OK, is_allowed)

    def _end_download(self, sentence: str) -> None:
        if sentence:
            self.fail(sentence)
        else:
            self._pointing.begin()

    def _choose_engines(self) -> None:
        self._pointing.choose_engines(paid_work.load(self._config))

    # --- the dialog ------------------------------------------------------------------------------

    def _build(self) -> None:
        self._dialog = canvas_dialog.build(
            TITLE, "flyaway-extract-by-clicking", _("E_xtract"), SIZE_PX
        )
        self._tools = PointTools(self._pointing)
        self._look = LookRow(self._canvas, views.OVERLAY_COLOUR)
        self._status = StatusRow()
        self._download = DownloadRow(lambda: self.rest(texts.POINTS_MISSING), self._end_download)
        self._tools.row.pack_end(self._download.button, False, False, 0)
        self._work = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
        for widget in (self._tools.row, self._download.bar, self._look.row):
            self._work.pack_start(widget, False, False, 0)
        self._work.pack_start(self._canvas, True, True, 0)
        self._work.pack_start(self._foot(), False, False, 0)
        area = self._dialog.get_content_area()
        area.pack_start(self._work, True, True, 0)
        area.pack_start(self._status.row, False, False, 0)
        self._dialog.connect("response", self._respond)
        self._listen()

    def _foot(self) -> Gtk.Box:
        """What comes of it."""
        label = Gtk.Label(label=_("Out_put to"), use_underline=True)
        output = OutputRow(self._config, self._layer, point_options.OUTPUT_ENTRIES)
        label.set_mnemonic_widget(output.menu)
        self._transparent = TransparentSwitch(self._config, AUTO_ENGINE.name, lambda: None)
        self._paid_work = PaidWorkSwitches(self._config, self._choose_engines)
        foot = Gtk.Box(spacing=6)
        foot.pack_start(label, False, False, 0)
        foot.pack_start(output.menu, True, True, 0)
        foot.pack_start(self._transparent, False, False, 0)
        foot.pack_start(self._paid_work, False, False, 0)
        return foot

    def _listen(self) -> None:
        tools, canvas, look, clicks = (
            self._tools,
            self._canvas,
            self._look,
            self._pointing.clicks,
        )
        Keys(
            self._dialog,
            {
                "b": tools.take_box,
                "s": tools.take_stroke,
                "Tab": self._pointing.cycle,
                "Delete": clicks.clear,
                "BackSpace": clicks.back,
                **looking(canvas, look),
                "Return": lambda: self._dialog.response(Gtk.ResponseType.OK),
                "KP_Enter": lambda: self._dialog.response(Gtk.ResponseType.OK),
            },
            {
                "z": clicks.back,
                "Z": clicks.forward,
                "y": clicks.forward,
                **scaling(canvas),
            },
            canvas.pan_by_key,
            lambda: not self._is_extracting,
        )
