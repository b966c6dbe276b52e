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
        self._show([("", texts.FROM_SELECTION)])
        self.opening.connect(self.refresh)
        self.activated.connect(lambda _index: self._pick())

    @property
    def chosen(self) -> str:
        """The identity of what was chosen; "" for the selection itself."""
        return self._wanted

    def choose(self, identity: str) -> None:
        """Show that one as the chosen one; the selection as long as it is not there."""
        self._wanted = identity
        self._show(self._entries)

    def refresh(self) -> None:
        """List what there is now; what was chosen last is chosen where it is there."""
        self._show(host.selection_sources())

    def _show(self, entries: list[tuple[str, str]]) -> None:
        # A menu that is just closing forgets what was clicked in it if it is filled anew.
        if entries != self._entries:
            self._entries = entries
            self.clear()
            for identity, label in entries:
                self.add(identity, f"{texts.SOURCE}: {label}")
        self.setCurrentIndex(max(self.findData(self._wanted), 0))

    def _pick(self) -> None:
        self._wanted = str(self.currentData() or "")
