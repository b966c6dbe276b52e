"""What can be adjusted of a mask without solving it again: a slider each, all at rest at first."""

from __future__ import annotations

from .flyaway_client import texts
from .flyaway_client.adjustments import LIMITS, Adjustments
from .flyaway_client.wording import _
from .qt import QtCore, QtWidgets

_STEPS = {"smooth_px": 10, "feather_px": 10}
"""Steps of the slider for one unit, where that is more than one."""

_MOST_PX = 30
"""Of lengths: more is seldom wanted, and a slider has few pixels."""


class AdjustmentRows(QtWidgets.QWidget):
    """The sliders."""

    changed = QtCore.pyqtSignal()

    def __init__(self) -> None:
        super().__init__()
        self._sliders: dict[str, QtWidgets.QSlider] = {}
        self._labels: dict[str, QtWidgets.QLabel] = {}
        column = QtWidgets.QVBoxLayout(self)
        column.setContentsMargins(0, 0, 0, 0)
        for name, (least, most) in LIMITS.items():
            label, about = texts.ADJUSTMENTS[name]
            steps = _STEPS.get(name, 1)
            slider = QtWidgets.QSlider(QtCore.Qt.Orientation.Horizontal)
            slider.setObjectName(f"flyaway_{name}")
            most = min(most, _MOST_PX) if name.endswith("_px") else most
            slider.setRange(round(least * steps), round(most * steps))
            slider.setToolTip(about)
            self._sliders[name], self._labels[name] = slider, QtWidgets.QLabel(label)
            column.addWidget(self._labels[name])
            column.addWidget(slider)
        self.reset()
        for slider in self._sliders.values():
            slider.valueChanged.connect(self._change)
        self._reset = QtWidgets.QPushButton(_("Reset"))
        self._reset.setToolTip(_("Leave the mask as it was solved"))
        self._reset.clicked.connect(lambda _is_checked: self._start_over())
        column.addWidget(self._reset)

    @property
    def chosen(self) -> Adjustments:
        """What the sliders say."""
        values = {name: self._value(name) for name in LIMITS}
        values["white_clip"] = max(values["white_clip"], values["black_clip"] + 1)
        return Adjustments(**values)

    def reset(self) -> None:
        """Bring all to rest, without a signal."""
        usual = Adjustments()
        for name, slider in self._sliders.items():
            slider.blockSignals(True)
            slider.setValue(round(getattr(usual, name) * _STEPS.get(name, 1)))
            slider.blockSignals(False)
        self._show_values()

    def _start_over(self) -> None:
        self.reset()
        self.changed.emit()

    def _change(self, _value: int) -> None:
        self._show_values()
        self.changed.emit()

    def _show_values(self) -> None:
        for name, label in self._labels.items():
            unit = " px" if name.endswith("_px") else " %"
            label.setText(f"{texts.ADJUSTMENTS[name][0]}: {self._value(name):g}{unit}")

    def _value(self, name: str) -> float:
        return self._sliders[name].value() / _STEPS.get(name, 1)
