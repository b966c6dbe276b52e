"""A mask that is retouched and the strokes upon it: what each asks of the daemon, what comes of it, the way back.

Knows no host, thread or timer. A host lays what is drawn upon it (`draw`), sends what `patch` gives, and tells what
came of it (`take`); for its main thread alone.
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
        self._earlier = list[tuple[Box, bytes]]()
        self._is_beginning = False
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

    @property
    def reach(self) -> Box | None:
        """The box of the next patch; None where nothing waits."""
        return None if self._waiting is None else self._grown(self._waiting, self._reach_px)

    def begin(self) -> None:
        """Begin a stroke that can be taken back apart from those that wait already, as long as it waits itself."""
        self._is_beginning = True

    def draw(self, box: Box, levels: Buffer) -> None:
        """Change the strokes in a box to levels of messages.py, 0 where there is none any more."""
        before = self.strokes.cropped(box)
        changed = planes.around(planes.changes(before, levels), box.width)
        if changed is None:
            return
        if self._is_beginning and self._waiting is not None:
            self._earlier.append((self._waiting, self.strokes.cropped(self._waiting)))
        self._is_beginning = False
        self.strokes.paste(box, levels)
        place = Box(box.left + changed.left, box.top + changed.top, changed.width, changed.height)
        self._waiting = place.united(self._waiting)

    def settle(self) -> Box | None:
        """Take the mask along where the host's own undo or redo has changed the strokes; where it has changed, or None.

        What waits is then as it was before the last step, or as it was after the one taken back last; or it is what
        is in the mask already.
        """
        if self._waiting is None:
            return None
        for steps, others in ((self._steps, self._undone), (self._undone, self._steps)):
            if steps and self._is_as_in(steps[-1]):
                self._waiting = None
                return self._swap(steps.pop(), others)
        if self.strokes.cropped(self._waiting) == self._solved.cropped(self._waiting):
            self._waiting = None
        return None

    def patch(self) -> Patch | None:
        """What the daemon is to solve: where strokes came or went since; None where they have not."""
        box = self.reach
        if box is None:
            return None
        drawn = planes.changes(self._solved.cropped(box), self.strokes.cropped(box))
        inside = planes.widened(drawn, box.width, self._reach_px)
        return self._patch(box, inside)

    def patch_inside(self, box: Box, levels: Buffer) -> Patch:
        """What the daemon is to solve inside of levels that are not 0, in a box: Refine Edge on a selection."""
        around = self._grown(box, 0)
        inside = Plane(around.width, around.height)
        place = Box(box.left - around.left, box.top - around.top, box.width, box.height)
        inside.paste(place, levels)
        return self._patch(around, bytes(inside.data))

    def take(self, patch: Patch, alpha: Buffer) -> Box:
        """Put what came of a patch into the mask, as one step; where that is.

        What was drawn after the patch was made waits for the next one.
        """
        assert patch.strokes is not None  # `patch` makes none without
        box = Box(patch.left, patch.top, patch.width, patch.height)
        self._keep(_State(box, self.mask.cropped(box), self._solved.cropped(box)))
        self.mask.paste(box, alpha)
        self._solved.paste(box, patch.strokes)
        self._look_what_waits(box)
        return box

    def _look_what_waits(self, box: Box) -> None:
        """Only what was drawn since can differ, or where the patch was."""
        self._earlier.clear()
        place = box.united(self._waiting)
        changed = planes.changes(self._solved.cropped(place), self.strokes.cropped(place))
        found = planes.around(changed, place.width)
        self._waiting = found and Box(
            place.left + found.left, place.top + found.top, found.width, found.height
        )

    def replace(self, mask: Buffer) -> None:
        """Take another mask for the whole image, such as an adjusted one, as one step."""
        box = self.mask.box
        self._keep(_State(box, bytes(self.mask.data), bytes(self._solved.data)))
        self.mask.paste(box, mask)

    def back(self) -> Box | None:
        """Take back the last stroke that was drawn and is not solved, or else the last step; what has changed, or None."""
        if self._waiting is not None:
            box, self._waiting = self._waiting, None
            self.strokes.paste(box, self._solved.cropped(box))
            if self._earlier:
                self._waiting, strokes = self._earlier.pop()
                self.strokes.paste(self._waiting, strokes)
            return box
        if not self._steps:
            return None
        return self._swap(self._steps.pop(), self._undone)

    def forward(self) -> Box | None:
        """Take the last step again that was taken back; what has changed, or None."""
        if not self.can_go_forward:
            return None
        return self._swap(self._undone.pop(), self._steps)

    def _grown(self, box: Box, by_px: int) -> Box:
        """A box with as much around it as a patch should have."""
        return box.grown(protocol.REFINE_MARGIN_PX + by_px, self.mask.width, self.mask.height)

    def _patch(self, box: Box, inside: bytes) -> Patch:
        strokes, mask = self.strokes.cropped(box), self.mask.cropped(box)
        return Patch(box.left, box.top, box.width, box.height, mask, self.dtype, inside, strokes)

    def _is_as_in(self, state: _State) -> bool:
        """Whether the strokes are as in a state, and nothing else of them waits."""
        waiting = self._waiting
        return (
            waiting is not None
            and waiting.united(state.box) == state.box
            and self.strokes.cropped(state.box) == state.strokes
            and self._solved.cropped(state.box) != state.strokes
        )

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
