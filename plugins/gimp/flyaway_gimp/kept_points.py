"""What was pointed at, kept with the layer in the document and taken up again tomorrow."""

from __future__ import annotations

from gi.repository import Gimp

from flyaway_client.clicks import Kept

_PARASITE = "flyaway-points"


def read(layer: Gimp.Layer) -> Kept | None:
    """What was pointed at in a layer the last time; None where nothing was, or it cannot be read."""
    parasite = layer.get_parasite(_PARASITE)
    return None if parasite is None else Kept.read(bytes(parasite.get_data()))


def put(layer: Gimp.Layer, kept: Kept) -> None:
    """Keep it in place of that of before; in the undo step that is open."""
    flags = Gimp.PARASITE_PERSISTENT | Gimp.PARASITE_UNDOABLE
    layer.attach_parasite(Gimp.Parasite.new(_PARASITE, flags, kept.written()))
