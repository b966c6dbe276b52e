"""The choice of engine. Asks the daemon for its engines in the background, and never waits for it."""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from . import background, host
from .download_row import DownloadRow
from .flyaway_client import calls, outcome, texts
from .flyaway_client.background import BackgroundCall
from .flyaway_client.errors import ClientError
from .flyaway_client.menu_entries import AUTO_ENGINE, MORE, EngineMenu, engine_menu
from .flyaway_client.messages import EngineInfo
from .flyaway_client.paid_work import PaidWork
from .menu import Menu
from .paid_work import PaidWorkSwitches
from .paragraph import Paragraph
from .qt import QtCore, QtWidgets

Engines = tuple[EngineInfo, ...]


class EngineRow(QtWidgets.QWidget):
    """A menu of engines, a line about the chosen one, its download where it is missing, and a switch."""

    changed = QtCore.pyqtSignal()
    """The user has chosen another engine, begun its download, or pressed the switch."""
    plate_asked = QtCore.pyqtSignal(bool)
    """Another engine is shown as the chosen one, and whether that one needs a plate."""

    answered = QtCore.pyqtSignal()
    """A daemon runs, and has named its engines."""

    def __init__(self) -> None:
        super().__init__()
        self._call: BackgroundCall[Engines] | None = None
        self._is_wanted = self._may_start = False
        self._engines: Engines = ()
        self._known = EngineMenu((AUTO_ENGINE,))
        self._has_more = False
        self._chosen = AUTO_ENGINE
        self.menu = Menu()
        self.menu.setToolTip(texts.ENGINE_ABOUT)
        self._about = Paragraph()
        self.download = DownloadRow()
        self._transparent = QtWidgets.QCheckBox(texts.TRANSPARENT)
        self._transparent.setToolTip(texts.TRANSPARENT_ABOUT)
        self._switches = PaidWorkSwitches(is_narrow=True)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.menu, self._about, self.download, self._transparent, self._switches):
            column.addWidget(widget)
        self.menu.opening.connect(self._open_menu)
        self.menu.activated.connect(self._pick)
        self._transparent.clicked.connect(lambda _is_checked: self.changed.emit())
        self._switches.changed.connect(self._press_switch)
        self.download.started.connect(self._begin_download)
        self.download.ended.connect(self._end_download)

    @property
    def chosen(self) -> str:
        """The engine's name on the wire."""
        return self._chosen.name

    @property
    def transparent(self) -> bool:
        """Whether the user says that light shines through the subject, and the chosen engine makes use of that."""
        return self._chosen.takes_transparent and self._transparent.isChecked()

    @property
    def paid_work(self) -> PaidWork:
        """What has to allow paid work."""
        return self._switches.value

    @property
    def is_missing(self) -> bool:
        """Whether the chosen engine must be downloaded first."""
        return self._chosen.is_missing

    @property
    def needs_plate(self) -> bool:
        """Whether the chosen engine compares with a plate, as far as is known."""
        return self._chosen.needs_plate

    def choose(self, name: str, *, paid_work: PaidWork, needs_plate: bool = False) -> None:
        """Show that engine as the chosen one, whether the daemon has named it or not.

        Where `paid_work` leaves it out, the daemon's best one takes its place. Until the daemon has
        named it, `needs_plate` is what is known of it from an earlier time.
        """
        self._known = engine_menu(self._engines, name, paid_work=paid_work)
        self._chosen = self._known.find(name) or AUTO_ENGINE
        if needs_plate and not self._engines:
            self._chosen = replace(self._chosen, needs_plate=True)
        self._switches.show_value(paid_work)
        self._fill()
        self._show_chosen()

    def show_transparent(self, is_checked: bool) -> None:
        """Show whether light shines through the subject."""
        self._transparent.setChecked(is_checked)

    def refresh(self, *, start: bool = False) -> None:
        """Ask a daemon that runs for its engines, or start one to ask."""
        self._is_wanted |= start
        if self._call is None:
            self._ask(start)

    def _ask(self, start: bool) -> None:
        self._may_start = start
        work = partial(calls.fetch_engines, host.client_name(), start=start)
        self._call = background.start(self, work, self._take_engines)

    def _fill(self) -> None:
        """Fill the menu with what is to be seen of it."""
        self.menu.clear()
        for entry in self._known.listed(self.chosen, self._has_more):
            self.menu.add(entry.name, entry.label, entry.about)
        self.menu.setCurrentIndex(self.menu.findData(self.chosen))

    def _show_chosen(self) -> None:
        self._about.setText(self._chosen.about)
        self.download.offer(self._chosen)
        self._transparent.setVisible(self._chosen.takes_transparent)
        self.plate_asked.emit(self.needs_plate)

    def _open_menu(self) -> None:
        """The daemon is started if it has not named its engines yet."""
        if not self._engines:
            self.refresh(start=True)

    def _pick(self, _index: int) -> None:
        name = str(self.menu.currentData())
        if name == MORE.name:
            self._has_more = True
            self._fill()
            self.menu.showPopup()
            return
        self._chosen = self._known.find(name) or self._chosen
        self._show_chosen()
        self.changed.emit()

    def _press_switch(self) -> None:
        self.choose(self.chosen, paid_work=self.paid_work, needs_plate=self.needs_plate)
        self.changed.emit()

    def _begin_download(self) -> None:
        self.menu.setEnabled(False)
        self._about.setText(self._chosen.about)  # not why an earlier try failed
        self.changed.emit()

    def _end_download(self, sentence: str) -> None:
        self.menu.setEnabled(True)
        if sentence:
            self._about.show_problem(sentence)
        else:
            self.refresh()

    def _take_engines(self, call: BackgroundCall[Engines]) -> None:
        self._call = None
        if call.error is not None:
            self._miss_engines(call.error)
            return
        self._engines = call.result()
        self._is_wanted = False
        self.choose(self.chosen, paid_work=self.paid_work)
        self.menu.make_room()
        self.answered.emit()

    def _miss_engines(self, error: BaseException) -> None:
        """The menu stays as it was; that no daemon runs yet is no news to who only sees the docker."""
        if self._is_wanted and not self._may_start:
            self._ask(start=True)  # the menu was opened while a daemon was looked for that runs
        elif self._is_wanted or not isinstance(error, ClientError):
            self._is_wanted = False
            self._about.show_problem(outcome.failure(error))
