"""Where the user pointed, and what that may mean: the same records in tools of editors and on the wire.

Places are in the image's pixels, from its upper left: the first pixel's middle is at 0, 0.
"""

from __future__ import annotations

from dataclasses import dataclass

from .headers import Message, MessageError, one_of

SIZES = ("part", "object", "whole")
"""What one click may mean, the smallest first."""

MAX_POINTS, MAX_BOXES = 256, 32


@dataclass(frozen=True)
class Point(Message):
    """A click: on the subject, or beside it where `keep` is false."""

    x: float
    y: float
    keep: bool = True


@dataclass(frozen=True)
class Box(Message):
    """A box around a subject, from its first pixels to its last."""

    left: float
    top: float
    right: float
    bottom: float

    def __post_init__(self) -> None:
        """Refuse one that is turned around."""
        if self.left > self.right or self.top > self.bottom:
            raise MessageError("a box's left and top come before its right and bottom")


@dataclass(frozen=True)
class Prompts(Message):
    """All clicks and boxes that hold; `size` is which of `SIZES` one click means, "" for what fits best."""

    points: tuple[Point, ...] = ()
    boxes: tuple[Box, ...] = ()
    size: str = ""

    def __post_init__(self) -> None:
        """Refuse too many, and a size that there is not."""
        if len(self.points) > MAX_POINTS or len(self.boxes) > MAX_BOXES:
            raise MessageError(f"there are at most {MAX_POINTS} points and {MAX_BOXES} boxes")
        one_of(self.size, ("", *SIZES), "size")

    @property
    def have_subject(self) -> bool:
        """Whether anything says where the subject is."""
        return bool(self.boxes) or any(point.keep for point in self.points)

    def check_within(self, width: int, height: int) -> None:
        """Refuse points and boxes that do not lie in an image of that size.

        Raises:
            MessageError: one lies outside; the text names it.
        """
        corners = [(box.left, box.top) for box in self.boxes]
        corners += [(box.right, box.bottom) for box in self.boxes]
        for x, y in (*((point.x, point.y) for point in self.points), *corners):
            if not (0 <= x <= width - 1 and 0 <= y <= height - 1):
                raise MessageError(
                    f"{x:g}, {y:g} does not lie in the image of {width} x {height} pixels"
                )


@dataclass(frozen=True)
class Candidate(Message):
    """What a click may mean: one of `SIZES`, how well it is thought to fit (0 to 1), and the box around it."""

    size: str
    score: float
    box: Box

    def __post_init__(self) -> None:
        """Refuse a size that there is not."""
        one_of(self.size, SIZES, "size")
