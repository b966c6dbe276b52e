"""The choice of the layer that shows the empty scene, for engines that compare with it."""

from __future__ import annotations

from krita import Krita, Node

from . import layers, plates
from .flyaway_client import texts
from .flyaway_client.refusals import DocumentError
from .flyaway_client.wording import _
from .menu import Menu


class PlateRow(Menu):
    """A menu of the active image's paint layers, without the one that is to be cut out of."""

    def __init__(self) -> None:
        super().__init__()
        self._wanted = ""
        self._entries: list[tuple[str, str]] = []
        self.setToolTip(texts.PLATE_ABOUT)
        self.opening.connect(self.refresh)
        self.activated.connect(self._pick)

    @property
    def chosen(self) -> str:
        """The chosen layer's identity; "" if none is."""
        return str(self.currentData() or "")

    def choose(self, identity: str) -> None:
        """List the layers as they are now, that one as the chosen one if it is among them."""
        self._wanted = identity
        nodes = _candidates()
        shown = plates.chosen_of(nodes, identity)
        entries = [(layers.identity(node), node.name()) for node in nodes]
        if shown is None:
            entries.insert(0, ("", _("Choose a layer") if nodes else _("No other paint layer")))
        # A menu that is just closing forgets what was clicked in it if it is filled anew.
        if entries != self._entries:
            self._entries = entries
            self.clear()
            for entry in entries:
                self.add(*entry)
        self.setCurrentIndex(self.findData("" if shown is None else layers.identity(shown)))

    def refresh(self) -> None:
        """List the layers anew; what the user chose last is chosen where it is among them."""
        self.choose(self._wanted)

    def _pick(self, _index: int) -> None:
        self._wanted = self.chosen


def _candidates() -> list[Node]:
    document = Krita.instance().activeDocument()
    if document is None:
        return []
    try:
        photo = layers.of_active(document.activeNode())
    except DocumentError:
        photo = None
    return plates.candidates(document, photo)
