"""The colour that Krita's brush paints with, for hints."""

from __future__ import annotations

from krita import Krita, ManagedColor

from .flyaway_client.messages import KEEP, REMOVE, UNKNOWN
from .flyaway_client.views import STROKE_COLOURS

OTHER = {KEEP: REMOVE, REMOVE: KEEP, UNKNOWN: KEEP}
"""What lies behind: Krita's own key X changes the two."""


def choose(level: int) -> None:
    """Paint hints of that level from now on."""
    window = Krita.instance().activeWindow()
    view = window.activeView() if window else None
    if view is not None:
        view.setForeGroundColor(_colour(level))
        view.setBackGroundColor(_colour(OTHER[level]))


def _colour(level: int) -> ManagedColor:
    red, green, blue = (value / 255 for value in STROKE_COLOURS[level])
    colour = ManagedColor("RGBA", "U8", "")
    colour.setComponents([blue, green, red, 1.0])
    return colour
