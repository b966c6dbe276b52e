"""What of an image a canvas shows: how large, from where on, and which pixel lies under the mouse. Knows no host."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

from .planes import Box

_LARGER = (1, 2, 3, 4, 6, 8, 12, 16, 24, 32)
_SMALLER = (1.5, 2, 3, 4, 6, 8, 12, 16, 24, 32, 64)

SCALES = tuple(sorted((*(1 / step for step in _SMALLER), *map(float, _LARGER))))
"""What zooming goes through; whole numbers where pixels are enlarged, so that all are of a size."""


@dataclass(frozen=True, slots=True)
class Viewport:
    """A room on the screen, and what it shows of an image. Places in the room are counted from its own corner.

    Attributes:
        width, height: of the image.
        room_width, room_height: of the room, in pixels of the screen.
        scale: pixels of the screen for one of the image.
        left, top: the room's corner in the image as it is scaled; negative where the image is smaller than the room.
    """

    width: int
    height: int
    room_width: int
    room_height: int
    scale: float = 1.0
    left: int = 0
    top: int = 0

    @property
    def scaled_width(self) -> int:
        """How wide the whole image is at this scale."""
        return max(math.floor(self.width * self.scale), 1)

    @property
    def scaled_height(self) -> int:
        """How high the whole image is at this scale."""
        return max(math.floor(self.height * self.scale), 1)

    @property
    def magnification(self) -> int:
        """How often each sample is shown in a row: 1 where the image is shown smaller."""
        return max(int(self.scale), 1)

    @property
    def sampling(self) -> float:
        """At which scale pixels are to be had before they are magnified."""
        return min(self.scale, 1.0)

    @property
    def shown(self) -> Box:
        """What is shown, in samples of the image as `sampling` makes it smaller."""
        by = self.magnification
        left, top = max(self.left, 0) // by, max(self.top, 0) // by
        right = min(self.left + self.room_width, self.scaled_width)
        bottom = min(self.top + self.room_height, self.scaled_height)
        return Box(left, top, -(-right // by) - left, -(-bottom // by) - top)

    @property
    def corner(self) -> tuple[int, int]:
        """Where in the room the first of what is shown lies."""
        return max(-self.left, 0), max(-self.top, 0)

    def fitted(self) -> Viewport:
        """All of the image, as large as the room allows."""
        scale = min(self.room_width / self.width, self.room_height / self.height)
        return replace(self, scale=_settled(scale))._centred(0.5, 0.5)

    def zoomed(self, scale: float, x: float, y: float) -> Viewport:
        """At another scale, with the same of the image at a place of the room."""
        scale = _settled(min(max(scale, SCALES[0]), SCALES[-1]))
        image_x, image_y = self.to_image(x, y)
        zoomed = replace(self, scale=scale)
        return zoomed._moved_to(image_x * scale - x, image_y * scale - y)

    def stepped(self, steps: int, x: float, y: float) -> Viewport:
        """Some steps of `SCALES` larger, or smaller where negative, around a place of the room."""
        up = steps > 0
        further = [
            one for one in SCALES if (one > self.scale + 1e-9 if up else one < self.scale - 1e-9)
        ]
        if not further:
            return self
        ahead = further if up else further[::-1]
        return self.zoomed(ahead[min(abs(steps), len(ahead)) - 1], x, y)  # fmt: skip

    def moved(self, x: float, y: float) -> Viewport:
        """So many pixels of the screen further right and down."""
        return self._moved_to(self.left + x, self.top + y)

    def resized(self, room_width: int, room_height: int) -> Viewport:
        """In another room, the middle of which shows what it did."""
        middle = self.to_image(self.room_width / 2, self.room_height / 2)
        resized = replace(self, room_width=room_width, room_height=room_height)
        return resized._centred(middle[0] / self.width, middle[1] / self.height)

    def to_image(self, x: float, y: float) -> tuple[float, float]:
        """Which place of the image a place of the room shows."""
        return (x + self.left) / self.scale, (y + self.top) / self.scale

    def samples_of(self, box: Box) -> Box | None:
        """Where in `shown`'s samples a box of the image has an effect; None where that is not seen."""
        shown, by = self.shown, self.sampling
        reach = 0 if by == 1 else 2  # what is scaled down is mixed with its neighbours
        left = max(math.floor(box.left * by) - reach, shown.left)
        top = max(math.floor(box.top * by) - reach, shown.top)
        right = min(math.ceil(box.right * by) + reach, shown.right)
        bottom = min(math.ceil(box.bottom * by) + reach, shown.bottom)
        if left >= right or top >= bottom:
            return None
        return Box(left, top, right - left, bottom - top)

    def _centred(self, share_x: float, share_y: float) -> Viewport:
        """With a place of the image, as shares of its sides, in the middle of the room."""
        x, y = share_x * self.width * self.scale, share_y * self.height * self.scale
        return self._moved_to(x - self.room_width / 2, y - self.room_height / 2)

    def _moved_to(self, left: float, top: float) -> Viewport:
        """From there on, as far as there is something to see."""
        by = self.magnification
        return replace(
            self,
            left=_bounded(left, self.scaled_width, self.room_width, by),
            top=_bounded(top, self.scaled_height, self.room_height, by),
        )


def _settled(scale: float) -> float:
    """A scale that can be shown: whole numbers where pixels are enlarged."""
    return float(math.floor(scale)) if scale >= 1 else scale


def _bounded(start: float, size: int, room: int, step: int) -> int:
    """Where the room begins: in steps, within the image, or with all of that in its middle."""
    if size <= room:
        return -((room - size) // 2)
    most = -(-(size - room) // step) * step
    return min(max(round(start / step) * step, 0), most)
