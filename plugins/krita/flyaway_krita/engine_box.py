"""The choice of engine. Asks the daemon for its engines in the background, and never waits for it."""

from __future__ import annotations

from . import host
from .download_box import DownloadBox
from .flyaway_client.choices import (
    AUTO_ENGINE,
    PAID_WORK_ABOUT,
    PAID_WORK_LABEL,
    EngineChoice,
    engine_choices,
)
from .flyaway_client.client import Client
from .flyaway_client.errors import ClientError
from .flyaway_client.messages import EngineInfo
from .job import Job
from .menu import Menu
from .paragraph import Paragraph
from .qt import QtCore, QtWidgets

POLL_MS = 50


class EngineBox(QtWidgets.QWidget):
    """A menu of engines, a line about the chosen one, its download where it is missing, and a switch."""

    changed = QtCore.pyqtSignal()
    """The user has chosen another engine, begun its download, or pressed the switch."""
    plate_asked = QtCore.pyqtSignal(bool)
    """Another engine is shown as the chosen one, and whether that one needs a plate."""

    def __init__(self) -> None:
        super().__init__()
        self._job: Job[tuple[EngineInfo, ...]] | None = None
        self._is_wanted = self._may_start = False
        self._engines: tuple[EngineInfo, ...] = ()
        self._entries: dict[str, EngineChoice] = {}
        self._comparers: set[str] = set()
        self._timer = QtCore.QTimer(self)
        self._timer.setInterval(POLL_MS)
        self._timer.timeout.connect(self._look)
        self.menu = Menu()
        self._about = Paragraph()
        self.download = DownloadBox()
        self._switch = QtWidgets.QCheckBox(PAID_WORK_LABEL)
        self._switch.setToolTip(PAID_WORK_ABOUT)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.menu, self._about, self.download, self._switch):
            column.addWidget(widget)
        self.menu.opening.connect(self._open_menu)
        self.menu.activated.connect(self._pick)
        self._switch.clicked.connect(self._press_switch)
        self.download.started.connect(self._begin_download)
        self.download.ended.connect(self._end_download)

    @property
    def chosen(self) -> str:
        """The engine's name on the wire."""
        return str(self.menu.currentData())

    @property
    def paid_work_only(self) -> bool:
        """Whether only engines that allow paid work may be used."""
        return self._switch.isChecked()

    @property
    def is_missing(self) -> bool:
        """Whether the chosen engine must be downloaded first."""
        return self._entries[self.chosen].is_missing

    @property
    def needs_plate(self) -> bool:
        """Whether the chosen engine compares with a plate, as far as is known."""
        return self.chosen in self._comparers

    def choose(self, name: str, *, paid_work_only: bool, needs_plate: bool = False) -> None:
        """Show that engine as the chosen one, whether the daemon has told of it or not.

        Where `paid_work_only` leaves it out, the daemon's best one takes its place. Until the daemon has
        told of it, `needs_plate` is what is known of it from an earlier time.
        """
        entries = engine_choices(self._engines, name, paid_work_only=paid_work_only)
        self._entries = {entry.name: entry for entry in entries}
        self._comparers = {entry.name for entry in entries if entry.needs_plate}
        if needs_plate and not self._engines:
            self._comparers.add(name)
        self._switch.setChecked(paid_work_only)
        self.menu.clear()
        for entry in entries:
            self.menu.add(entry.name, entry.label, entry.about)
        shown = name if name in self._entries else AUTO_ENGINE.name
        self.menu.setCurrentIndex(self.menu.findData(shown))
        self._show_chosen()

    def refresh(self, *, start: bool = False) -> None:
        """Ask a daemon that runs for its engines, or start one to ask."""
        self._is_wanted |= start
        if self._job is None:
            self._ask(start)

    def _ask(self, start: bool) -> None:
        name = host.client_name()
        self._may_start = start
        self._job = Job(lambda job: _fetch(name, start=start, job=job))
        self._timer.start()

    def _show_chosen(self) -> None:
        self._about.setText(self._entries[self.chosen].about)
        self.download.offer(self.chosen if self.is_missing else None)
        self.plate_asked.emit(self.needs_plate)

    def _open_menu(self) -> None:
        """The daemon is started if it has not told of its engines yet."""
        if not self._engines:
            self.refresh(start=True)

    def _pick(self, _index: int) -> None:
        self._show_chosen()
        self.changed.emit()

    def _press_switch(self, is_checked: bool) -> None:
        self.choose(self.chosen, paid_work_only=is_checked, needs_plate=self.needs_plate)
        self.changed.emit()

    def _begin_download(self) -> None:
        self.menu.setEnabled(False)
        self._about.setText(self._entries[self.chosen].about)  # not why an earlier try failed
        self.changed.emit()

    def _end_download(self, sentence: str) -> None:
        self.menu.setEnabled(True)
        if sentence:
            self._about.setText(sentence)
        else:
            self.refresh()

    def _look(self) -> None:
        if self._job is None or not self._job.is_done:
            return
        job, self._job = self._job, None
        self._timer.stop()
        try:
            self._engines = job.result()
        except ClientError as error:
            self._miss_engines(error)
            return
        self._is_wanted = False
        self.choose(self.chosen, paid_work_only=self.paid_work_only)
        self.menu.make_room()

    def _miss_engines(self, error: ClientError) -> None:
        """The menu stays as it was; that no daemon runs yet is no news to who only sees the docker."""
        if self._is_wanted and not self._may_start:
            self._ask(start=True)  # the menu was opened while a daemon was looked for that runs
        elif self._is_wanted:
            self._is_wanted = False
            self._about.setText(error.message)


def _fetch(name: str, *, start: bool, job: Job[tuple[EngineInfo, ...]]) -> tuple[EngineInfo, ...]:
    with Client.connect(name, start=start, should_stop=job.should_stop) as client:
        return client.engines()
