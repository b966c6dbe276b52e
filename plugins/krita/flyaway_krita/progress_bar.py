"""A progress bar for fractions; Qt's own count in whole steps."""

from __future__ import annotations

from .qt import QtWidgets

STEPS = 1000


def steps(fraction: float) -> int:
    """How many of all steps are done; `fraction` is 0..1."""
    return round(fraction * STEPS)


class ProgressBar(QtWidgets.QProgressBar):
    """A bar that shows a fraction."""

    def __init__(self) -> None:
        super().__init__()
        self.setRange(0, STEPS)
        policy = self.sizePolicy()
        policy.setRetainSizeWhenHidden(True)
        self.setSizePolicy(policy)

    def show_fraction(self, fraction: float) -> None:
        """Show that much of it as done; 0..1."""
        self.setValue(steps(fraction))
