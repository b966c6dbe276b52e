from .QtCore import QObject, Qt, pyqtBoundSignal

class QIcon: ...

class QFontMetrics:
    def lineSpacing(self) -> int: ...

class QImage:
    class Format:
        Format_Grayscale8: QImage.Format

    def __init__(
        self, data: bytes, width: int, height: int, bytes_per_line: int, kind: QImage.Format, /
    ) -> None: ...

class QPixmap:
    @staticmethod
    def fromImage(image: QImage) -> QPixmap: ...
    def scaled(
        self,
        width: int,
        height: int,
        aspect: Qt.AspectRatioMode,
        transformation: Qt.TransformationMode,
        /,
    ) -> QPixmap: ...

class QRegion:
    def isEmpty(self) -> bool: ...

class QAction(QObject):
    triggered: pyqtBoundSignal
