"""Shows the mask as it will be once it is adjusted, while the easel's own stays as it is and strokes go on."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import background
import host
from shown_mask import ShownMask

from flyaway_client import calls, outcome
from flyaway_client.adjustments import Adjustments
from flyaway_client.background import BackgroundCall
from flyaway_client.layer import Picture
from flyaway_client.messages import ImageHeader
from flyaway_client.planes import Box


class Adjuster:
    """Has the whole mask adjusted in 8 bits for the canvas, one time after the other.

    Args:
        shown: where it is shown.
        width: of the mask.
        height: of the mask.
        problem: called with why it cannot be shown.
    """

    def __init__(
        self, shown: ShownMask, width: int, height: int, problem: Callable[[str], object]
    ) -> None:
        self._shown, self._problem = shown, problem
        self._header = ImageHeader(width, height, "gray", "u8")
        self._call: BackgroundCall[bytearray] | None = None
        self._is_stale = False
        self._wanted = Adjustments()

    def want(self, wanted: Adjustments) -> None:
        """Show the mask so adjusted from now on."""
        if wanted != self._wanted:
            self._wanted = wanted
            self.update(Box(0, 0, self._header.width, self._header.height))

    def update(self, box: Box) -> None:
        """The easel's mask has changed in a box."""
        if self._wanted.are_neutral:
            self.close()
            self._shown.update(box)
        elif self._call is None:
            mask = Picture(self._header, self._shown.unadjusted())
            work = partial(calls.adjust, host.client_name(), mask, self._wanted)
            self._call = background.start(work, self._end)
        else:
            self._is_stale = True

    def close(self) -> None:
        """Give up what is under way."""
        self._is_stale = False
        if self._call is not None:
            self._call.abandon()
            self._call = None

    def _end(self, call: BackgroundCall[bytearray]) -> None:
        self._call = None
        if call.error is not None:
            self._problem(outcome.failure(call.error))
        else:
            self._shown.show(bytes(call.result()))
        if self._is_stale:
            self._is_stale = False
            self.update(Box(0, 0, self._header.width, self._header.height))
