"""Where the user chooses: the docker under Settings > Dockers, which also shows how far the work is."""

from __future__ import annotations

import time
from functools import partial

from krita import Canvas, DockWidget

from . import options
from .download_row import DownloadRow
from .engine_row import EngineRow
from .extraction import Extractor
from .flyaway_client import texts
from .flyaway_client.menu_entries import advised_entry
from .flyaway_client.messages import EngineInfo
from .flyaway_client.options import Options
from .flyaway_client.wording import _
from .here_button import HereButton
from .output_row import OutputRow
from .paragraph import Paragraph
from .plate_row import PlateRow
from .preview import PreviewPicture
from .progress_bar import ProgressBar
from .qt import QtCore, QtWidgets
from .scroll_area import scrolled
from .selection_row import SelectionRow

OBJECT_NAME = "flyaway"

STATUS_LINES = 3
"""Room for what is said at the end of most extractions."""

MEET_MS = 100
"""How long after an image is shown the docker looks at it."""

LOOK_MS = 1000
"""How often the docker looks whether the selection is another one; Krita tells nobody."""


class FlyawayDocker(DockWidget):
    """One window's view of the extraction; all windows show the same one.

    What can come and go stands at the bottom, or keeps its room: nothing moves between two extractions. Where the
    docker is low, the button and what is said stay, and the choices can be scrolled.
    """

    pointing_asked = QtCore.pyqtSignal()
    """The user wants to click on the subject."""

    def __init__(self, extractor: Extractor) -> None:
        super().__init__()
        self.setObjectName(OBJECT_NAME)
        self.setWindowTitle("Flyaway")
        self._extractor = extractor
        self._pressed_s = 0.0
        self._build(options.load())
        extractor.busy_changed.connect(self._show_busy)
        extractor.progressed.connect(self._show_progress)
        extractor.previewed.connect(self._preview.show_alpha)
        extractor.announced.connect(self._show_sentence)
        extractor.advised.connect(self._advise)
        extractor.lost.connect(self._offer_here)
        self._show_busy(extractor.is_busy)
        self._watch = QtCore.QTimer(self)
        self._watch.setInterval(LOOK_MS)
        self._watch.timeout.connect(self._look)
        self._watch.start()

    def canvasChanged(self, canvas: Canvas | None) -> None:
        """Another image is shown. The extraction looks for its layer at the click; the rows show their own."""
        # Krita 5.3 ends where it is asked for the active layer of an image that it is still about to show.
        QtCore.QTimer.singleShot(MEET_MS, self._meet_image)

    def enterEvent(self, event: object) -> None:
        """The mouse comes in: the rows that it may be on its way to show what would be taken now."""
        self._refresh()
        super().enterEvent(event)

    def showEvent(self, event: object) -> None:
        """Show what another window or the last session left."""
        self._show_options(options.load())
        self._engine.refresh()
        self._refresh()
        super().showEvent(event)

    def _build(self, chosen: Options) -> None:
        self._engine = EngineRow()
        self._engine.menu.setObjectName(f"{OBJECT_NAME}_engine")
        self._engine.download.setObjectName(f"{OBJECT_NAME}_download")
        self._selection = SelectionRow()
        self._output = OutputRow()
        self._output.setObjectName(f"{OBJECT_NAME}_output")
        self._plate = PlateRow()
        self._plate.setObjectName(f"{OBJECT_NAME}_plate")
        self._button = QtWidgets.QPushButton(_("Extract"))
        self._button.setObjectName(f"{OBJECT_NAME}_button")
        self._button.setToolTip(texts.EXTRACT_ABOUT)
        self._point = QtWidgets.QPushButton(_("By clicking…"))
        self._point.setObjectName(f"{OBJECT_NAME}_by_clicking")
        self._point.setToolTip(texts.POINTING_ABOUT)
        self._point.clicked.connect(lambda _is_checked: self.pointing_asked.emit())
        self._bar = ProgressBar()
        self._status = Paragraph(STATUS_LINES)
        self._status.setObjectName(f"{OBJECT_NAME}_status")
        self._preview = PreviewPicture()
        self._advice = DownloadRow()
        self._advice.setObjectName(f"{OBJECT_NAME}_advice")
        self._here = HereButton(f"{OBJECT_NAME}_here")
        self._form = form = QtWidgets.QFormLayout()
        # A narrow docker puts the labels above the menus rather than to be wider.
        form.setRowWrapPolicy(QtWidgets.QFormLayout.RowWrapPolicy.WrapLongRows)
        form.addRow(_("Selection is:"), self._selection)
        form.addRow(_("Output:"), self._output)
        form.addRow(_("Engine:"), self._engine)
        form.addRow(_("Empty scene:"), self._plate)
        choices = QtWidgets.QWidget()
        rows = QtWidgets.QVBoxLayout(choices)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addLayout(form)
        rows.addWidget(self._preview)
        rows.addStretch(1)
        content = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(content)
        ways = QtWidgets.QWidget()
        row = QtWidgets.QHBoxLayout(ways)
        row.setContentsMargins(0, 0, 0, 0)
        row.addWidget(self._button, 1)
        row.addWidget(self._point)
        for widget in (
            ways,
            self._bar,
            self._status,
            self._here,
            self._advice,
            scrolled(choices),
        ):
            column.addWidget(widget)
        self.setWidget(content)
        self._engine.plate_asked.connect(self._show_plate)
        self._show_options(chosen)
        self._engine.changed.connect(self._take_engine)
        self._engine.answered.connect(self._selection.describe)
        self._plate.activated.connect(lambda _index: self._save())
        self._output.activated.connect(lambda _index: self._save())
        self._selection.changed.connect(self._save)
        self._button.clicked.connect(self._press)
        self._advice.ended.connect(self._end_advice)

    def _show_options(self, chosen: Options) -> None:
        self._engine.choose(
            chosen.engine, paid_work=chosen.paid_work, needs_plate=chosen.needs_plate
        )
        self._engine.show_transparent(chosen.transparent)
        if chosen.needs_plate:
            self._plate.choose(chosen.plate)
        self._selection.show_options(chosen)
        self._output.choose(chosen.output)

    def _chosen(self) -> Options:
        return Options(
            engine=self._engine.chosen,
            needs_plate=self._engine.needs_plate,
            plate=self._plate.chosen,
            paid_work=self._engine.paid_work,
            transparent=self._engine.transparent,
            selection_is=self._selection.selection_is,
            selection_from=self._selection.selection_from,
            edge_width_px=self._selection.edge_width_px,
            output=self._output.chosen,
        )

    def _save(self) -> None:
        options.save(self._chosen())

    def _show_plate(self, is_needed: bool) -> None:
        """Rows that no engine asks for would only make the docker taller."""
        for widget in (self._form.labelForField(self._plate), self._plate):
            widget.setVisible(is_needed)
        self._refresh_plate()

    def _meet_image(self) -> None:
        """Show what the user has said of the image that is now the active one."""
        self._selection.show_options(options.load())
        self._show_button()
        self._refresh()

    def _refresh(self) -> None:
        self._refresh_plate()
        self._selection.describe()

    def _refresh_plate(self) -> None:
        if self._engine.needs_plate:
            self._plate.refresh()

    def _look(self) -> None:
        """Time has passed: the user may have drawn."""
        if self.isVisible() and not self._extractor.is_busy and self._selection.is_another():
            self._selection.describe()

    def _take_engine(self) -> None:
        self._status.setText("")
        self._save()

    def _press(self, _is_checked: bool) -> None:
        if self._extractor.is_busy:
            # The second half of a double click is not meant to cancel what the first has started.
            pause_ms = (time.monotonic() - self._pressed_s) * 1000
            if pause_ms > QtWidgets.QApplication.doubleClickInterval():
                self._extractor.cancel()
        elif self._engine.is_missing:
            self._status.show_problem(texts.ENGINE_MISSING)
        else:
            self._pressed_s = time.monotonic()
            self._extractor.start(self._chosen())

    def _show_busy(self, is_busy: bool) -> None:
        self._show_button()
        self._bar.setVisible(is_busy)
        self._bar.show_fraction(0.0)
        self._status.setText("")  # what the end is to be known by comes after this
        if is_busy:
            self._advice.offer(None)
            self._offer_here(None)
            return
        self._preview.clear()
        if self.isVisible():
            # Weights may have come with the extraction.
            self._engine.refresh()

    def _show_button(self) -> None:
        elsewhere = self._extractor.elsewhere
        cancel = _("Cancel work on “{image}”").format(image=elsewhere) if elsewhere else _("Cancel")
        self._button.setText(cancel if self._extractor.is_busy else _("Extract"))

    def _show_progress(self, stage: str, fraction: float) -> None:
        self._bar.show_fraction(fraction)
        self._status.setText(f"{stage}…")

    def _show_sentence(self, sentence: str, is_problem: bool) -> None:
        if is_problem:
            self._status.show_problem(sentence)
        else:
            self._status.setText(sentence)

    def _offer_here(self, lost: Options | None) -> None:
        """Offer to do on this computer what another one could not; None offers nothing."""
        if lost is None:
            self._here.withdraw()
        else:
            self._here.offer(partial(self._extractor.start, lost, here=True))

    def _advise(self, info: EngineInfo) -> None:
        self._advice.offer(advised_entry(info))

    def _end_advice(self, sentence: str) -> None:
        if sentence:
            self._status.show_problem(sentence)
            return
        self._advice.offer(None)
        self._engine.refresh()
