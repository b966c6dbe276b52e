"""Overlapping windows over a picture too large for one look, and how their results are blended."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Window:
    """A rectangle of a picture, and how much its result counts there.

    Attributes:
        place: rows and columns.
        down, across: weight of each row and column; those of all windows add up to 1 at every pixel.
    """

    place: tuple[slice, slice]
    down: NDArray[np.float32]
    across: NDArray[np.float32]

    @classmethod
    def all_of(cls, shape: tuple[int, ...]) -> Window:
        """The window that is the whole picture."""
        height, width = shape[:2]
        place = slice(0, height), slice(0, width)
        return cls(place, np.ones(height, np.float32), np.ones(width, np.float32))

    def weights(self) -> NDArray[np.float32]:
        """The weight of each pixel of the window."""
        return np.outer(self.down, self.across)

    def counted(self, wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Those wanted pixels of the picture that lie in the window and count there."""
        return wanted[self.place] & (self.down > 0)[:, None] & (self.across > 0)


def spread(shape: tuple[int, ...], side_px: int, overlap_px: int, margin_px: int) -> list[Window]:
    """Windows of at most `side_px` a side over a picture, evenly spread.

    Args:
        shape: of the picture, height and width first.
        side_px: of a window.
        overlap_px: what neighbours share at least.
        margin_px: the outermost part of a window counts nothing where a neighbour has it too.
    """
    rows, columns = (_along(size, side_px, overlap_px, margin_px) for size in shape[:2])
    return [Window((row, column), down, across) for row, down in rows for column, across in columns]


def _along(
    size: int, side: int, overlap: int, margin: int
) -> list[tuple[slice, NDArray[np.float32]]]:
    """Spans along one direction and the weights within each."""
    if size <= side:
        return [(slice(0, size), np.ones(size, np.float32))]
    count = -(-(size - overlap) // (side - overlap))
    starts = [round(index * (size - side) / (count - 1)) for index in range(count)]
    places = np.arange(size, dtype=np.float32) + 0.5
    profiles = [_profile(places, start, start + side, size, overlap, margin) for start in starts]
    total = np.sum(profiles, axis=0)
    return [
        (slice(start, start + side), (profile / total)[start : start + side])
        for start, profile in zip(starts, profiles, strict=True)
    ]


def _profile(
    places: NDArray[np.float32], start: int, stop: int, size: int, overlap: int, margin: int
) -> NDArray[np.float32]:
    """0 outside and in the margins, 1 well inside, a ramp between; no ramp at the picture's own edge."""
    ramp = overlap - 2 * margin
    from_start = np.ones_like(places) if start == 0 else (places - start - margin) / ramp
    from_stop = np.ones_like(places) if stop == size else (stop - places - margin) / ramp
    inside = (places >= start) & (places <= stop)
    profile: NDArray[np.float32] = np.clip(np.minimum(from_start, from_stop), 0, 1) * inside
    return profile
