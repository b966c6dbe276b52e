"""Compare Engines: the window in which the user chooses them, and sees how far the work is."""

from __future__ import annotations

from functools import partial

from . import background, comparison, host, options
from .comparison import Shown
from .flyaway_client import calls, comparing, outcome, texts
from .flyaway_client.background import BackgroundCall
from .flyaway_client.errors import CancelledError
from .flyaway_client.messages import EngineInfo, Progress
from .flyaway_client.pace import Pace
from .flyaway_client.wording import _
from .paid_work import PaidWorkSwitches
from .paragraph import Paragraph
from .progress_bar import ProgressBar
from .qt import QtWidgets
from .scroll_area import scrolled

OBJECT_NAME = "flyaway_compare"
TITLE = _("Flyaway: Compare Engines")
SIZE_PX = (480, 440)
STATUS_LINES = 2


class CompareWindow(QtWidgets.QDialog):
    """The window of one comparison, open until that is done.

    Args:
        parent: Krita's window.
    """

    def __init__(self, parent: QtWidgets.QWidget) -> None:
        super().__init__(parent)
        self.setObjectName(OBJECT_NAME)
        self.setWindowTitle(TITLE)
        self.resize(*SIZE_PX)
        self._pace = Pace()
        self._engines: tuple[EngineInfo, ...] = ()
        self._boxes: dict[str, QtWidgets.QCheckBox] = {}
        self._comparing: BackgroundCall[Shown] | None = None
        self._build()
        self._status.setText(f"{texts.COMPARE_FINDING}…")
        work = partial(calls.fetch_engines, host.client_name())
        self._asking = background.start(self, work, self._take_engines)

    def accept(self) -> None:
        """Compare those that are ticked, on what is selected now."""
        chosen = self._chosen()
        if self._comparing is not None or not chosen:
            return
        try:
            work = comparison.begin(chosen, self._paid_work.value)
        except Exception as error:  # noqa: BLE001 - the edge to Krita: each failure is one sentence
            self._status.show_problem(outcome.failure(error))
            return
        options.save_compared(chosen)
        self._pace = Pace()
        self._status.setText(f"{texts.STARTING}…")
        self._bar.show_fraction(0.0)
        self._bar.setVisible(True)
        self._comparing = background.start(self, work, self._end, self._show_progress)
        self._allow()

    def reject(self) -> None:
        """Escape, or the window is closed: while engines are at work, they stop first."""
        if self._comparing is not None:
            self._comparing.cancel()
            return
        self._leave()
        super().reject()

    def abandon(self, wait_s: float) -> None:
        """Krita quits: let the daemon know that nobody waits any more."""
        if self._comparing is not None:
            self._comparing.abandon(wait_s)

    def _end(self, call: BackgroundCall[Shown]) -> None:
        """The comparison is over."""
        self._comparing = None
        self._bar.setVisible(False)
        try:
            comparison.open_document(call.result())
        except CancelledError:
            self.reject()
            return
        except Exception as error:  # noqa: BLE001 - the edge to Krita: each failure is one sentence
            self._status.show_problem(outcome.failure(error))
            self._allow()
            return
        self._leave()
        super().accept()

    def _leave(self) -> None:
        self._asking.abandon()
        self.deleteLater()

    def _show_progress(self, progress: Progress) -> None:
        self._status.setText(f"{self._pace.words(progress)}…")
        self._bar.show_fraction(progress.fraction)

    def _take_engines(self, call: BackgroundCall[tuple[EngineInfo, ...]]) -> None:
        if call.error is not None:
            self._status.show_problem(outcome.failure(call.error))
            return
        self._engines = call.result()
        self._status.setText("")
        self._show_engines()

    def _show_engines(self) -> None:
        """List what is here; what was chosen stays chosen."""
        kept = self._chosen() or options.load_compared()
        listed = QtWidgets.QWidget()
        rows = QtWidgets.QVBoxLayout(listed)
        able = comparing.usable(self._engines, paid_work=self._paid_work.value)
        ticked = comparing.ticked(able, kept, self._engines)
        purposes = {info.name: info.purpose for info in self._engines}
        self._boxes = {}
        for entrant in able:
            box = QtWidgets.QCheckBox(entrant.title)
            box.setObjectName(f"{OBJECT_NAME}_{entrant.name}")
            box.setToolTip(purposes[entrant.name])
            box.setChecked(entrant.name in ticked)
            box.toggled.connect(lambda _is_checked: self._allow())
            self._boxes[entrant.name] = box
            rows.addWidget(box)
        rows.addStretch(1)
        self._list.setWidget(listed)  # which takes the last one away
        self._allow()

    def _chosen(self) -> tuple[str, ...]:
        return tuple(name for name, box in self._boxes.items() if box.isChecked())

    def _allow(self) -> None:
        is_idle = self._comparing is None
        self._choices.setEnabled(is_idle)
        self._compare.setEnabled(is_idle and bool(self._chosen()))

    def _build(self) -> None:
        about = Paragraph()
        about.setText(texts.COMPARE_WHERE)
        self._choices = QtWidgets.QWidget()
        self._list = scrolled(QtWidgets.QWidget())
        self._paid_work = PaidWorkSwitches(is_narrow=False)
        self._paid_work.setObjectName(f"{OBJECT_NAME}_paid_work")
        self._paid_work.show_value(options.load().paid_work)
        self._paid_work.changed.connect(self._show_engines)
        choices = QtWidgets.QVBoxLayout(self._choices)
        choices.setContentsMargins(0, 0, 0, 0)
        choices.addWidget(self._list, 1)
        choices.addWidget(self._paid_work)
        self._status = Paragraph(STATUS_LINES)
        self._status.setObjectName(f"{OBJECT_NAME}_status")
        self._bar = ProgressBar()
        self._bar.setVisible(False)
        self._compare = self._button(_("Compare"), texts.COMPARE_ABOUT, name="compare")
        self._compare.clicked.connect(lambda _is_checked: self.accept())
        cancel = self._button(_("Cancel"), "", name="cancel")
        cancel.setAutoDefault(False)  # Return compares
        cancel.clicked.connect(lambda _is_checked: self.reject())
        foot = QtWidgets.QWidget()
        ends = QtWidgets.QHBoxLayout(foot)
        ends.setContentsMargins(0, 0, 0, 0)
        ends.addStretch(1)
        for button in (cancel, self._compare):
            ends.addWidget(button)
        column = QtWidgets.QVBoxLayout(self)
        column.addWidget(about)
        column.addWidget(self._choices, 1)
        for widget in (self._status, self._bar, foot):
            column.addWidget(widget)
        self._allow()

    def _button(self, label: str, about: str, *, name: str) -> QtWidgets.QPushButton:
        button = QtWidgets.QPushButton(label)
        button.setObjectName(f"{OBJECT_NAME}_{name}")
        button.setToolTip(about)
        return button
