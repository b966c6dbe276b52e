"""The pen: what the chosen tool draws upon the easel, stroke by stroke."""

from __future__ import annotations

from collections.abc import Callable

from flyaway_client import brush, planes
from flyaway_client.brush import Point
from flyaway_client.easel import Easel
from flyaway_client.messages import KEEP, REMOVE, UNKNOWN
from flyaway_client.planes import Box, Plane

ERASER = 0
"""The level that takes strokes away."""

_SWAPPED = {KEEP: REMOVE, REMOVE: KEEP}


class Strokes:
    """Draws with the tool and the width that are set.

    Args:
        easel: what is drawn upon.
        drawn: called with where strokes have changed.
        lifted: called at the end of each stroke.
    """

    def __init__(
        self, easel: Easel, drawn: Callable[[Box], object], lifted: Callable[[], object]
    ) -> None:
        self._easel, self._drawn, self._lifted = easel, drawn, lifted
        self.level, self.width_px = UNKNOWN, 1
        self._stroke_level = UNKNOWN
        self._last: Point = (0.0, 0.0)

    def begin(self, place: Point, is_swapped: bool) -> None:
        """Go down at a place of the image; swapped, Keep removes and Remove keeps for this stroke."""
        self._stroke_level = _SWAPPED.get(self.level, self.level) if is_swapped else self.level
        self._last = place
        self._easel.begin()
        self.go(place)

    def go(self, place: Point) -> None:
        """Draw on to a place."""
        found = brush.line(
            self._easel.strokes, self._last, place, self.width_px, self._stroke_level
        )
        self._last = place
        if found is not None:
            self._easel.draw(*found)
            self._drawn(found[0])

    def cover(self, selected: bytes) -> None:
        """Draw Unknown over all of the layer that is selected, as one stroke."""
        strokes = self._easel.strokes
        box = planes.around(selected, strokes.width)
        if box is None:
            return
        where = Plane(strokes.width, strokes.height, 1, selected).cropped(box)
        unknown = bytes([UNKNOWN]) * (box.width * box.height)
        self._easel.begin()
        self._easel.draw(box, planes.chosen(where, unknown, strokes.cropped(box)))
        self._drawn(box)
        self._lifted()

    def lift(self) -> None:
        """Go up again."""
        self._lifted()
