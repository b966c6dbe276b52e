"""What the selection means: where it is taken from, what it is, what it is taken for now, and how wide its edge may be."""

from __future__ import annotations

from functools import partial

from . import background, host
from .flyaway_client import calls, miniature, outcome, texts
from .flyaway_client.background import BackgroundCall
from .flyaway_client.errors import DaemonUnreachableError
from .flyaway_client.menu_entries import SELECTION_ENTRIES
from .flyaway_client.messages import Description
from .flyaway_client.miniature import Miniature
from .flyaway_client.options import MAX_EDGE_WIDTH_PX, Options
from .flyaway_client.refusals import DocumentError
from .flyaway_client.wording import _
from .menu import Menu
from .paragraph import Paragraph
from .qt import QtCore, QtWidgets
from .source_row import SourceRow

SENTENCE_LINES = 2
"""Room that is kept for what a selection is taken for: nothing below moves when that changes."""


class SelectionRow(QtWidgets.QWidget):
    """Two menus, a sentence, and a box for the edge width that is seen where there is an edge."""

    changed = QtCore.pyqtSignal()
    """The user has chosen something else."""

    def __init__(self) -> None:
        super().__init__()
        self._call: BackgroundCall[Description] | None = None
        self._asked: tuple[Miniature, Options] | None = None
        self._box: QtCore.QRect | None = None
        self._remark = ""
        self.menu = Menu()
        self.menu.setToolTip(texts.SELECTION_ABOUT)
        for entry in SELECTION_ENTRIES:
            self.menu.add(entry.name, entry.label, entry.about)
        self.source = SourceRow()
        self.sentence = Paragraph(SENTENCE_LINES)
        self.sentence.setObjectName("flyaway_taken_for")
        self.edge_width = _edge_width_box()
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for widget in (self.menu, self.source, self.sentence, self.edge_width):
            column.addWidget(widget)
        for menu in (self.menu, self.source):
            menu.activated.connect(lambda _index: self._change())
        self.edge_width.valueChanged.connect(lambda _width: self._change())

    def show_options(self, chosen: Options) -> None:
        """Show those as the chosen ones."""
        self.menu.setCurrentIndex(self.menu.findData(chosen.selection_is))
        self.source.choose(chosen.selection_from)
        self.edge_width.setValue(chosen.edge_width_px)

    @property
    def selection_is(self) -> str:
        """What the user says that the selection is."""
        return str(self.menu.currentData())

    @property
    def selection_from(self) -> str:
        """The identity of what the selection is taken from; "" for the selection itself."""
        return self.source.chosen

    @property
    def edge_width_px(self) -> int:
        """How wide its edge may be; 0 leaves it to the picture."""
        return self.edge_width.value()

    def is_another(self) -> bool:
        """Whether the selection is another one than was described, as far as its box tells."""
        return host.selection_box() != self._box

    def describe(self) -> None:
        """Show what the selection of the active image would be taken for now."""
        self.source.refresh()
        if self._call is not None:
            return  # the end of that looks again
        chosen = Options(
            selection_is=self.selection_is,
            selection_from=self.selection_from,
            edge_width_px=self.edge_width_px,
        )
        self._box = host.selection_box()
        try:
            target = host.find_target(chosen)
            small = host.miniature_of(target)
        except DocumentError as error:
            self._ask_nothing()
            self.sentence.show_problem(str(error))
            return
        self._remark = host.remark(target)
        if small is None:
            self._ask_nothing()
            self._say(texts.NO_SELECTION)
        elif (small, chosen) != self._asked:
            self._asked = small, chosen
            asked, pixels = miniature.request(small, chosen)
            work = partial(calls.describe, host.client_name(), asked, pixels)
            self._call = background.start(self, work, self._take)

    def _change(self) -> None:
        self.changed.emit()
        self.describe()

    def _take(self, call: BackgroundCall[Description]) -> None:
        self._call = None
        if call.error is None:
            told = call.result()
            self._say(told.sentence)
            self._show_edge(told.edge_width_px)
            self.describe()
        elif isinstance(call.error, DaemonUnreachableError):
            # That no daemon runs yet is no news to who only sees the docker.
            self._asked = None
            self.sentence.setText("")
        else:
            self._show_edge(None)
            self.sentence.show_problem(outcome.failure(call.error))

    def _say(self, sentence: str) -> None:
        """What the selection is taken for, and what should be known of the layer besides."""
        self.sentence.setText(f"{sentence}. {self._remark}" if self._remark else sentence)

    def _ask_nothing(self) -> None:
        """There is no selection to describe, and so no edge."""
        self._asked = None
        self._show_edge(None)

    def _show_edge(self, width_px: int | None) -> None:
        """Offer to choose the edge width where there is an edge: so wide, if it is left to the picture."""
        self.edge_width.setSpecialValueText(
            _("Edge: {width}").format(width=texts.edge_width(width_px))
        )
        self.edge_width.setVisible(width_px is not None)


def _edge_width_box() -> QtWidgets.QSpinBox:
    box = QtWidgets.QSpinBox()
    box.setRange(0, MAX_EDGE_WIDTH_PX)
    box.setPrefix(_("Edge: up to "))
    box.setSuffix(" px")
    box.setToolTip(texts.EDGE_WIDTH_ABOUT)
    policy = box.sizePolicy()
    policy.setRetainSizeWhenHidden(True)
    box.setSizePolicy(policy)
    return box
