"""The Qt of the Krita this runs in: the one place that knows PyQt5 from PyQt6.

Krita says itself which Qt it was built with. Trying one import after the other would not do: Krita 6 refuses
PyQt5, and in Krita 5 a PyQt6 that happens to be installed loads a second Qt and crashes. Everything else
writes enums with their scope, which both know.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pykrita

__all__ = ["QtCore", "QtGui", "QtWidgets", "qt_major_version"]


def qt_major_version() -> int:
    """5 or 6. Krita tells since 5.3; before that there was no Krita with Qt 6."""
    ask = getattr(pykrita, "qt_major_version", None)
    return 5 if ask is None else int(ask())


if TYPE_CHECKING or qt_major_version() >= 6:
    from PyQt6 import QtCore, QtGui, QtWidgets
else:
    from PyQt5 import QtCore, QtGui, QtWidgets
