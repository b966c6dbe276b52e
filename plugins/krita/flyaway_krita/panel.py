"""Where the user chooses: the docker under Settings > Dockers, which also shows how far the work is."""

from __future__ import annotations

from krita import Canvas, DockWidget

from . import options
from .engine_row import EngineRow
from .extraction import Extractor
from .flyaway_client import texts
from .flyaway_client.menu_entries import SELECTION_ENTRIES
from .flyaway_client.options import MAX_EDGE_WIDTH_PX, Options
from .menu import Menu
from .paragraph import Paragraph
from .plate_row import PlateRow
from .progress_bar import ProgressBar
from .qt import QtWidgets

OBJECT_NAME = "flyaway"


class FlyawayDocker(DockWidget):
    """One window's view of the extraction; all windows show the same one."""

    def __init__(self, extractor: Extractor) -> None:
        super().__init__()
        self.setObjectName(OBJECT_NAME)
        self.setWindowTitle("Flyaway")
        self._extractor = extractor
        self._build(options.load())
        extractor.busy_changed.connect(self._show_busy)
        extractor.progressed.connect(self._show_progress)
        extractor.announced.connect(self._show_sentence)
        self._show_busy(extractor.is_busy)

    def canvasChanged(self, canvas: Canvas | None) -> None:
        """Another image is shown. The extraction looks for its layer at the click; the row shows its own."""
        self._refresh_plate()

    def enterEvent(self, event: object) -> None:
        """The mouse comes in: the row that it may be on its way to shows what would be taken now."""
        self._refresh_plate()
        super().enterEvent(event)

    def showEvent(self, event: object) -> None:
        """Show what another window or the last session left."""
        self._show_options(options.load())
        self._engine.refresh()
        super().showEvent(event)

    def _build(self, chosen: Options) -> None:
        self._engine = EngineRow()
        self._engine.menu.setObjectName(f"{OBJECT_NAME}_engine")
        self._engine.download.setObjectName(f"{OBJECT_NAME}_download")
        self._plate = PlateRow()
        self._plate.setObjectName(f"{OBJECT_NAME}_plate")
        self._selection_is = _selection_menu()
        self._edge_width = _edge_width_box()
        self._button = QtWidgets.QPushButton("Extract")
        self._button.setObjectName(f"{OBJECT_NAME}_button")
        self._bar = ProgressBar()
        self._status = Paragraph()
        self._status.setObjectName(f"{OBJECT_NAME}_status")
        self._form = form = QtWidgets.QFormLayout()
        form.addRow("Engine:", self._engine)
        form.addRow("Empty scene:", self._plate)
        form.addRow("Selection is:", self._selection_is)
        form.addRow("Edge width:", self._edge_width)
        content = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(content)
        column.addLayout(form)
        column.addWidget(self._button)
        column.addWidget(self._bar)
        column.addWidget(self._status)
        column.addStretch(1)
        self.setWidget(content)
        self._engine.plate_asked.connect(self._show_plate)
        self._show_options(chosen)
        self._engine.changed.connect(self._take_engine)
        self._plate.activated.connect(lambda _index: self._save())
        self._selection_is.activated.connect(lambda _index: self._save())
        self._edge_width.valueChanged.connect(lambda _width: self._save())
        self._button.clicked.connect(self._press)

    def _show_options(self, chosen: Options) -> None:
        self._engine.choose(
            chosen.engine, paid_work_only=chosen.paid_work_only, needs_plate=chosen.needs_plate
        )
        if chosen.needs_plate:
            self._plate.choose(chosen.plate)
        self._selection_is.setCurrentIndex(self._selection_is.findData(chosen.selection_is))
        self._edge_width.setValue(chosen.edge_width_px)

    def _chosen(self) -> Options:
        return Options(
            engine=self._engine.chosen,
            needs_plate=self._engine.needs_plate,
            plate=self._plate.chosen,
            paid_work_only=self._engine.paid_work_only,
            selection_is=str(self._selection_is.currentData()),
            edge_width_px=self._edge_width.value(),
        )

    def _save(self) -> None:
        options.save(self._chosen())

    def _show_plate(self, is_needed: bool) -> None:
        """Rows that no engine asks for would only make the docker taller."""
        for widget in (self._form.labelForField(self._plate), self._plate):
            widget.setVisible(is_needed)
        self._refresh_plate()

    def _refresh_plate(self) -> None:
        if self._engine.needs_plate:
            self._plate.refresh()

    def _take_engine(self) -> None:
        self._status.setText("")
        self._save()

    def _press(self, _is_checked: bool) -> None:
        if self._extractor.is_busy:
            self._extractor.cancel()
        elif self._engine.is_missing:
            self._status.setText(texts.ENGINE_MISSING)
        else:
            self._extractor.start(self._chosen())

    def _show_busy(self, is_busy: bool) -> None:
        self._button.setText("Cancel" if is_busy else "Extract")
        self._bar.setVisible(is_busy)
        self._bar.show_fraction(0.0)
        if is_busy:
            self._status.setText("")
        elif self.isVisible():
            # Weights may have come with the extraction.
            self._engine.refresh()

    def _show_progress(self, stage: str, fraction: float) -> None:
        self._bar.show_fraction(fraction)
        self._status.setText(f"{stage}…")

    def _show_sentence(self, sentence: str, _is_problem: bool) -> None:
        self._status.setText(sentence)


def _selection_menu() -> Menu:
    box = Menu()
    box.setToolTip(texts.SELECTION_ABOUT)
    for entry in SELECTION_ENTRIES:
        box.add(entry.name, entry.label, entry.about)
    return box


def _edge_width_box() -> QtWidgets.QSpinBox:
    box = QtWidgets.QSpinBox()
    box.setRange(0, MAX_EDGE_WIDTH_PX)
    box.setSpecialValueText("Scales with the image")
    box.setSuffix(" px")
    box.setToolTip(texts.EDGE_WIDTH_ABOUT)
    return box
