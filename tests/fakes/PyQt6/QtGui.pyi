from .QtCore import QObject, pyqtBoundSignal

class QIcon: ...

class QRegion:
    def isEmpty(self) -> bool: ...

class QAction(QObject):
    triggered: pyqtBoundSignal
