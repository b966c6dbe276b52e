"""A mask that is retouched and the strokes upon it: what each asks of the daemon, what comes of it, the way back.

Knows no host, thread or timer. A host lays what is drawn upon it (`draw`, `lay`), sends what `patch` gives, and
tells what came of it (`take`); for its main thread alone.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass

from . import planes, protocol
from .messages import DTYPES
from .planes import Box, Plane
from .retouching import Patch
from .zmtp import Buffer

_REACH_SHARE, _LEAST_REACH_PX, _MOST_REACH_PX = 0.02, 6, 80
"""How far around a stroke the mask is solved again, of the longer side, and within which bounds."""

_KEPT_BYTES = 256 * 2**20
"""What the steps that can be taken back may hold; the oldest are given up first."""


@dataclass(frozen=True, slots=True)
class _State:
    """A box of the mask and of the strokes, as both were."""

    box: Box
    mask: bytes
    strokes: bytes

    @property
    def bytes(self) -> int:
        return len(self.mask) + len(self.strokes)


class Easel:
    """A mask, the strokes upon it, and the steps so far.

    Args:
        mask: as it is; it is copied, and `mask` is what has become of it.
        dtype: of its samples, one of messages.OUTPUT_DTYPES.
        strokes: those of before, of the levels of messages.py; they are taken to be in the mask already.
    """

    def __init__(self, mask: Plane, dtype: str, strokes: Plane | None = None) -> None:
        self.dtype = dtype
        self.mask = Plane(mask.width, mask.height, DTYPES[dtype], mask.data)
        drawn = None if strokes is None else strokes.data
        self.strokes = Plane(mask.width, mask.height, 1, drawn)
        self._solved = Plane(mask.width, mask.height, 1, drawn)
        self._waiting: Box | None = None
        self._steps = deque[_State]()
        self._undone = list[_State]()
        longer = max(mask.width, mask.height)
        self._reach_px = round(min(max(longer * _REACH_SHARE, _LEAST_REACH_PX), _MOST_REACH_PX))

    @property
    def is_settled(self) -> bool:
        """Whether all strokes are in the mask."""
        return self._waiting is None

    @property
    def can_go_back(self) -> bool:
        """Whether there is a step to take back."""
        return self._waiting is not None or bool(self._steps)

    @property
    def can_go_forward(self) -> bool:
        """Whether there is a step to take again."""
        return self._waiting is None and bool(self._undone)

    def draw(self, box: Box, levels: Buffer) -> None:
        """Change the strokes in a box to levels of messages.py, 0 where there is none any more."""
        before = self.strokes.cropped(box)
        changed = planes.around(planes.changes(before, levels), box.width)
        if changed is None:
            return
        self.strokes.paste(box, levels)
        place = Box(box.left + changed.left, box.top + changed.top, changed.width, changed.height)
        self._waiting = place.united(self._waiting)

    def lay(self, strokes: Buffer) -> None:
        """Change all strokes to what a host has of them."""
        self.draw(self.strokes.box, strokes)

    def patch(self) -> Patch | None:
        """What the daemon is to solve: all that was drawn and is not yet in the mask; None where there is nothing."""
        if self._waiting is None:
            return None
        whole = self.mask.box
        margin = protocol.REFINE_MARGIN_PX + self._reach_px
        box = self._waiting.grown(margin, whole.width, whole.height)
        strokes = self.strokes.cropped(box)
        new = planes.both(planes.changes(self._solved.cropped(box), strokes), strokes)
        if planes.around(new, box.width) is None:  # strokes were but taken away
            self._settle(box)
            return None
        inside = planes.widened(new, box.width, self._reach_px)
        return Patch(
            box.left,
            box.top,
            box.width,
            box.height,
            self.mask.cropped(box),
            self.dtype,
            inside,
            strokes,
        )

    def take(self, patch: Patch, alpha: Buffer) -> Box:
        """Put what came of a patch into the mask, as one step; where that is.

        What was drawn after the patch was made waits for the next one.
        """
        assert patch.strokes is not None  # `patch` makes none without
        box = Box(patch.left, patch.top, patch.width, patch.height)
        self._keep(_State(box, self.mask.cropped(box), self._solved.cropped(box)))
        self.mask.paste(box, alpha)
        self._solved.paste(box, patch.strokes)
        later = planes.around(
            planes.changes(self._solved.data, self.strokes.data), self.strokes.width
        )
        self._waiting = later
        return box

    def replace(self, mask: Buffer) -> None:
        """Take another mask for the whole image, such as an adjusted one, as one step."""
        box = self.mask.box
        self._keep(_State(box, bytes(self.mask.data), bytes(self._solved.data)))
        self.mask.paste(box, mask)

    def back(self) -> Box | None:
        """Take back what was drawn and is not solved, or else the last step; what has changed, or None."""
        if self._waiting is not None:
            box, self._waiting = self._waiting, None
            self.strokes.paste(box, self._solved.cropped(box))
            return box
        if not self._steps:
            return None
        return self._swap(self._steps.pop(), self._undone)

    def forward(self) -> Box | None:
        """Take the last step again that was taken back; what has changed, or None."""
        if not self.can_go_forward:
            return None
        return self._swap(self._undone.pop(), self._steps)

    def _swap(self, state: _State, others: deque[_State] | list[_State]) -> Box:
        """Bring a state back, and keep the present one among the others."""
        box = state.box
        others.append(_State(box, self.mask.cropped(box), self._solved.cropped(box)))
        self.mask.paste(box, state.mask)
        self.strokes.paste(box, state.strokes)
        self._solved.paste(box, state.strokes)
        return box

    def _keep(self, state: _State) -> None:
        self._undone.clear()
        self._steps.append(state)
        while len(self._steps) > 1 and sum(one.bytes for one in self._steps) > _KEPT_BYTES:
            self._steps.popleft()

    def _settle(self, box: Box) -> None:
        """Strokes that were taken away are no more; the mask stays as it is."""
        self._solved.paste(box, self.strokes.cropped(box))
        self._waiting = None
