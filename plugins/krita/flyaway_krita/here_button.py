"""The offer to do on this computer what another one that works for it could not."""

from __future__ import annotations

from collections.abc import Callable

from .flyaway_client import texts
from .qt import QtWidgets


class HereButton(QtWidgets.QPushButton):
    """Seen only while there is something to offer.

    Args:
        name: the object's.
    """

    def __init__(self, name: str) -> None:
        super().__init__(texts.DO_IT_HERE)
        self.setObjectName(name)
        self.setToolTip(texts.DO_IT_HERE_ABOUT)
        self.setAutoDefault(False)
        self._do: Callable[[], object] | None = None
        self.withdraw()
        self.clicked.connect(lambda _is_checked: self._press())

    def offer(self, do: Callable[[], object]) -> None:
        """Offer what is done when it is pressed, once."""
        self._do = do
        self.setVisible(True)

    def withdraw(self) -> None:
        """Offer nothing."""
        self._do = None
        self.setVisible(False)

    def _press(self) -> None:
        do = self._do
        self.withdraw()
        if do is not None:
            do()
