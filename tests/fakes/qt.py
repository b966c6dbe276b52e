"""A Qt without a screen, as PyQt5 or PyQt6 give it: what the Krita plugin uses, and an event loop by hand.

Enums are found by their scope alone, as in PyQt6. Timers fire only in `tick`.
"""

# ruff: noqa: D101 - named and meant as in Qt

from __future__ import annotations

import enum
from collections.abc import Callable
from types import ModuleType
from typing import Any

from tests.fakes.painting import QColor, QIcon, QImage, QPainter, QPixmap

_timers: set[QTimer] = set()


def modules(major: int) -> dict[str, ModuleType | None]:
    """The package PyQt5 or PyQt6 as it goes into sys.modules; the other one refuses to be imported."""
    _timers.clear()
    parts = {"QtCore": CORE, "QtGui": GUI, "QtWidgets": WIDGETS}
    package = ModuleType(f"PyQt{major}")
    made: dict[str, ModuleType | None] = {package.__name__: package}
    for name, members in parts.items():
        part = ModuleType(f"{package.__name__}.{name}")
        vars(part).update({member.__name__: member for member in members})
        setattr(package, name, part)
        made[part.__name__] = part
    # None makes an import raise ModuleNotFoundError, as Krita does for the Qt it is not built with.
    other = f"PyQt{11 - major}"
    return made | dict.fromkeys((other, f"{other}.QtCore", f"{other}.QtGui", f"{other}.QtWidgets"))


def tick() -> None:
    """Let every timer that runs fire once."""
    for timer in list(_timers):
        timer.fire()


class Bound:
    """A signal of one object."""

    def __init__(self, owner: Any) -> None:
        self._owner = owner
        self._slots: list[Callable[..., object]] = []

    def connect(self, slot: Callable[..., object]) -> None:
        self._slots.append(slot)

    def disconnect(self, slot: Callable[..., object]) -> None:
        self._slots.remove(slot)

    def emit(self, *values: object) -> None:
        if not self._owner.signals_blocked:
            for slot in list(self._slots):
                slot(*values)


class pyqtSignal:  # noqa: N801 - PyQt names it
    """A signal as a class declares it; it checks the types of what is emitted as PyQt would."""

    def __init__(self, *types: type) -> None:
        self._types = types

    def __set_name__(self, owner: type, name: str) -> None:
        self._name = f"_signal_{name}"

    def __get__(self, instance: Any, owner: type) -> Any:
        if instance is None:
            return self
        return vars(instance).setdefault(self._name, Bound(instance))


class QObject:
    signals_blocked = False
    object_name = ""

    def __init__(self, parent: object = None) -> None:
        self.parent = parent
        self.is_deleted = False

    def objectName(self) -> str:
        return self.object_name

    def setObjectName(self, name: str) -> None:
        self.object_name = name

    def blockSignals(self, block: bool) -> None:
        self.signals_blocked = block

    def deleteLater(self) -> None:
        self.is_deleted = True


class QTimer(QObject):
    timeout = pyqtSignal()
    _is_single = False

    @staticmethod
    def singleShot(ms: int, slot: Callable[[], object]) -> None:
        assert ms >= 0
        timer = QTimer()
        timer.setSingleShot(True)
        timer.timeout.connect(slot)
        timer.start()

    def setInterval(self, ms: int) -> None:
        assert ms > 0

    def setSingleShot(self, single: bool) -> None:
        self._is_single = single

    def start(self) -> None:
        _timers.add(self)

    def fire(self) -> None:
        """Its time has come; once only, where it is a single shot."""
        if self._is_single:
            self.stop()
        self.timeout.emit()

    def stop(self) -> None:
        _timers.discard(self)


class QByteArray(bytearray):
    def isEmpty(self) -> bool:
        return not self

    def data(self) -> bytes:
        return bytes(self)


class QPoint:
    def __init__(self, x: int = 0, y: int = 0) -> None:
        self._x, self._y = x, y

    def x(self) -> int:
        return self._x

    def y(self) -> int:
        return self._y

    def __sub__(self, other: QPoint) -> QPoint:
        return QPoint(self._x - other._x, self._y - other._y)


class QRect:
    def __init__(self, x: int = 0, y: int = 0, width: int = 0, height: int = 0) -> None:
        self._box = (x, y, width, height)

    def x(self) -> int:
        return self._box[0]

    def y(self) -> int:
        return self._box[1]

    def width(self) -> int:
        return self._box[2]

    def height(self) -> int:
        return self._box[3]

    def isEmpty(self) -> bool:
        return self.width() <= 0 or self.height() <= 0

    def intersected(self, other: QRect) -> QRect:
        left, top = max(self.x(), other.x()), max(self.y(), other.y())
        right = min(self.x() + self.width(), other.x() + other.width())
        bottom = min(self.y() + self.height(), other.y() + other.height())
        box = QRect(left, top, right - left, bottom - top)
        return QRect() if box.isEmpty() else box

    def contains(self, other: QRect) -> bool:
        return self.intersected(other) == other

    def united(self, other: QRect) -> QRect:
        if self.isEmpty() or other.isEmpty():
            return other if self.isEmpty() else self
        left, top = min(self.x(), other.x()), min(self.y(), other.y())
        right = max(self.x() + self.width(), other.x() + other.width())
        bottom = max(self.y() + self.height(), other.y() + other.height())
        return QRect(left, top, right - left, bottom - top)

    def translated(self, offset: QPoint) -> QRect:
        return QRect(self.x() + offset.x(), self.y() + offset.y(), self.width(), self.height())

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QRect) and self._box == other._box

    def __hash__(self) -> int:
        return hash(self._box)

    def __repr__(self) -> str:
        return f"QRect{self._box}"


class QRectF(QRect):
    """The same with fractions."""


class QPointF(QPoint):
    """The same with fractions."""


class QEvent:
    """What happens to a widget: a click, a key, the wheel."""

    Type = enum.Enum("Type", "MouseButtonRelease TabletRelease ShortcutOverride KeyPress Paint")

    def __init__(self, kind: enum.Enum, **what: Any) -> None:
        self._kind, self._what, self.is_accepted = kind, what, False

    def type(self) -> enum.Enum:
        return self._kind

    def key(self) -> Any:
        return self._what["key"]

    def button(self) -> Any:
        return self._what.get("button", Qt.MouseButton.LeftButton)

    def modifiers(self) -> Any:
        return self._what.get("modifiers", Qt.KeyboardModifier(0))

    def pos(self) -> Any:
        return self._what["place"]

    def position(self) -> Any:
        return self._what["place"]

    def angleDelta(self) -> Any:
        return self._what["turned"]

    def accept(self) -> None:
        self.is_accepted = True


class QUuid:
    def __init__(self, text: str = "") -> None:
        self.text = text

    def toString(self) -> str:
        return self.text

    def __eq__(self, other: object) -> bool:
        return isinstance(other, QUuid) and self.text == other.text

    def __hash__(self) -> int:
        return hash(self.text)


class Qt:
    WindowModality = enum.Enum("WindowModality", "NonModal WindowModal ApplicationModal")
    WidgetAttribute = enum.Enum("WidgetAttribute", "WA_DeleteOnClose")
    ItemDataRole = enum.Enum("ItemDataRole", "UserRole ToolTipRole")
    ScrollBarPolicy = enum.Enum("ScrollBarPolicy", "ScrollBarAlwaysOff")
    FocusPolicy = enum.Enum("FocusPolicy", "StrongFocus NoFocus")
    Orientation = enum.Enum("Orientation", "Horizontal")
    Key = enum.Enum(
        "Key", "Key_F Key_X Key_A Key_B Key_S Key_Z Key_Return Key_Enter Key_Backspace Key_Delete"
    )
    MouseButton = enum.Enum("MouseButton", "LeftButton MiddleButton RightButton")
    KeyboardModifier = enum.Flag("KeyboardModifier", "ControlModifier AltModifier ShiftModifier")
    AspectRatioMode = enum.Enum("AspectRatioMode", "KeepAspectRatio")
    TransformationMode = enum.Enum("TransformationMode", "SmoothTransformation")


class QSizePolicy:
    keeps_room = False

    def setRetainSizeWhenHidden(self, retain: bool) -> None:
        self.keeps_room = retain


class QFontMetrics:
    def lineSpacing(self) -> int:
        return 10


class QRegion:
    def __init__(self, is_empty: bool) -> None:
        self._is_empty = is_empty

    def isEmpty(self) -> bool:
        return self._is_empty


class QWidget(QObject):
    """A widget, shown from the start unless it is a window of its own."""

    is_shown = True
    is_enabled = True
    is_behind = False
    """Whether other widgets hide it, as tabs hide the dockers behind them."""
    among: Any = None
    """The layout that it was put into."""
    tool_tip = ""
    title = ""
    style = ""

    def sizePolicy(self) -> QSizePolicy:
        return vars(self).setdefault("policy", QSizePolicy())

    def setSizePolicy(self, policy: QSizePolicy) -> None:
        self.policy = policy

    def setStyleSheet(self, style: str) -> None:
        self.style = style

    def fontMetrics(self) -> QFontMetrics:
        return QFontMetrics()

    def setToolTip(self, text: str) -> None:
        self.tool_tip = text

    def setVisible(self, visible: bool) -> None:
        self.is_shown = visible

    def isVisible(self) -> bool:
        return self.is_shown

    def setEnabled(self, enabled: bool) -> None:
        self.is_enabled = enabled

    def visibleRegion(self) -> QRegion:
        return QRegion(self.is_behind or not self.is_shown)

    def show(self) -> None:
        self.is_shown = True

    def close(self) -> None:
        self.is_shown = False

    def showEvent(self, event: object) -> None:
        """The widget comes up."""

    def enterEvent(self, event: object) -> None:
        """The mouse comes in."""

    def setMinimumWidth(self, width: int) -> None:
        assert width > 0

    def setMinimumHeight(self, height: int) -> None:
        assert height >= 0

    def setFocusPolicy(self, policy: enum.Enum) -> None:
        assert policy in Qt.FocusPolicy

    def setFocus(self) -> None:
        self.has_focus = True

    def width(self) -> int:
        return 200

    def height(self) -> int:
        return 100

    def update(self) -> None:
        """It is to be painted again."""
        self.updates = getattr(self, "updates", 0) + 1

    def event(self, event: QEvent) -> bool:
        """Nothing is done about any."""
        return False

    def metaObject(self) -> Any:
        return self

    def className(self) -> str:
        return str(getattr(self, "class_name", type(self).__name__))

    def setWindowTitle(self, title: str) -> None:
        self.title = title

    def setWindowModality(self, modality: Qt.WindowModality) -> None:
        assert modality is Qt.WindowModality.NonModal, "it would block Krita's window"

    def setAttribute(self, attribute: Qt.WidgetAttribute) -> None:
        assert isinstance(attribute, Qt.WidgetAttribute)


class QDockWidget(QWidget):
    is_shown = False

    def setWidget(self, widget: QWidget) -> None:
        self.content = widget


class QFormLayout:
    RowWrapPolicy = enum.Enum("RowWrapPolicy", "WrapLongRows")

    def setRowWrapPolicy(self, policy: enum.Enum) -> None:
        assert policy in QFormLayout.RowWrapPolicy

    def __init__(self) -> None:
        self.rows: dict[str, QWidget] = {}

    def addRow(self, label: str, field: QWidget) -> None:
        self.rows[label] = field
        field.row_label = QLabel(label)  # type: ignore[attr-defined]

    def labelForField(self, field: QWidget) -> QLabel:
        return field.row_label  # type: ignore[attr-defined]


class QVBoxLayout:
    def __init__(self, parent: QWidget) -> None:
        self.widgets: list[QWidget] = []
        parent.layout = self  # type: ignore[attr-defined]

    def addLayout(self, layout: QFormLayout) -> None:
        self.widgets += layout.rows.values()

    def addWidget(self, widget: QWidget, stretch: int = 0) -> None:
        assert stretch >= 0
        self.widgets.append(widget)
        widget.among = self

    def addStretch(self, stretch: int) -> None:
        assert stretch > 0

    def setContentsMargins(self, left: int, top: int, right: int, bottom: int) -> None:
        assert min(left, top, right, bottom) >= 0


class QHBoxLayout(QVBoxLayout):
    pass


class QFrame(QWidget):
    Shape = enum.Enum("Shape", "NoFrame")


class QScrollArea(QFrame):
    def setWidgetResizable(self, resizable: bool) -> None:
        assert resizable

    def setFrameShape(self, shape: enum.Enum) -> None:
        assert shape in QFrame.Shape

    def setHorizontalScrollBarPolicy(self, policy: enum.Enum) -> None:
        assert policy in Qt.ScrollBarPolicy

    def setWidget(self, widget: QWidget) -> None:
        self.content = widget


class _Text(QWidget):
    def __init__(self, text: str = "") -> None:
        super().__init__()
        self._text = text

    def text(self) -> str:
        return self._text

    def setText(self, text: str) -> None:
        self._text = text


class QLabel(_Text):
    minimum_height = 0
    pixmap: QPixmap | None = None

    def setPixmap(self, pixmap: QPixmap) -> None:
        self.pixmap = pixmap

    def clear(self) -> None:
        self.pixmap = None

    def setWordWrap(self, on: bool) -> None:
        assert on

    def width(self) -> int:
        return 20

    def heightForWidth(self, width: int) -> int:
        """One pixel a character, ten a line; -1 for no text."""
        return -(-len(self._text) // width) * 10 or -1

    def setMinimumHeight(self, height: int) -> None:
        assert height >= 0
        self.minimum_height = height

    def resizeEvent(self, event: object) -> None:
        """The label has got another size."""


class QPushButton(_Text):
    clicked = pyqtSignal(bool)
    icon: QIcon | None = None

    def setIcon(self, icon: QIcon) -> None:
        self.icon = icon

    def click(self) -> None:
        self.clicked.emit(False)

    def setAutoDefault(self, default: bool) -> None:
        assert not default, "the key Return would be its own once it was pressed"


class QDialog(QWidget):
    """A window that is open from `show` to `accept` or `reject`."""

    finished = pyqtSignal(int)
    is_shown = False

    def accept(self) -> None:
        self._finish(1)

    def reject(self) -> None:
        self._finish(0)

    def resize(self, width: int, height: int) -> None:
        self.size = (width, height)

    def raise_(self) -> None:
        self.is_raised = True

    def activateWindow(self) -> None:
        """It gets the keyboard."""

    def keyPressEvent(self, event: QEvent) -> None:
        """Return and Escape are known to the dialog."""

    def _finish(self, result: int) -> None:
        self.is_shown = False
        self.finished.emit(result)


class QCheckBox(QPushButton):
    is_checked = False
    toggled = pyqtSignal(bool)

    def isChecked(self) -> bool:
        return self.is_checked

    def setChecked(self, checked: bool) -> None:
        self.is_checked = checked

    def click(self) -> None:
        self.is_checked = not self.is_checked
        self.clicked.emit(self.is_checked)
        self.toggled.emit(self.is_checked)


class QRadioButton(QCheckBox):
    """Of those in one row one alone is checked."""

    def setChecked(self, checked: bool) -> None:
        if checked and not self.is_checked:
            for other in self.among.widgets if self.among else ():
                if isinstance(other, QRadioButton) and other.is_checked:
                    other.click()
            self.click()


class _Range(QWidget):
    number = 0

    def setRange(self, minimum: int, maximum: int) -> None:
        self._minimum, self._maximum = minimum, maximum

    def value(self) -> int:
        return self.number

    def setValue(self, value: int) -> None:
        self.number = max(self._minimum, min(value, self._maximum))


class QProgressBar(_Range):
    pass


class QSpinBox(_Range):
    valueChanged = pyqtSignal(int)  # noqa: N815 - Qt names it

    def setValue(self, value: int) -> None:
        before = self.number
        super().setValue(value)
        if self.number != before:
            self.valueChanged.emit(self.number)

    def setSpecialValueText(self, text: str) -> None:
        self.special_text = text

    def setPrefix(self, prefix: str) -> None:
        assert prefix

    def setSuffix(self, suffix: str) -> None:
        assert suffix


class QSlider(QSpinBox):
    def __init__(self, orientation: enum.Enum) -> None:
        super().__init__()
        assert orientation is Qt.Orientation.Horizontal

    def setValue(self, value: int) -> None:
        """As Qt does, without a signal while they are blocked."""
        before = self.number
        _Range.setValue(self, value)
        if self.number != before and not self.signals_blocked:
            self.valueChanged.emit(self.number)


class QColorDialog:
    chosen = QColor(1, 2, 3)

    @staticmethod
    def getColor(initial: QColor, parent: QWidget) -> QColor:
        return QColorDialog.chosen


class QApplication:
    filters: list[Any] = []  # noqa: RUF012 - one application

    @staticmethod
    def doubleClickInterval() -> int:
        return 400

    @staticmethod
    def instance() -> type[QApplication]:
        return QApplication

    @staticmethod
    def installEventFilter(watcher: Any) -> None:
        QApplication.filters.append(watcher)

    @staticmethod
    def removeEventFilter(watcher: Any) -> None:
        QApplication.filters.remove(watcher)


class QAbstractItemView(QWidget):
    is_shown = False

    def sizeHintForColumn(self, column: int) -> int:
        return 100


class QComboBox(QWidget):
    SizeAdjustPolicy = enum.Enum("SizeAdjustPolicy", "AdjustToMinimumContentsLengthWithIcon")
    activated = pyqtSignal(int)

    def __init__(self) -> None:
        super().__init__()
        self._items: list[dict[object, object]] = []
        self._rows_shown = 0
        self._view = QAbstractItemView()
        self._current = -1

    def addItem(self, text: str, data: object = None) -> None:
        self._items.append({"text": text, Qt.ItemDataRole.UserRole: data})
        self._current = max(self._current, 0)

    def clear(self) -> None:
        self._items, self._current = [], -1

    def count(self) -> int:
        return len(self._items)

    def itemData(self, index: int, role: object = Qt.ItemDataRole.UserRole) -> object:
        return self._items[index].get(role) if 0 <= index < len(self._items) else None

    def currentData(self, role: object = Qt.ItemDataRole.UserRole) -> object:
        return self.itemData(self._current, role)

    def texts(self) -> list[object]:
        """What the user reads."""
        return [item["text"] for item in self._items]

    def setItemData(self, index: int, value: object, role: object) -> None:
        self._items[index][role] = value

    def findData(self, data: object) -> int:
        found = (number for number in range(self.count()) if self.itemData(number) == data)
        return next(found, -1)

    def setCurrentIndex(self, index: int) -> None:
        self._current = index

    def setSizeAdjustPolicy(self, policy: enum.Enum) -> None:
        assert policy in QComboBox.SizeAdjustPolicy

    def setMinimumContentsLength(self, characters: int) -> None:
        assert characters > 0

    def view(self) -> QAbstractItemView:
        return self._view

    @property
    def rows_shown(self) -> int:
        """For how many items the open menu has room, as there were when it opened; 0 when it is closed."""
        return self._rows_shown if self._view.isVisible() else 0

    def showPopup(self) -> None:
        """The menu opens."""
        self._rows_shown = self.count()
        self._view.setVisible(True)

    def hidePopup(self) -> None:
        """The menu closes."""
        self._view.setVisible(False)

    def pick(self, data: object) -> None:
        """The user chooses an item."""
        self._current = self.findData(data)
        self.activated.emit(self._current)

    def names(self) -> list[object]:
        """The data of all items."""
        return [self.itemData(number) for number in range(self.count())]


class QProgressDialog(_Range):
    canceled = pyqtSignal()
    shown: list[QProgressDialog] = []  # noqa: RUF012 - the test clears it
    label = ""

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__(parent)
        QProgressDialog.shown.append(self)

    def setLabelText(self, text: str) -> None:
        self.label = text

    def setAutoReset(self, reset: bool) -> None:
        assert not reset

    def setAutoClose(self, close: bool) -> None:
        assert not close

    def setMinimumDuration(self, ms: int) -> None:
        assert ms >= 0

    def close(self) -> None:
        """As in Qt, closing counts as cancelling."""
        super().close()
        self.canceled.emit()


class QMessageBox(_Text):
    Icon = enum.Enum("Icon", "Information Warning")
    StandardButton = enum.Enum("StandardButton", "Close")
    ButtonRole = enum.Enum("ButtonRole", "AcceptRole")
    shown: list[QMessageBox] = []  # noqa: RUF012 - the test clears it
    is_shown = False

    def __init__(self, parent: QWidget | None) -> None:
        super().__init__()
        self.parent = parent
        self.buttons: list[QPushButton] = []
        QMessageBox.shown.append(self)

    def addButton(self, button: enum.Enum | str, role: enum.Enum | None = None) -> QPushButton:
        assert isinstance(button, str) or button in QMessageBox.StandardButton
        assert role is None or role in QMessageBox.ButtonRole
        added = QPushButton(button if isinstance(button, str) else button.name)
        self.buttons.append(added)
        return added

    def setIcon(self, icon: enum.Enum) -> None:
        assert icon in QMessageBox.Icon


class QLocale:
    languages: tuple[str, ...] = ("en-GB", "en")
    """The user's, the best first."""

    def uiLanguages(self) -> list[str]:
        return list(self.languages)


CORE = (
    QObject, QTimer, QByteArray, QLocale, QPoint, QPointF, QRect, QRectF, Qt, QEvent, pyqtSignal, QUuid
)  # fmt: skip
GUI = (QColor, QIcon, QImage, QPainter, QPixmap)
WIDGETS = (
    QApplication, QFrame, QScrollArea, QWidget, QDockWidget, QFormLayout, QVBoxLayout, QHBoxLayout, QLabel, QPushButton, QCheckBox, QRadioButton, QDialog, QProgressBar,
    QSpinBox, QSlider, QColorDialog, QComboBox, QProgressDialog, QMessageBox,
)  # fmt: skip
