"""The plugin as Krita sees it: the actions under Tools > Scripts, and what all dockers share."""

from __future__ import annotations

from krita import DockWidget, Extension, Krita, Window

from . import options
from .extraction import Extractor
from .feedback import Feedback
from .panel import OBJECT_NAME, FlyawayDocker
from .qt import QtWidgets
from .refine_panel import RefineDocker
from .retoucher import Retoucher

MENU = "tools/scripts"
EXTRACT = ("flyaway_extract", "Flyaway: Extract Foreground")
REFINE = ("flyaway_refine", "Flyaway: Refine Edge")
CANCEL = ("flyaway_cancel", "Flyaway: Cancel Extract Foreground")
"""Ids and texts of the actions, as in flyaway_krita.action."""


class FlyawayExtension(Extension):
    """One for all of Krita's windows."""

    def __init__(self, parent: Krita) -> None:
        super().__init__(parent)
        self._extractor = Extractor()
        self._retoucher = Retoucher()
        self._feedback = Feedback(self._extractor, _is_docker_visible)

    def setup(self) -> None:
        """Krita is there: learn when it quits."""
        Krita.instance().notifier().applicationClosing.connect(self._extractor.close)

    def createActions(self, window: Window) -> None:
        """Put the actions into the menu of a new window."""
        extract = window.createAction(*EXTRACT, MENU)
        extract.triggered.connect(lambda _is_checked: self._extractor.start(options.load()))
        refine = window.createAction(*REFINE, MENU)
        refine.triggered.connect(lambda _is_checked: self._retoucher.refine())
        cancel = window.createAction(*CANCEL, MENU)
        cancel.triggered.connect(lambda _is_checked: self._extractor.cancel())

    def create_docker(self) -> DockWidget:
        """A docker for a new window."""
        return FlyawayDocker(self._extractor)

    def create_retouch_docker(self) -> DockWidget:
        """The retouchers' docker for a new window."""
        return RefineDocker(self._retoucher)


def _is_docker_visible() -> bool:
    """Whether the user sees a docker of ours."""
    dockers = Krita.instance().dockers()
    return any(docker.objectName() == OBJECT_NAME and _is_in_sight(docker) for docker in dockers)


def _is_in_sight(docker: QtWidgets.QDockWidget) -> bool:
    # Behind another docker's tab it counts as visible, but lies outside of what is drawn.
    return docker.isVisible() and not docker.visibleRegion().isEmpty()
