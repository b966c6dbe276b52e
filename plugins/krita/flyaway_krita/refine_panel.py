"""The docker for retouchers: brushes for hints, live results, views, adjustments, and where the mask goes besides."""

from __future__ import annotations

from collections.abc import Callable

from krita import Canvas, DockWidget

from .adjustment_rows import AdjustmentRows
from .flyaway_client import texts, views
from .flyaway_client.menu_entries import MenuEntry
from .flyaway_client.messages import KEEP, REMOVE, UNKNOWN, ImageHeader
from .flyaway_client.options import CUTOUT, NEW_LAYER, SELECTION
from .flyaway_client.planes import Box
from .flyaway_client.wording import _
from .here_button import HereButton
from .mask_view import MaskView, Scene
from .menu import Menu
from .paragraph import Paragraph
from .qt import QtCore, QtGui, QtWidgets
from .retoucher import Retoucher

OBJECT_NAME = "flyaway_retouch"

BRUSHES = (
    (KEEP, _("Keep"), _("Paint where the subject surely is")),
    (REMOVE, _("Remove"), _("Paint where there surely is background")),
    (UNKNOWN, _("Find hair"), _("Paint over hair, fur or anything else that is to be found out")),
)

OUTPUTS = (
    MenuEntry(SELECTION, _("Selection"), _("In place of the present one")),
    MenuEntry(
        NEW_LAYER,
        _("New layer with mask, colors decontaminated"),
        _(
            "The subject's own colours, as far as the amount says. The layer is hidden and left as it is"
        ),
    ),
    MenuEntry(
        CUTOUT, _("New layer, cut out"), _("The same, with the mask as the layer's own opacity")
    ),
)

CHECK_MS = 1000
"""How often it looks whether the image was closed."""

_SWATCH_PX = 12


class RefineDocker(DockWidget):
    """One window's view of the retouching; all windows show the same one."""

    def __init__(self, retoucher: Retoucher) -> None:
        super().__init__()
        self.setObjectName(OBJECT_NAME)
        self.setWindowTitle(_("Flyaway: Refine Edge"))
        self._retoucher = retoucher
        self._before_original = views.OVERLAY
        self._build()
        retoucher.changed.connect(self._show)
        retoucher.announced.connect(self._say)
        retoucher.lost.connect(self._offer_here)
        retoucher.previewed.connect(self._show_early)
        self._watch = QtCore.QTimer(self)
        self._watch.setInterval(CHECK_MS)
        self._watch.timeout.connect(retoucher.check)
        self._watch.start()
        self._show()

    def canvasChanged(self, canvas: Canvas | None) -> None:
        """Another image is shown. What is retouched stays, until a brush is chosen there."""

    def _build(self) -> None:
        content = QtWidgets.QWidget()
        column = QtWidgets.QVBoxLayout(content)
        column.addWidget(self._row(*(self._brush(*one) for one in BRUSHES)))
        self._live = QtWidgets.QCheckBox(_("Live"))
        self._live.setToolTip(_("Solve each stroke as soon as the pen is lifted"))
        self._live.setChecked(True)
        self._live.toggled.connect(self._set_live)
        self._refine = self._button(_("Refine"), self._retoucher.refine)
        self._refine.setToolTip(
            _(
                "Solve what is painted and waits, or else the mask inside the selection, such as around a lock of hair"
            )
        )
        column.addWidget(self._row(self._refine, self._live))
        self._back = self._button(_("Back"), self._retoucher.back)
        self._back.setToolTip(_("Take the last stroke or refinement back"))
        self._forward = self._button(_("Forward"), self._retoucher.forward)
        self._forward.setToolTip(_("Take it again"))
        self._done = self._button(_("Done"), self._retoucher.end)
        self._done.setToolTip(_("Hide the hints, which stay in the image; the mask stays as it is"))
        column.addWidget(self._row(self._back, self._forward, self._done))
        self._status = Paragraph(2)
        self._status.setObjectName(f"{OBJECT_NAME}_status")
        column.addWidget(self._status)
        self._here = HereButton(f"{OBJECT_NAME}_here")
        column.addWidget(self._here)
        self._views = Menu()
        self._views.setObjectName(f"{OBJECT_NAME}_view")
        for entry in views.ENTRIES:
            self._views.add(entry.name, entry.label, entry.about)
        self._view = MaskView()
        self._view.setObjectName(f"{OBJECT_NAME}_picture")
        self._views.activated.connect(lambda _index: self._choose_view())
        self._colour = self._button(_("Colour…"), self._choose_colour)
        self._colour.setToolTip(_("The overlay's colour"))
        column.addWidget(self._row(self._views, self._colour))
        column.addWidget(self._view, 1)
        self._adjustments = AdjustmentRows()
        self._adjustments.changed.connect(self._adjust)
        self._outputs = Menu()
        self._outputs.setObjectName(f"{OBJECT_NAME}_output")
        for entry in OUTPUTS:
            self._outputs.add(entry.name, entry.label, entry.about)
        self._amount = QtWidgets.QSpinBox()
        self._amount.setRange(0, 100)
        self._amount.setValue(100)
        self._amount.setPrefix(_("Amount: "))
        self._amount.setSuffix(" %")
        self._amount.setToolTip(
            _("How far the subject's own colours take the place of the layer's")
        )
        self._put = self._button(_("Output"), self._put_out)
        self._put.setToolTip(texts.OUTPUT_ABOUT)
        more = QtWidgets.QWidget()
        rows = QtWidgets.QVBoxLayout(more)
        rows.setContentsMargins(0, 0, 0, 0)
        rows.addWidget(self._adjustments)
        rows.addWidget(self._outputs)
        rows.addWidget(self._row(self._amount, self._put))
        more.setVisible(False)
        self._more = QtWidgets.QCheckBox(_("Adjust and output"))
        self._more.setToolTip(
            _("Adjust the mask without solving it again, and put it elsewhere too")
        )
        self._more.toggled.connect(more.setVisible)
        column.addWidget(self._more)
        column.addWidget(more)
        self.setWidget(content)
        self._view.next_asked.connect(self._next_view)
        self._view.original_asked.connect(self._toggle_original)

    def _row(self, *widgets: QtWidgets.QWidget) -> QtWidgets.QWidget:
        """Widgets side by side."""
        row = QtWidgets.QWidget()
        layout = QtWidgets.QHBoxLayout(row)
        layout.setContentsMargins(0, 0, 0, 0)
        for widget in widgets:
            layout.addWidget(widget)
        return row

    def _button(self, text: str, call: Callable[[], object]) -> QtWidgets.QPushButton:
        button = QtWidgets.QPushButton(text)
        button.setObjectName(f"{OBJECT_NAME}_{text.lower().rstrip('…')}")
        # Three side by side fit into a docker 240 px wide.
        button.setMinimumWidth(1)
        button.clicked.connect(lambda _is_checked: call())
        return button

    def _brush(self, level: int, label: str, about: str) -> QtWidgets.QPushButton:
        """The button of a kind of stroke, with its colour."""
        button = self._button(label, lambda: self._retoucher.paint(level))
        button.setToolTip(_("{about}: then paint on the image, with any brush").format(about=about))
        swatch = QtGui.QPixmap(_SWATCH_PX, _SWATCH_PX)
        swatch.fill(QtGui.QColor(*views.STROKE_COLOURS[level]))
        button.setIcon(QtGui.QIcon(swatch))
        return button

    def _set_live(self, is_live: bool) -> None:
        self._retoucher.is_live = is_live

    def _show(self) -> None:
        """Show what can be done, and the mask as it is."""
        session = self._retoucher.session
        easel = None if session is None else session.easel
        self._back.setEnabled(easel is not None and easel.can_go_back)
        self._forward.setEnabled(easel is not None and easel.can_go_forward)
        self._done.setEnabled(session is not None)
        if session is None:
            self._adjustments.reset()
            self._view.show_scene(None)
            return
        self._view.show_scene(Scene(session.pixels.image, session.shown, session.easel.strokes))

    def _show_early(self, box: Box, header: ImageHeader, alpha_u8: bytes) -> None:
        self._view.show_early(box, header, alpha_u8)

    def _offer_here(self, do: Callable[[], object]) -> None:
        self._here.offer(do)

    def _say(self, sentence: str, is_problem: bool) -> None:
        self._here.withdraw()
        if is_problem:
            self._status.show_problem(sentence)
        else:
            self._status.setText(sentence)

    def _adjust(self) -> None:
        self._retoucher.adjust(self._adjustments.chosen)

    def _put_out(self) -> None:
        self._retoucher.put(str(self._outputs.currentData()), self._amount.value())

    def _choose_view(self) -> None:
        self._view.choose(str(self._views.currentData()))

    def _next_view(self) -> None:
        self._pick(views.following(self._view.view))

    def _toggle_original(self) -> None:
        if self._view.view == views.ORIGINAL:
            self._pick(self._before_original)
        else:
            self._before_original = self._view.view
            self._pick(views.ORIGINAL)

    def _pick(self, view: str) -> None:
        self._views.setCurrentIndex(self._views.findData(view))
        self._choose_view()

    def _choose_colour(self) -> None:
        chosen = QtWidgets.QColorDialog.getColor(QtGui.QColor(*self._view.colour), self)
        if chosen.isValid():
            self._view.colour = (chosen.red(), chosen.green(), chosen.blue())
            self._view.update()
