"""What a user points at on one image: clicks, boxes and strokes, each a step that can be taken back. Knows no host.

`begin`, `go` and `lift` are what the mouse does, in the image's pixels, the first one's corner at 0, 0.
"""

from __future__ import annotations

import json
import math
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import pairwise

from . import brush, planes
from .client import PointedAt
from .headers import Message, MessageError, encode
from .messages import KEEP, REMOVE, ImageHeader
from .planes import Plane
from .prompts import MAX_BOXES, MAX_POINTS, Box, Point, Prompts

Place = tuple[float, float]

_MARK_SHARE, _LEAST_MARK_PX = 0.016, 9
"""How wide the mark of a click is, of the image's longer side, and at least."""

_OUTLINE_SHARE = 0.25
"""How wide a box's outline is, of that."""

_STROKE_POINTS = 4
"""Points that stand for a stroke: a network turns the mask inside out where they lie close together."""


@dataclass(frozen=True)
class Kept(Message):
    """Steps as they are kept in a document: of an image of that size."""

    width: int
    height: int
    prompts: Prompts

    @staticmethod
    def read(content: bytes) -> Kept | None:
        """What was kept; None where it cannot be read."""
        try:
            kept = Kept.from_header(json.loads(content.decode()))
        except (ValueError, RecursionError):
            return None
        return replace(kept, prompts=replace(kept.prompts, size=""))

    def fits(self, width: int, height: int) -> bool:
        """Whether there is a subject in it, for an image of that size."""
        return (self.width, self.height) == (width, height) and self.prompts.have_subject

    def written(self) -> bytes:
        """To be kept."""
        return encode(self)


class Clicks:
    """The steps so far, what they may mean, and how they are seen.

    Args:
        width, height: of the image.
        drawn: called with where the marks have changed.
        pointed: called when what is pointed at has changed.
        kept: steps of before; those of an image of another size are left out.

    Attributes:
        marks: KEEP and REMOVE of messages.py where something was pointed at, 0 elsewhere.
        drags_box: whether dragging makes a box; else it makes a stroke.
    """

    def __init__(
        self,
        width: int,
        height: int,
        drawn: Callable[[planes.Box], object],
        pointed: Callable[[], object],
        kept: Kept | None = None,
    ) -> None:
        self.marks = Plane(width, height)
        self.drags_box = True
        self._drawn: Callable[[planes.Box], object] = lambda _: None  # nobody shows them yet
        self._pointed = pointed
        self.width_px = max(round(max(width, height) * _MARK_SHARE), _LEAST_MARK_PX)
        self._steps: list[Prompts] = []
        self._undone: list[Prompts] = []
        self._path: list[Place] = []
        self._keeps = True
        self._dragged: Prompts | None = None
        self._answer: PointedAt | None = None
        self._chosen = 0
        if kept is not None and (kept.width, kept.height) == (width, height):
            steps = [Prompts(points=(point,)) for point in kept.prompts.points]
            steps += [Prompts(boxes=(box,)) for box in kept.prompts.boxes]
            self._steps = [step for step in steps if _lies_within(step, width, height)]
            for step in self._steps:
                self._paint(step)
        self._drawn = drawn

    # --- what the mouse does ---------------------------------------------------------------------

    def begin(self, place: Place, is_swapped: bool) -> None:
        """Go down at a place; swapped, what is there is not wanted."""
        self._path = [place]
        self._keeps = not is_swapped

    def go(self, place: Place) -> None:
        """Drag on to a place."""
        self._path.append(place)
        self._wipe_dragged()
        self._dragged = self._dragged_to()
        self._paint(self._dragged)

    def lift(self) -> None:
        """Go up again: that was a click, a box or a stroke."""
        self._wipe_dragged()
        step = self._dragged_to()
        self._path = []
        if self.is_full:
            self._pointed()
            return
        self._undone.clear()
        self._steps.append(step)
        self._paint(step)
        self._change()

    # --- the way back ----------------------------------------------------------------------------

    @property
    def can_go_back(self) -> bool:
        """Whether there is a step to take back."""
        return bool(self._steps)

    @property
    def can_go_forward(self) -> bool:
        """Whether there is a step to take again."""
        return bool(self._undone)

    @property
    def is_full(self) -> bool:
        """Whether there are as many points or boxes as a request may hold."""
        prompts = self.prompts
        return (
            len(prompts.points) + _STROKE_POINTS > MAX_POINTS or len(prompts.boxes) + 1 > MAX_BOXES
        )

    def back(self) -> None:
        """Take the last step back."""
        if self._steps:
            step = self._steps.pop()
            self._undone.append(step)
            self._wipe(step)
            self._change()

    def forward(self) -> None:
        """Take a step again that was taken back."""
        if self._undone:
            self._steps.append(self._undone.pop())
            self._paint(self._steps[-1])
            self._change()

    def clear(self) -> None:
        """Take all steps back."""
        while self._steps:
            step = self._steps.pop()
            self._undone.append(step)
            self._paint(step, 0)  # no other stays that it could lie under
        self._change()

    # --- what was pointed at ---------------------------------------------------------------------

    @property
    def prompts(self) -> Prompts:
        """All that holds, and what one click means of it."""
        points = tuple(point for step in self._steps for point in step.points)
        boxes = tuple(box for step in self._steps for box in step.boxes)
        return Prompts(points, boxes, self._size)

    @property
    def kept(self) -> Kept:
        """The steps, to be kept in the document."""
        return Kept(self.marks.width, self.marks.height, self.prompts)

    def take(self, answer: PointedAt) -> None:
        """Take what it may mean; the likeliest is chosen."""
        self._answer = answer if answer.answer.candidates else None
        scores = [one.score for one in answer.answer.candidates]
        self._chosen = scores.index(max(scores)) if scores else 0

    def cycle(self) -> None:
        """Choose the next of what it may mean, the smallest after the largest."""
        if self._answer is not None:
            self._chosen = (self._chosen + 1) % len(self._answer.masks)

    @property
    def count(self) -> int:
        """Among how many masks there is a choice; 0 where nothing is known, or nothing was found."""
        return 0 if self._answer is None else len(self._answer.masks)

    @property
    def number(self) -> int:
        """Which of them is chosen, from 1."""
        return self._chosen + 1

    @property
    def mask(self) -> tuple[ImageHeader, bytes] | None:
        """The one that is chosen: the whole image in small, as levels; None where there is none."""
        if self._answer is None:
            return None
        header = self._answer.answer.mask
        assert header is not None  # there is one where there are candidates
        return header, self._answer.masks[self._chosen]

    @property
    def _size(self) -> str:
        if self._answer is None or self.count < 2:
            return ""
        return self._answer.answer.candidates[self._chosen].size

    def _change(self) -> None:
        self._answer, self._chosen = None, 0
        self._pointed()

    def _dragged_to(self) -> Prompts:
        """What the mouse has done since it went down."""
        first, last = self._path[0], self._path[-1]
        reach = max(math.dist(first, place) for place in self._path)
        if reach < self.width_px:
            return Prompts(points=(self._point(first),))
        if self.drags_box and self._keeps:
            start, end = self._point(first), self._point(last)
            left, right = sorted((start.x, end.x))
            top, bottom = sorted((start.y, end.y))
            return Prompts(boxes=(Box(left, top, right, bottom),))
        return Prompts(points=tuple(map(self._point, _spread(self._path))))

    def _point(self, place: Place) -> Point:
        """A place as the daemon counts, within the image."""
        x, y = place[0] - 0.5, place[1] - 0.5
        return Point(
            min(max(x, 0.0), self.marks.width - 1.0),
            min(max(y, 0.0), self.marks.height - 1.0),
            self._keeps,
        )

    # --- what is seen ----------------------------------------------------------------------------

    def _wipe_dragged(self) -> None:
        if self._dragged is not None:
            self._wipe(self._dragged)
            self._dragged = None

    def _wipe(self, step: Prompts) -> None:
        self._paint(step, 0)
        for other in self._steps:
            self._paint(other)

    def _paint(self, step: Prompts, level: int | None = None) -> None:
        for point in step.points:
            place = point.x + 0.5, point.y + 0.5
            kind = KEEP if point.keep else REMOVE
            self._line(place, place, self.width_px, kind if level is None else level)
        for box in step.boxes:
            left, top = box.left + 0.5, box.top + 0.5
            right, bottom = box.right + 0.5, box.bottom + 0.5
            corners = ((left, top), (right, top), (right, bottom), (left, bottom), (left, top))
            for start, end in pairwise(corners):
                width = self.width_px * _OUTLINE_SHARE
                self._line(start, end, width, KEEP if level is None else level)

    def _line(self, start: Place, end: Place, width_px: float, level: int) -> None:
        line = brush.line(self.marks, start, end, width_px, level)
        if line is not None:
            self.marks.paste(*line)
            self._drawn(line[0])


def _spread(path: list[Place]) -> list[Place]:
    """Places along a path, both ends among them, equally far from each other along it."""
    lengths = [math.dist(start, end) for start, end in pairwise(path)]
    apart = sum(lengths) / (_STROKE_POINTS - 1)
    places, gone, due = [path[0]], 0.0, apart
    for (start, end), length in zip(pairwise(path), lengths, strict=True):
        while len(places) < _STROKE_POINTS - 1 and gone + length >= due:
            share = (due - gone) / length
            places.append(
                (start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share)
            )
            due += apart
        gone += length
    return [*places, path[-1]]


def _lies_within(step: Prompts, width: int, height: int) -> bool:
    try:
        step.check_within(width, height)
    except MessageError:
        return False
    return True
