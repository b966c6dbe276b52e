"""Flyaway's plugin for Krita 5.1 to 6: registers the docker and the actions, and does nothing else."""

from __future__ import annotations

import sys

from krita import DockWidgetFactory, DockWidgetFactoryBase, Krita

# Krita's own 5.1 for Windows, macOS and AppImage; its Python Plugin Manager shows this text.
if sys.version_info < (3, 10):  # noqa: UP036 - the oldest that may meet this file is 3.8
    raise ImportError(
        "Flyaway needs Python 3.10 or newer, and this Krita brings an older one. Update Krita to 5.2."
    )

from .flyaway_client import wording
from .qt import QtCore

# Before what has texts is imported. The language that the user has chosen in Krita is Qt's default then.
wording.speak(QtCore.QLocale().uiLanguages())

from .extension import FlyawayExtension  # noqa: E402

_krita = Krita.instance()
_extension = FlyawayExtension(_krita)
_krita.addExtension(_extension)
for _id, _create in (
    ("flyaway", _extension.create_docker),
    ("flyaway_retouch", _extension.create_retouch_docker),
):
    _krita.addDockWidgetFactory(
        DockWidgetFactory(_id, DockWidgetFactoryBase.DockPosition.DockRight, _create)
    )
