"""What has to allow paid work: the switches for it."""

from __future__ import annotations

from .flyaway_client import texts
from .flyaway_client.paid_work import PaidWork
from .qt import QtCore, QtWidgets


class PaidWorkSwitches(QtWidgets.QWidget):
    """A switch, and while it is pressed one that asks for more.

    Args:
        is_narrow: whether there is room for half of what they say in a line, as in a docker.
    """

    changed = QtCore.pyqtSignal()
    """The user has pressed one."""

    def __init__(self, *, is_narrow: bool) -> None:
        super().__init__()
        written = _in_two_lines if is_narrow else str
        self.weights = QtWidgets.QCheckBox(written(texts.PAID_WORK))
        self.weights.setToolTip(texts.PAID_WORK_ABOUT)
        self.training = QtWidgets.QCheckBox(written(texts.PAID_TRAINING))
        self.training.setToolTip(texts.PAID_TRAINING_ABOUT)
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for switch in (self.weights, self.training):
            column.addWidget(switch)
            switch.clicked.connect(self._press)
        self.show_value(PaidWork.ANY)

    @property
    def value(self) -> PaidWork:
        """What the user asks for."""
        return PaidWork.of(
            self.weights.isChecked(), self.weights.isChecked() and self.training.isChecked()
        )

    def show_value(self, value: PaidWork) -> None:
        """Show that as the user's choice."""
        self.weights.setChecked(value.weights)
        self.training.setChecked(value.training)
        self.training.setVisible(value.weights)

    def _press(self, _is_checked: bool) -> None:
        self.show_value(self.value)
        self.changed.emit()


def _in_two_lines(text: str) -> str:
    """The text for a narrow docker, broken at the blank that leaves the shorter lines; as it is where it has none."""
    words = text.split(" ")
    breaks = ((" ".join(words[:count]), " ".join(words[count:])) for count in range(1, len(words)))
    return "\n".join(min(breaks, key=lambda lines: max(map(len, lines)), default=(text,)))
