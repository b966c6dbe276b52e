"""Retouching under way: strokes and selections to patches, patches into the mask, the way back. Nothing waits here."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from krita import Krita

from . import background, hints_layer, host, outputs, retouch_target, view_colour
from .canvas_watch import CanvasWatch
from .flyaway_client import calls, outcome
from .flyaway_client.adjustments import Adjustments
from .flyaway_client.background import BackgroundCall, Work
from .flyaway_client.client import Extracted
from .flyaway_client.conversation import Report, ShouldStop
from .flyaway_client.easel import Easel
from .flyaway_client.errors import CancelledError
from .flyaway_client.latest import Latest
from .flyaway_client.layer import LayerPixels, Picture
from .flyaway_client.messages import Preview
from .flyaway_client.options import SELECTION
from .flyaway_client.planes import Box, Plane
from .flyaway_client.retouching import Patch
from .flyaway_client.wording import _
from .qt import QtCore
from .retouch_session import Session

PAUSE_MS = 300
"""After the pen was lifted: a stroke that follows at once is solved with it."""

ADJUST_MS = 120
"""After a slider was moved: it may be moved on."""

BRUSH, ANTS = "KritaShape/KisToolBrush", "toggle_display_selection"
"""Krita's actions: the freehand brush, and whether the selection's outline is shown."""


class Retoucher(QtCore.QObject):
    """The retouching under way, if there is one. Panels listen to its signals."""

    changed = QtCore.pyqtSignal()
    """Another session, another mask, or other things that can be done."""
    announced = QtCore.pyqtSignal(str, bool)
    """A sentence for the user, and whether it is about a problem."""
    lost = QtCore.pyqtSignal(object)
    """What does on this computer what another one could not, which was announced before."""
    previewed = QtCore.pyqtSignal(object, object, bytes)
    """An early alpha of a patch: its box, its layout and its pixels."""

    def __init__(self) -> None:
        super().__init__()
        self.session: Session | None = None
        self.is_live = True
        self.adjustments = Adjustments()
        self._call: BackgroundCall[Extracted] | None = None
        self._adjusting: BackgroundCall[bytearray] | None = None
        self._hides_ants = False
        self._watch = CanvasWatch()
        self._watch.stroke_ended.connect(self._wait)
        self._watch.history_moved.connect(self._look)
        self._pause = _timer(self, PAUSE_MS, self._look)
        self._adjust_pause = _timer(self, ADJUST_MS, self._adjust)

    @property
    def is_busy(self) -> bool:
        """Whether something is being solved."""
        return self._call is not None

    def begin(self) -> bool:
        """Retouch the active layer, if it is not retouched already; whether that can be done."""
        if self.session is not None and self.session.target.is_active:
            return True
        try:
            target = retouch_target.find()
            self.end()
            self.session = Session(target)
        except Exception as error:  # noqa: BLE001 - the edge to Krita: each failure is one sentence
            self.announced.emit(outcome.failure(error), True)
            return False
        background.start(self, self._open(self.session), lambda _call: None)
        self._watch.begin()
        self._hide_ants()
        self.changed.emit()
        return True

    def paint(self, level: int) -> None:
        """Let the user paint hints of a level of messages.py: the layer, the brush and the colour are chosen."""
        if not self.begin() or self.session is None:
            return
        session, document = self.session, self.session.target.document
        if not session.has_hints:
            session.take_hints(hints_layer.make(document, session.target.layer))
        assert session.hints is not None
        session.hints.node.setVisible(True)
        document.setActiveNode(session.hints.node)
        action = Krita.instance().action(BRUSH)
        if action is not None:
            action.trigger()
        view_colour.choose(level)

    def refine(self) -> None:
        """Solve what was painted and waits, or else inside the selection."""
        if not self.begin() or self.session is None:
            return
        session = self.session
        try:
            session.target.check()
            session.look()
            if session.easel.settle() is None and not session.easel.is_settled:
                self._solve_strokes(session)
                return
            box, levels = session.target.selected()
            self._refresh_mask(session, box)
            self._solve(session, session.easel.patch_inside(box, levels))
        except Exception as error:  # noqa: BLE001 - the edge to Krita: each failure is one sentence
            self.announced.emit(outcome.failure(error), True)

    def back(self) -> None:
        """Take back what waits, or the last step."""
        self._move(lambda easel: easel.back())

    def forward(self) -> None:
        """Take the last step again that was taken back."""
        self._move(lambda easel: easel.forward())

    def adjust(self, adjustments: Adjustments) -> None:
        """Have the mask adjusted so, from now on."""
        self.adjustments = adjustments
        if self.session is not None:
            self._adjust_pause.start()

    def put(self, output: str, percent: int, *, is_here: bool = False) -> None:
        """Put the mask elsewhere too: into the selection, or a new layer with the subject's own colours.

        Args:
            output: one of flyaway_client.options.
            percent: how far those colours take the place of the layer's.
            is_here: whether on this computer, with all that comes.
        """
        # A new layer becomes the active one; what is retouched stays the same.
        if self.session is None and not self.begin():
            return
        session = self.session
        assert session is not None
        whole = session.easel.mask.box
        alpha = session.target.read_mask(whole)
        if output == SELECTION:
            outputs.select(session.target.document, session.target.rectangle(whole), alpha)
            self.announced.emit(_("The mask is the selection now."), False)
            return
        assert session.pixels.mask is not None
        mask = Picture(session.pixels.mask.header, alpha)
        pixels = LayerPixels(
            session.pixels.image, session.pixels.colour, session.pixels.icc, mask=mask
        )
        name = host.client_name()
        work: Work[Extracted] = partial(calls.decontaminate, name, pixels, percent / 100)
        work = calls.here(name, work) if is_here else work
        again = partial(self.put, output, percent, is_here=True)
        background.start(self, work, partial(self._put_layer, session, output, again))
        self.announced.emit(_("Cleaning colours…"), False)

    def end(self) -> None:
        """Retouch no more; the mask stays as it is, the hints are hidden and kept."""
        session, self.session = self.session, None
        self._watch.end()
        self._pause.stop()
        self._drop_calls()
        if session is None:
            return
        self._show_ants()
        if session.target.is_open and session.has_hints:
            assert session.hints is not None
            session.hints.node.setVisible(False)
            session.target.document.refreshProjection()
        self.adjustments = Adjustments()
        background.start(
            self, lambda _report, _should_stop: session.retouch.close(), lambda _call: None
        )
        self.changed.emit()

    def check(self) -> None:
        """Time has passed: an image that was closed is retouched no more, and the outline is shown again."""
        if self.session is not None and not self.session.target.is_open:
            self.end()
        self._show_ants()

    def _open(self, session: Session) -> Callable[..., None]:
        """Send the image ahead; where that fails, the first stroke says why."""
        return lambda report, should_stop: session.retouch.open(report, should_stop)

    def _wait(self) -> None:
        if self.session is not None and self.is_live:
            self._pause.start()

    def _look(self) -> None:
        """See what was painted, or undone, and have it solved."""
        session = self.session
        if session is None or not session.target.is_open:
            return
        try:
            is_another = session.look()
            moved = session.easel.settle()
            if is_another and session.easel.is_settled:
                self._drop_calls()  # what is being solved was taken away
            if moved is not None:
                self._show(session, moved)
            self.changed.emit()
            if not session.easel.is_settled and self.is_live:
                session.target.check()
                self._solve_strokes(session)
        except Exception as error:  # noqa: BLE001 - the edge to Krita: each failure is one sentence
            self.announced.emit(outcome.failure(error), True)

    def _solve_strokes(self, session: Session, *, is_here: bool = False) -> None:
        box = session.easel.reach
        if box is not None:
            self._refresh_mask(session, box)
        patch = session.easel.patch()
        if patch is not None:
            self._solve(session, patch, is_here=is_here)

    def _refresh_mask(self, session: Session, box: Box) -> None:
        """Take what was painted into the mask itself; where it is adjusted, what is seen is not what is retouched."""
        if self.adjustments.are_neutral:
            session.easel.mask.paste(box, session.target.read_mask(box))

    def _solve(self, session: Session, patch: Patch, *, is_here: bool = False) -> None:
        """Have a patch solved in place of what is being solved; the daemon ends that."""
        previews = Latest[tuple[Preview, bytes]]()

        def report(_progress: object) -> None:
            early = previews.take()
            if early is not None:
                self.previewed.emit(_box(patch), early[0].image, early[1])

        def refine(told: Report, should_stop: ShouldStop) -> Extracted:
            keep = previews.put
            return session.retouch.refine(
                patch, told, should_stop, on_preview=lambda header, alpha: keep((header, alpha))
            )

        work = calls.here(host.client_name(), refine) if is_here else refine
        self._call = background.start(self, work, partial(self._end, session, patch), report)
        self.announced.emit(_("Refining…"), False)
        self.changed.emit()

    def _end(self, session: Session, patch: Patch, call: BackgroundCall[Extracted]) -> None:
        """Put what came of a patch into the mask, unless something newer has taken its place."""
        if call is not self._call or session is not self.session:
            return
        self._call = None
        sentence, is_problem = "", False
        try:
            refined = call.result()
            session.target.check()
            self._show(session, session.easel.take(patch, refined.alpha))
            sentence = outcome.success(refined.result)
        except CancelledError as error:
            sentence = error.message
        except Exception as error:  # noqa: BLE001 - the edge to Krita: each failure is one sentence
            sentence, is_problem = outcome.failure(error), True
        self.announced.emit(sentence, is_problem)
        if outcome.is_lost_remote(call.error):
            self.lost.emit(partial(self._solve_here, session, patch))
        self.changed.emit()

    def _solve_here(self, session: Session, patch: Patch) -> None:
        """Solve on this computer what another one could not, and what was painted since."""
        if session is not self.session:
            return
        try:
            session.target.check()
            if session.easel.is_settled:
                self._solve(session, patch, is_here=True)
            else:
                self._solve_strokes(session, is_here=True)
        except Exception as error:  # noqa: BLE001 - the edge to Krita: each failure is one sentence
            self.announced.emit(outcome.failure(error), True)

    def _show(self, session: Session, box: Box) -> None:
        """Bring a box of the easel's mask into the document's, adjusted as the user wants it."""
        if self.adjustments.are_neutral:
            session.shown = session.easel.mask
            session.target.write_mask(box, session.easel.mask.cropped(box))
        else:
            self._adjust()

    def _write(self, session: Session, mask: Plane) -> None:
        """Bring a whole mask into the document."""
        try:
            session.target.check()
            session.shown = mask
            session.target.write_mask(mask.box, bytes(mask.data))
        except Exception as error:  # noqa: BLE001 - the edge to Krita: each failure is one sentence
            self.announced.emit(outcome.failure(error), True)
        self.changed.emit()

    def _adjust(self) -> None:
        session = self.session
        if session is None or session.pixels.mask is None:
            return
        if self._adjusting is not None:
            self._adjusting.abandon()
        if self.adjustments.are_neutral:
            self._adjusting = None
            self._write(session, session.easel.mask)
            return
        mask = Picture(session.pixels.mask.header, bytes(session.easel.mask.data))
        work = partial(calls.adjust, host.client_name(), mask, self.adjustments)
        self._adjusting = background.start(self, work, partial(self._end_adjusting, session))

    def _end_adjusting(self, session: Session, call: BackgroundCall[bytearray]) -> None:
        if call is not self._adjusting or session is not self.session:
            return
        self._adjusting = None
        if call.error is not None:
            self.announced.emit(outcome.failure(call.error), True)
            return
        whole = session.easel.mask
        self._write(session, Plane(whole.width, whole.height, 1, call.result()))

    def _put_layer(
        self,
        session: Session,
        output: str,
        again: Callable[[], object],
        call: BackgroundCall[Extracted],
    ) -> None:
        try:
            session.target.check()
            place = session.target.rectangle(session.easel.mask.box)
            target = session.target
            result = outputs.Result(
                target.document, target.layer, place, session.pixels.image, call.result()
            )
            sentence, is_problem = " ".join(outputs.put(output, result)), False
        except Exception as error:  # noqa: BLE001 - the edge to Krita: each failure is one sentence
            sentence, is_problem = outcome.failure(error), True
        self.announced.emit(sentence, is_problem)
        if outcome.is_lost_remote(call.error):
            self.lost.emit(again)

    def _move(self, way: Callable[[Easel], Box | None]) -> None:
        """Go a step back or forward, with the hints."""
        session = self.session
        if session is None or not session.target.is_open:
            return
        try:
            session.target.check()
            session.look()
            self._drop_calls()
            box = way(session.easel)
            if box is not None:
                if session.has_hints:
                    assert session.hints is not None
                    session.hints.paint(box, session.easel.strokes.cropped(box))
                self._show(session, box)
                self.announced.emit("", False)
        except Exception as error:  # noqa: BLE001 - the edge to Krita: each failure is one sentence
            self.announced.emit(outcome.failure(error), True)
        self.changed.emit()

    def _drop_calls(self) -> None:
        """Nobody wants to hear any more of what is under way."""
        for call in (self._call, self._adjusting):
            if call is not None:
                call.abandon()
        self._call = self._adjusting = None

    def _hide_ants(self) -> None:
        """The selection's outline would lie over the edge that is looked at."""
        action = Krita.instance().action(ANTS)
        if action is not None and action.isChecked() and not self._hides_ants:
            self._hides_ants = True
            action.trigger()

    def _show_ants(self) -> None:
        """Show the outline again; later where no image is open: Krita 5.1 to 5.3 end in an assertion there."""
        action = Krita.instance().action(ANTS)
        if not self._hides_ants or self.session is not None or action is None:
            return
        if Krita.instance().activeDocument() is None:
            return
        self._hides_ants = False
        action.trigger()
        if not action.isChecked():  # each view has an outline of its own, and this one's was shown
            action.trigger()


def _box(patch: Patch) -> Box:
    return Box(patch.left, patch.top, patch.width, patch.height)


def _timer(owner: QtCore.QObject, ms: int, call: Callable[[], None]) -> QtCore.QTimer:
    """Calls once, so long after it was last started."""
    timer = QtCore.QTimer(owner)
    timer.setInterval(ms)
    timer.setSingleShot(True)
    timer.timeout.connect(call)
    return timer
