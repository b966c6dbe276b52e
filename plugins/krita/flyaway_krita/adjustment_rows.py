"""What can be adjusted of a mask without solving it again: a slider each, all at rest at first."""

from __future__ import annotations

from .flyaway_client.adjustments import LIMITS, Adjustments
from .qt import QtCore, QtWidgets

ROWS = (
    ("smooth_px", "Smooth", 10, "Rounds the corners of a clear outline; hair stays"),
    ("feather_px", "Feather", 10, "Blurs the edge"),
    ("shift_edge", "Shift Edge", 1, "Soft pixels count more, or less, as the subject"),
    ("contrast", "Contrast", 1, "Makes the edge steeper"),
    ("sharpness", "Softer / Sharper", 1, "Soft pixels go to the middle, or to the ends"),
    ("black_clip", "Black Clip", 1, "What is fainter than this is background"),
    ("white_clip", "White Clip", 1, "What is denser than this is wholly subject"),
)
"""Field of Adjustments, label, steps of the slider for one unit, meaning."""

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
        for name, label, steps, about in ROWS:
            least, most = LIMITS[name]
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
        self._reset = QtWidgets.QPushButton("Reset")
        self._reset.setToolTip("Leave the mask as it was solved")
        self._reset.clicked.connect(lambda _is_checked: self._start_over())
        column.addWidget(self._reset)

    @property
    def chosen(self) -> Adjustments:
        """What the sliders say."""
        values = {name: self._sliders[name].value() / steps for name, _, steps, _ in ROWS}
        values["white_clip"] = max(values["white_clip"], values["black_clip"] + 1)
        return Adjustments(**values)

    def reset(self) -> None:
        """Bring all to rest, without a signal."""
        usual = Adjustments()
        for name, _, steps, _ in ROWS:
            slider = self._sliders[name]
            slider.blockSignals(True)
            slider.setValue(round(getattr(usual, name) * steps))
            slider.blockSignals(False)
        self._show_values()

    def _start_over(self) -> None:
        self.reset()
        self.changed.emit()

    def _change(self, _value: int) -> None:
        self._show_values()
        self.changed.emit()

    def _show_values(self) -> None:
        for name, label, steps, _ in ROWS:
            unit = " px" if name.endswith("_px") else " %"
            value = self._sliders[name].value() / steps
            self._labels[name].setText(f"{label}: {value:g}{unit}")
