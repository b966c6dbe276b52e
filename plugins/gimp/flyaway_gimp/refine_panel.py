"""Refine Edge: the dialog in which a mask is retouched with strokes, looked at, adjusted and put where it is wanted."""

from __future__ import annotations

import background
import canvas_dialog
import finishing
import host
import outputs
import refine_options
from adjuster import Adjuster
from adjustment_rows import AdjustmentRows
from canvas import Canvas
from finishing import Finish
from gi.repository import Gimp, GimpUi, Gtk
from keys import Keys, looking, scaling
from look_row import LookRow
from paid_work import PaidWorkSwitches
from painter import Painter
from pen import ERASER, Strokes
from refine_output import RefineOutput
from retoucher import Retoucher
from shown_mask import ShownMask
from status_row import StatusRow
from subject import Subject
from tool_row import ToolRow
from transparent import TransparentSwitch

from flyaway_client import calls, outcome, texts
from flyaway_client.adjustments import Adjustments
from flyaway_client.background import BackgroundCall
from flyaway_client.easel import Easel
from flyaway_client.messages import KEEP, REMOVE, UNKNOWN, ExtractResult, Preview, Progress
from flyaway_client.planes import Box, Plane
from flyaway_client.refusals import DocumentError
from flyaway_client.retouching import Patch
from flyaway_client.wording import _

TITLE = _("Flyaway: Refine Edge")
SIZE_PX = (1120, 740)

_LEAST_BRUSH_PX, _MOST_BRUSH_PX, _BRUSH_SHARE = 8, 200, 0.02
"""How wide the brush is at first, of the longer side."""


class RefineDialog:
    """The dialog on one layer.

    Args:
        config: where the choices are kept.
        subject: the layer.
        strokes: those of before.
    """

    def __init__(
        self, config: Gimp.ProcedureConfig, subject: Subject, strokes: Plane | None
    ) -> None:
        GimpUi.init("flyaway")
        self._config, self._subject = config, subject
        self._easel = Easel(subject.mask, subject.layout.mask_dtype, strokes)
        self._first_strokes = bytes(self._easel.strokes.data)
        self._shown = ShownMask(self._easel, subject.layout, self._refresh)
        self._adjuster = Adjuster(
            self._shown, subject.width, subject.height, lambda sentence: self._status.fail(sentence)
        )
        self._pen = Strokes(self._easel, self._refresh, self._lift)
        self._finish: BackgroundCall[outputs.Result] | None = None
        self._wants_finish = False
        self._is_applied = False
        self._build()
        self._retoucher = self._begin()

    def run(self) -> bool:
        """Let the user work; whether something was put into the document."""
        self._dialog.show_all()
        self._look_at_selection()
        Gtk.main()
        return self._is_applied

    def close(self) -> None:
        """The dialog goes, and what is under way with it."""
        if self._finish is not None:
            self._finish.abandon()
        self._adjuster.close()
        self._transparent.close()
        self._retoucher.close()
        self._dialog.destroy()

    # --- what becomes of strokes: retoucher.Watch ------------------------------------------------

    def on_progress(self, progress: Progress) -> None:
        """Show how far the work is."""
        self._status.show_progress(progress)

    def on_preview(self, patch: Patch, header: Preview, alpha_u8: bytes) -> None:
        """Show a coarse look at what a patch will be."""
        self._shown.show_preview(patch, header.image, alpha_u8)

    def on_mask(self, box: Box) -> None:
        """Show the mask where it has changed."""
        self._adjuster.update(box)
        self._refresh(box)
        self._show_ways()

    def on_open(self) -> None:
        """The layer is with the daemon."""
        self._transparent.ask()
        if not self._retoucher.is_busy:
            self._status.rest(texts.READY)

    def on_solved(self, result: ExtractResult) -> None:
        """All strokes are in the mask; go on where the user has already wanted to end."""
        self._show_ways()
        self._status.rest(outcome.success(result))
        if self._wants_finish:
            self._begin_finish()

    def on_problem(self, sentence: str) -> None:
        """Say what went wrong; the dialog stays."""
        self._let_go_on()
        waits = "" if self._easel.is_settled else f" {texts.STROKES_WAIT}"
        self._status.fail(sentence + waits)

    def on_lost(self) -> None:
        """Offer to do it here."""
        self._status.offer_here(self._do_here)

    # --- what the user does ----------------------------------------------------------------------

    def _lift(self) -> None:
        """A stroke is drawn: have it solved at once."""
        self._show_ways()
        if not self._easel.is_settled:
            self._status.work(texts.SOLVING)
            self._retoucher.send()

    def _do_here(self) -> None:
        """The user would rather have it done here than wait for the other computer."""
        self._status.work(texts.SENDING if self._easel.is_settled else texts.SOLVING)
        self._retoucher.do_here()

    def _draw_selection(self) -> None:
        """Take the selection as a stroke."""
        try:
            selected = self._subject.selected()
        except DocumentError as error:
            self._status.fail(str(error))
            return
        if selected is not None:
            self._pen.cover(selected)

    def _choose_pen(self, level: int, width_px: int) -> None:
        self._pen.level, self._pen.width_px = level, width_px
        self._config.set_property("brush", width_px)
        self._canvas.show_brush()

    def _begin(self) -> Retoucher:
        """Have the layer sent to the daemon."""
        self._status.work(texts.SENDING)
        chosen = refine_options.load(self._config)
        return Retoucher(
            self._subject, self._easel, chosen.engine, chosen.paid_work, chosen.transparent, self
        )

    def _choose_engines(self) -> None:
        """Go on with other engines."""
        self._retoucher.close(wait_s=0)
        self._retoucher = self._begin()
        self._lift()

    def _adjust(self, chosen: Adjustments) -> None:
        refine_options.set_adjusted(self._config, chosen)
        self._adjuster.want(chosen)

    def _back(self) -> None:
        self._retoucher.back()
        self._after_way()

    def _forward(self) -> None:
        self._retoucher.forward()
        self._after_way()

    def _after_way(self) -> None:
        if not self._retoucher.is_busy:
            self._status.rest(texts.READY)
        self._show_ways()

    def _respond(self, _dialog: Gtk.Dialog, response: Gtk.ResponseType) -> None:
        if response != Gtk.ResponseType.OK:
            Gtk.main_quit()
        elif not self._wants_finish:
            self._apply()

    # --- the end ---------------------------------------------------------------------------------

    def _apply(self, *, is_here: bool = False) -> None:
        """End with the mask as it is seen, once all strokes are in it."""
        self._wants_finish = True
        self._adjuster.close()  # nothing is looked at from here on
        self._work.set_sensitive(False)
        self._dialog.set_response_sensitive(Gtk.ResponseType.OK, False)
        if self._easel.is_settled:
            self._begin_finish(is_here=is_here)
        elif not self._retoucher.is_busy:
            self._lift()

    def _begin_finish(self, *, is_here: bool = False) -> None:
        try:
            wish = refine_options.wish(self._config)
            finish = finishing.begin(self._subject, wish, self._easel.mask)
        except DocumentError as error:
            self.on_problem(str(error))
            return
        self._status.work(texts.FINISHING)
        work = calls.here(host.client_name(), finish.work) if is_here else finish.work
        self._finish = background.start(
            work, lambda call: self._end(finish, call), self._status.show_progress
        )

    def _end(self, finish: Finish, call: BackgroundCall[outputs.Result]) -> None:
        self._finish = None
        try:
            strokes = self._easel.strokes
            is_drawn = strokes.data != self._first_strokes
            finish.put(call.result(), strokes if is_drawn else None)
        except Exception as error:  # noqa: BLE001 - the edge of the main loop: a sentence, and the work is kept
            self.on_problem(outcome.failure(error))
            if outcome.is_lost_remote(error):
                self._status.offer_here(lambda: self._apply(is_here=True))
            return
        self._config.set_property("overlay", refine_options.written(self._look.overlay))
        self._is_applied = True
        Gtk.main_quit()

    def _let_go_on(self) -> None:
        self._wants_finish = False
        self._work.set_sensitive(True)
        self._dialog.set_response_sensitive(Gtk.ResponseType.OK, True)

    # --- what is seen ----------------------------------------------------------------------------

    def _refresh(self, box: Box) -> None:
        self._canvas.refresh(box)

    def _show_ways(self) -> None:
        self._tools.allow(self._easel.can_go_back, self._easel.can_go_forward)

    def _look_at_selection(self) -> None:
        layer = self._subject.layer
        is_there = layer.is_valid() and not Gimp.Selection.is_empty(layer.get_image())
        self._selection.set_visible(is_there)

    def _build(self) -> None:
        config, subject = self._config, self._subject
        self._dialog = canvas_dialog.build(TITLE, "flyaway-refine-edge", _("_Apply"), SIZE_PX)
        painter = Painter(
            subject.pixels,
            not subject.layer.has_alpha(),
            self._shown.buffer,
            self._easel.strokes,
        )
        self._canvas = Canvas(subject.width, subject.height, painter, self._pen)
        self._pen.width_px = config.get_property("brush") or _usual_brush_px(subject)
        self._tools = ToolRow(self._pen.width_px, self._choose_pen, self._back, self._forward)
        self._show_ways()
        self._look = LookRow(self._canvas, refine_options.overlay(config))
        self._status = StatusRow()
        self._selection = Gtk.Button(
            label=texts.SELECTION_STROKE.replace("Look", "_Look"),
            use_underline=True,
            tooltip_text=texts.SELECTION_STROKE_ABOUT,
            focus_on_click=False,
        )
        self._selection.connect("clicked", lambda *_: self._draw_selection())
        refine_options.set_adjusted(config, Adjustments())
        left = _column(self._tools.row, self._look.row)
        left.pack_start(self._canvas, True, True, 0)
        self._work = Gtk.Box(spacing=12)
        self._work.pack_start(left, True, True, 0)
        self._work.pack_start(self._side(), False, False, 0)
        area = self._dialog.get_content_area()
        area.pack_start(self._work, True, True, 0)
        area.pack_start(self._status.row, False, False, 0)
        self._dialog.connect("response", self._respond)
        self._dialog.connect("notify::is-active", lambda *_: self._look_at_selection())
        self._listen()

    def _side(self) -> Gtk.Box:
        grid = Gtk.Grid(column_spacing=6, row_spacing=6)
        self._output = RefineOutput(self._config)
        self._output.attach_to(grid, 0)
        self._adjustments = AdjustmentRows(self._adjust)
        self._paid_work = PaidWorkSwitches(self._config, self._choose_engines)
        engine = self._config.get_property("engine")
        self._transparent = TransparentSwitch(self._config, engine, self._choose_engines)
        more = Gtk.Expander(label=_("More"), tooltip_text=texts.MORE_ABOUT)
        more.add(_column(self._transparent, self._paid_work))
        return _column(self._selection, self._adjustments.expander, grid, more)

    def _listen(self) -> None:
        tools, canvas, look = self._tools, self._canvas, self._look
        levels = {"h": UNKNOWN, "u": UNKNOWN, "k": KEEP, "r": REMOVE, "e": ERASER}
        choices = {
            name: (lambda level=level: tools.choose(level)) for name, level in levels.items()
        }
        Keys(
            self._dialog,
            {
                **choices,
                "bracketleft": lambda: tools.widen(-1),
                "bracketright": lambda: tools.widen(1),
                **looking(canvas, look),
                "Return": lambda: self._dialog.response(Gtk.ResponseType.OK),
                "KP_Enter": lambda: self._dialog.response(Gtk.ResponseType.OK),
            },
            {
                "z": self._back,
                "Z": self._forward,
                "y": self._forward,
                **scaling(canvas),
            },
            canvas.pan_by_key,
            lambda: not self._wants_finish,
        )


def _usual_brush_px(subject: Subject) -> int:
    longer = max(subject.width, subject.height)
    return round(min(max(longer * _BRUSH_SHARE, _LEAST_BRUSH_PX), _MOST_BRUSH_PX))


def _column(*widgets: Gtk.Widget) -> Gtk.Box:
    column = Gtk.Box(orientation=Gtk.Orientation.VERTICAL, spacing=6)
    for widget in widgets:
        column.pack_start(widget, False, False, 0)
    return column
