"""The plugin as Krita sees it: the actions under Tools > Scripts, and what all dockers share."""

from __future__ import annotations

from dataclasses import replace

from krita import DockWidget, Extension, Krita, Window

from . import host, options
from .compare_panel import CompareWindow
from .extraction import QUIT_S, Extractor
from .feedback import Feedback
from .flyaway_client import outcome
from .flyaway_client.wording import _
from .panel import OBJECT_NAME, FlyawayDocker
from .point_panel import PointWindow
from .qt import QtWidgets
from .refine_panel import RefineDocker
from .retoucher import Retoucher

MENU = "tools/scripts"
EXTRACT = ("flyaway_extract", _("Flyaway: Extract Foreground"))
REFINE = ("flyaway_refine", _("Flyaway: Refine Edge"))
POINT = ("flyaway_point", _("Flyaway: Extract by Clicking…"))
COMPARE = ("flyaway_compare", _("Flyaway: Compare Engines…"))
CANCEL = ("flyaway_cancel", _("Flyaway: Cancel Extract Foreground"))
"""Ids and texts of the actions; English as in flyaway_krita.action, whose tool tips Krita translates by its own catalogues alone."""


class FlyawayExtension(Extension):
    """One for all of Krita's windows."""

    def __init__(self, parent: Krita) -> None:
        super().__init__(parent)
        self._extractor = Extractor()
        self._retoucher = Retoucher()
        self._point_window: PointWindow | None = None
        self._compare_window: CompareWindow | None = None
        self._feedback = Feedback(self._extractor, self._is_shown)

    def setup(self) -> None:
        """Krita is there: learn when it quits."""
        Krita.instance().notifier().applicationClosing.connect(self._close)

    def createActions(self, window: Window) -> None:
        """Put the actions into the menu of a new window."""
        extract = window.createAction(*EXTRACT, MENU)
        extract.triggered.connect(lambda _is_checked: self._extractor.start(options.load()))
        point = window.createAction(*POINT, MENU)
        point.triggered.connect(lambda _is_checked: self._point())
        refine = window.createAction(*REFINE, MENU)
        refine.triggered.connect(lambda _is_checked: self._retoucher.refine())
        compare = window.createAction(*COMPARE, MENU)
        compare.triggered.connect(lambda _is_checked: self._compare())
        cancel = window.createAction(*CANCEL, MENU)
        cancel.triggered.connect(lambda _is_checked: self._extractor.cancel())

    def create_docker(self) -> DockWidget:
        """A docker for a new window."""
        docker = FlyawayDocker(self._extractor)
        docker.pointing_asked.connect(self._point)
        return docker

    def create_retouch_docker(self) -> DockWidget:
        """The retouchers' docker for a new window."""
        return RefineDocker(self._retoucher)

    def _close(self) -> None:
        """Krita quits."""
        self._extractor.close()
        if self._compare_window is not None:
            self._compare_window.abandon(QUIT_S)

    def _compare(self) -> None:
        """Let the user choose engines to be compared."""
        if self._compare_window is not None:
            self._compare_window.raise_()
            self._compare_window.activateWindow()
            return
        window = Krita.instance().activeWindow()
        if window is None:
            return
        self._compare_window = CompareWindow(window.qwindow())
        self._compare_window.finished.connect(lambda _result: self._forget_compare_window())
        self._compare_window.show()

    def _forget_compare_window(self) -> None:
        self._compare_window = None

    def _point(self) -> None:
        """Let the user point at the subject in the active layer."""
        if self._is_pointing:
            assert self._point_window is not None
            self._point_window.raise_()
            self._point_window.activateWindow()
            return
        chosen = replace(options.load(), selection_is="automatic", needs_plate=False, plate="")
        try:
            target = host.find_target(chosen)
            window = Krita.instance().activeWindow()
            assert window is not None  # an image is open in it
            self._point_window = PointWindow(self._extractor, target, chosen, window.qwindow())
        except Exception as error:  # noqa: BLE001 - the edge to Krita: each failure is one sentence
            self._extractor.announced.emit(outcome.failure(error), True)
            return
        self._point_window.finished.connect(lambda _result: self._forget_point_window())
        self._point_window.show()

    @property
    def _is_pointing(self) -> bool:
        return self._point_window is not None

    def _forget_point_window(self) -> None:
        self._point_window = None

    def _is_shown(self) -> bool:
        """Whether the user sees somewhere what an extraction says."""
        return self._is_pointing or _is_docker_visible()


def _is_docker_visible() -> bool:
    """Whether the user sees a docker of ours."""
    dockers = Krita.instance().dockers()
    return any(docker.objectName() == OBJECT_NAME and _is_in_sight(docker) for docker in dockers)


def _is_in_sight(docker: QtWidgets.QDockWidget) -> bool:
    # Behind another docker's tab it counts as visible, but lies outside of what is drawn.
    return docker.isVisible() and not docker.visibleRegion().isEmpty()
