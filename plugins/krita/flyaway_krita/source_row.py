"""The choice of what the selection is taken from: the selection itself, a mask or another layer."""

from __future__ import annotations

from . import host
from .flyaway_client import texts
from .menu import Menu


class SourceRow(Menu):
    """A menu of the selection, and of masks and layers that can stand for it."""

    def __init__(self) -> None:
        super().__init__()
        self._wanted = ""
        self._entries: list[tuple[str, str]] = []
        self.setToolTip(texts.SOURCE_ABOUT)
        self.opening.connect(self.refresh)
        self.activated.connect(lambda _index: self._pick())
        self.refresh()

    @property
    def chosen(self) -> str:
        """The identity of what was chosen; "" for the selection itself."""
        return self._wanted

    def choose(self, identity: str) -> None:
        """List what there is now, that one as the chosen one; where it is not there, the selection is shown."""
        self._wanted = identity
        entries = host.selection_sources()
        # A menu that is just closing forgets what was clicked in it if it is filled anew.
        if entries != self._entries:
            self._entries = entries
            self.clear()
            for one, label in entries:
                self.add(one, f"{texts.SOURCE}: {label}")
        self.setCurrentIndex(max(self.findData(identity), 0))

    def refresh(self) -> None:
        """List what there is now; what the user chose last is chosen where it is there."""
        self.choose(self._wanted)

    def _pick(self) -> None:
        self._wanted = str(self.currentData() or "")
