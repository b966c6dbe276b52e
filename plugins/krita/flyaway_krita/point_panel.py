"""Extract by Clicking: the window in which the user points at the subject, sees what that means, and has it cut out."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import Any

from . import background, host, kept_points
from .download_row import DownloadRow
from .extraction import Extractor
from .flyaway_client import texts, views
from .flyaway_client.background import BackgroundCall, Work
from .flyaway_client.conversation import Report
from .flyaway_client.layer import LayerPixels
from .flyaway_client.menu_entries import EngineEntry
from .flyaway_client.messages import ImageHeader, Progress
from .flyaway_client.options import Options
from .flyaway_client.pace import Pace
from .flyaway_client.planes import Box
from .flyaway_client.pointing import Pointing
from .flyaway_client.retouching import Image
from .flyaway_client.wording import _
from .here_button import HereButton
from .host import Target
from .mask_view import ALL, Coarse, MaskView, Scene
from .menu import Menu
from .paragraph import Paragraph
from .progress_bar import ProgressBar
from .qt import QtCore, QtGui, QtWidgets

OBJECT_NAME = "flyaway_point"
TITLE = _("Flyaway: Extract by Clicking")
SIZE_PX = (900, 700)


class PointWindow(QtWidgets.QDialog):
    """The window on one layer, open until what was pointed at is cut out.

    Args:
        extractor: cuts it out.
        target: the layer.
        chosen: the user's options.
        parent: Krita's window.

    Raises:
        DocumentError: the layer's pixels cannot be sent.
    """

    def __init__(
        self, extractor: Extractor, target: Target, chosen: Options, parent: QtWidgets.QWidget
    ) -> None:
        super().__init__(parent)
        self.setObjectName(OBJECT_NAME)
        self.setWindowTitle(TITLE)
        self.resize(*SIZE_PX)
        self._extractor, self._target, self._options = extractor, target, chosen
        self._pixels: LayerPixels = host.read(target, chosen)
        self._pace = Pace()
        self._is_extracting = self._is_lost = False
        header = self._pixels.image.header
        self._build()
        self._pointing = Pointing(
            self._start,
            host.client_name(),
            partial(Image, header, self._pixels.image.data, self._pixels.icc, self._pixels.colour),
            (header.width, header.height),
            kept_points.read(target),
            chosen.paid_work,
            self,
        )
        clicks = self._pointing.clicks
        self._view.pen = clicks
        self._back.clicked.connect(lambda _is_checked: clicks.back())
        self._forward.clicked.connect(lambda _is_checked: clicks.forward())
        self._clear.clicked.connect(lambda _is_checked: clicks.clear())
        self.show_mask(None)
        extractor.progressed.connect(self._show_stage)
        extractor.previewed.connect(self._show_early)
        extractor.pointed_lost.connect(self._take_loss)
        extractor.ended.connect(self._end)
        self._pointing.begin()

    # --- what is seen: pointing.Screen -----------------------------------------------------------

    def show_mask(self, mask: tuple[ImageHeader, bytes] | None) -> None:
        """Show a mask, and what can be done."""
        coarse = ALL if mask is None else Coarse(*mask)
        self._view.show_scene(Scene(self._pixels.image, coarse, self._pointing.clicks.marks))
        self._show_ways()

    def show_marks(self, _box: Box) -> None:
        """Show the marks anew, and what can be done."""
        self._view.update()
        self._show_ways()

    def rest(self, sentence: str) -> None:
        """Say what there is to know."""
        self._bar.setVisible(False)
        self._here.withdraw()
        self._status.setText(sentence)

    def work(self, sentence: str) -> None:
        """Say what is being done."""
        self._pace = Pace()
        self._here.withdraw()
        self._bar.show_fraction(0.0)
        self._bar.setVisible(True)
        self._status.setText(f"{sentence}…")

    def show_progress(self, progress: Progress) -> None:
        """Show how far that is."""
        self._show_stage(self._pace.words(progress), progress.fraction)

    def fail(self, sentence: str) -> None:
        """Say what went wrong; the window stays."""
        self._bar.setVisible(False)
        self._here.withdraw()
        self._status.show_problem(sentence)

    def offer(self, entry: EngineEntry | None) -> None:
        """Offer the network that is missing."""
        self._download.offer(entry)

    def offer_here(self, do: Callable[[], object]) -> None:
        """Offer to do on this computer what another one could not."""
        self._here.offer(do)

    # --- what the user does ----------------------------------------------------------------------

    def focusNextPrevChild(self, _next: bool) -> bool:
        """Tab takes the next of what a click may mean."""
        self._pointing.cycle()
        return True

    def keyPressEvent(self, event: QtGui.QKeyEvent) -> None:
        """Keys as in Krita; Escape is the dialog's own."""
        control = event.modifiers() & QtCore.Qt.KeyboardModifier.ControlModifier
        clicks, key = self._pointing.clicks, QtCore.Qt.Key
        plain: dict[Any, Callable[[], object]] = {
            key.Key_Return: self.accept,
            key.Key_Enter: self.accept,
            key.Key_Backspace: clicks.back,
            key.Key_Delete: clicks.clear,
            key.Key_B: lambda: self._box.setChecked(True),
            key.Key_S: lambda: self._stroke.setChecked(True),
        }
        is_shifted = event.modifiers() & QtCore.Qt.KeyboardModifier.ShiftModifier
        with_control = {key.Key_Z: clicks.forward if is_shifted else clicks.back}
        action = (with_control if control else plain).get(event.key())
        if action is None or self._is_extracting:
            super().keyPressEvent(event)
        else:
            action()

    def reject(self) -> None:
        """Escape, or the window is closed: while it is cut out, that is cancelled."""
        if self._is_extracting:
            self._extractor.cancel()
            return
        self._leave()
        super().reject()

    def accept(self) -> None:
        """Cut out what was pointed at."""
        self._cut_out()

    def _cut_out(self, *, is_here: bool = False) -> None:
        if self._is_extracting or not self._pointing.is_ready():
            return
        kept = self._pointing.clicks.kept
        pixels = replace(self._pixels, prompts=kept.prompts, session=self._pointing.session)
        if self._extractor.cut_out(self._target, pixels, self._options, here=is_here):
            self._is_extracting, self._is_lost = True, False
            self._let_work(False)
            self.work(texts.STARTING)

    def _take_loss(self) -> None:
        """It was another computer that could not do it."""
        self._is_lost = self._is_extracting

    def _end(self, is_done: bool, sentence: str) -> None:
        """The extraction has ended."""
        if not self._is_extracting:
            return
        self._is_extracting = False
        self._let_work(True)
        if is_done:
            kept_points.put(self._target, self._pointing.clicks.kept)
            self._leave()
            super().accept()
        else:
            self.fail(sentence)
            if self._is_lost:
                self.offer_here(partial(self._cut_out, is_here=True))

    def _leave(self) -> None:
        self._pointing.close(wait_s=0)
        for signal, slot in (
            (self._extractor.progressed, self._show_stage),
            (self._extractor.previewed, self._show_early),
            (self._extractor.pointed_lost, self._take_loss),
            (self._extractor.ended, self._end),
        ):
            signal.disconnect(slot)
        self.deleteLater()

    def _end_download(self, sentence: str) -> None:
        if sentence:
            self.fail(sentence)
        else:
            self._pointing.begin()

    def _let_work(self, is_allowed: bool) -> None:
        for widget in (self._tools, self._extract):
            widget.setEnabled(is_allowed)
        self._view.pen = self._pointing.clicks if is_allowed else None

    # --- the window ------------------------------------------------------------------------------

    def _start(
        self, work: Work[Any], on_end: Callable[[BackgroundCall[Any]], object], report: Report
    ) -> BackgroundCall[Any]:
        return background.start(self, work, on_end, report)

    def _show_stage(self, stage: str, fraction: float) -> None:
        self._bar.show_fraction(fraction)
        self._status.setText(f"{stage}…")

    def _show_early(self, header: ImageHeader, alpha_u8: bytes) -> None:
        if self._is_extracting:
            self.show_mask((header, alpha_u8))

    def _show_ways(self) -> None:
        clicks = self._pointing.clicks
        self._next.setEnabled(clicks.count > 1)
        self._back.setEnabled(clicks.can_go_back)
        self._clear.setEnabled(clicks.can_go_back)
        self._forward.setEnabled(clicks.can_go_forward)

    def _build(self) -> None:
        column = QtWidgets.QVBoxLayout(self)
        self._tools = QtWidgets.QWidget()
        row = QtWidgets.QHBoxLayout(self._tools)
        row.setContentsMargins(0, 0, 0, 0)
        self._box = QtWidgets.QRadioButton(texts.BOX)
        self._box.setToolTip(texts.with_key(texts.BOX_ABOUT, "B"))
        self._box.setChecked(True)
        self._box.toggled.connect(self._choose_drag)
        self._stroke = QtWidgets.QRadioButton(texts.STROKE)
        self._stroke.setToolTip(texts.with_key(texts.STROKE_ABOUT, "S"))
        self._next = self._button(
            texts.NEXT_MEANING, texts.with_key(texts.NEXT_MEANING_ABOUT, "Tab"), name="next"
        )
        self._next.clicked.connect(lambda _is_checked: self._pointing.cycle())
        self._back = self._button(_("Back"), _("Take the last click back (Ctrl+Z)"), name="back")
        self._forward = self._button(
            _("Forward"), _("Take it again (Ctrl+Shift+Z)"), name="forward"
        )
        self._clear = self._button(
            texts.CLEAR_POINTS, texts.with_key(texts.CLEAR_POINTS_ABOUT, "Delete"), name="clear"
        )
        self._views = Menu()
        for entry in views.ENTRIES:
            self._views.add(entry.name, entry.label, entry.about)
        self._views.activated.connect(
            lambda _index: self._view.choose(str(self._views.currentData()))
        )
        shown: tuple[QtWidgets.QWidget, ...] = (
            self._box,
            self._stroke,
            self._next,
            self._back,
            self._forward,
            self._clear,
            self._views,
        )
        for widget in shown:
            row.addWidget(widget)
        self._view = MaskView()
        self._view.setObjectName(f"{OBJECT_NAME}_picture")
        self._view.setToolTip(_("Click on the subject. The wheel zooms, the middle button moves"))
        self._status = Paragraph(2)
        self._status.setObjectName(f"{OBJECT_NAME}_status")
        self._bar = ProgressBar()
        self._here = HereButton(f"{OBJECT_NAME}_here")
        self._here.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)  # as those of `_button`
        self._download = DownloadRow()
        self._download.setObjectName(f"{OBJECT_NAME}_download")
        self._download.ended.connect(self._end_download)
        self._extract = self._button(_("Extract"), texts.EXTRACT_ABOUT, name="extract")
        self._extract.clicked.connect(lambda _is_checked: self.accept())
        cancel = self._button(_("Cancel"), "", name="cancel")
        cancel.clicked.connect(lambda _is_checked: self.reject())
        foot = QtWidgets.QWidget()
        ends = QtWidgets.QHBoxLayout(foot)
        ends.setContentsMargins(0, 0, 0, 0)
        ends.addStretch(1)
        for widget in (cancel, self._extract):
            ends.addWidget(widget)
        column.addWidget(self._tools)
        column.addWidget(self._view, 1)
        for widget in (self._status, self._bar, self._here, self._download, foot):
            column.addWidget(widget)

    def _button(self, label: str, about: str, *, name: str) -> QtWidgets.QPushButton:
        button = QtWidgets.QPushButton(label)
        button.setObjectName(f"{OBJECT_NAME}_{name}")
        button.setToolTip(about)
        # The keys are the picture's: Return extracts, whatever was pressed last.
        button.setAutoDefault(False)
        button.setFocusPolicy(QtCore.Qt.FocusPolicy.NoFocus)
        return button

    def _choose_drag(self, is_box: bool) -> None:
        self._pointing.clicks.drags_box = is_box
