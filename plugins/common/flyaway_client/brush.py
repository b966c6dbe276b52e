"""A round brush: what a line of it does to strokes, as spans of pixels. Knows no host."""

from __future__ import annotations

import math

from .planes import Box, Plane

Point = tuple[float, float]
"""In the image's pixels; that at the top left lies around (0.5, 0.5)."""

LEAST_PX, MOST_PX = 1, 500
"""How wide a brush may be."""

_LEAST_RADIUS_PX = math.sqrt(0.5)
"""Reaches the middle of a pixel from everywhere in it: the finest line has no gaps."""

_DARK, _LIGHT = bytes((0, 0, 0, 200)), bytes((255, 255, 255, 230))

_STEP = 1.25
"""How much wider a brush is than the next narrower one."""


def line(
    strokes: Plane, start: Point, end: Point, width_px: float, level: int
) -> tuple[Box, bytes] | None:
    """What a line with round ends makes of strokes: where, and their levels there; None beside the plane."""
    spans = _spans(strokes, start, end, max(width_px / 2, _LEAST_RADIUS_PX))
    if not spans:
        return None
    left, right = min(first for _, first, _ in spans), max(beyond for _, _, beyond in spans)
    box = Box(left, spans[0][0], right - left, spans[-1][0] + 1 - spans[0][0])
    levels = bytearray(strokes.cropped(box))
    for row, first, beyond in spans:
        begin = (row - box.top) * box.width - left
        levels[begin + first : begin + beyond] = bytes([level]) * (beyond - first)
    return box, bytes(levels)


def wider(width_px: int, steps: int) -> int:
    """The width some steps up, or down where they are negative; always another one within the bounds."""
    stepped = round(width_px * _STEP**steps)
    if stepped == width_px:
        stepped += 1 if steps > 0 else -1
    return min(max(stepped, LEAST_PX), MOST_PX)


def ring(diameter_px: int) -> bytearray:
    """A circle that is seen on any ground, as square pixels of R, G, B and A: what shows how wide a brush is."""
    rgba = bytearray(4 * diameter_px**2)
    radius = diameter_px / 2
    for row in range(diameter_px):
        outer, middle, inner = (_half_chord(row + 0.5 - radius, radius - by) for by in (0, 1, 2))
        for colour, wide, narrow in ((_DARK, outer, middle), (_LIGHT, middle, inner)):
            ends = round(radius - wide), round(radius - narrow)
            for first, beyond in (ends, (diameter_px - ends[1], diameter_px - ends[0])):
                begin = 4 * (row * diameter_px + first)
                pixels = colour * max(beyond - first, 0)
                rgba[begin : begin + len(pixels)] = pixels
    return rgba


def _half_chord(distance: float, radius: float) -> float:
    """Half of a circle's width at a distance from its middle."""
    return math.sqrt(max(radius**2 - distance**2, 0)) if radius > 0 else 0.0


def _spans(plane: Plane, start: Point, end: Point, radius: float) -> list[tuple[int, int, int]]:
    """The line's pixels on the plane: row, first column, first column beyond, for each row that has any."""
    top = max(math.ceil(min(start[1], end[1]) - radius - 0.5), 0)
    bottom = min(math.floor(max(start[1], end[1]) + radius - 0.5) + 1, plane.height)
    sides = _sides(start, end, radius)
    crossings = (
        (row, _reached(row + 0.5, start, end, radius, sides)) for row in range(top, bottom)
    )
    spans = (
        (
            row,
            max(math.ceil(min(reached) - 0.5), 0),
            min(math.floor(max(reached) - 0.5) + 1, plane.width),
        )
        for row, reached in crossings
        if reached
    )
    return [span for span in spans if span[1] < span[2]]


def _sides(start: Point, end: Point, radius: float) -> list[tuple[Point, Point]]:
    """The two straight sides of a line that wide."""
    (x, y), (to_x, to_y) = start, end
    length = math.hypot(to_x - x, to_y - y)
    if length == 0:
        return []
    across = (to_y - y) * radius / length, (x - to_x) * radius / length
    return [
        ((x + sign * across[0], y + sign * across[1]), (to_x + sign * across[0], to_y + sign * across[1]))
        for sign in (1, -1)
    ]  # fmt: skip


def _reached(
    y: float, start: Point, end: Point, radius: float, sides: list[tuple[Point, Point]]
) -> list[float]:
    """Where the line's outline crosses a row; all of it lies between the least and the most of these."""
    crossings = []
    for centre_x, centre_y in (start, end):
        square = radius**2 - (y - centre_y) ** 2
        if square >= 0:
            crossings += [centre_x - math.sqrt(square), centre_x + math.sqrt(square)]
    for (x, first_y), (to_x, last_y) in sides:
        if first_y != last_y and min(first_y, last_y) <= y <= max(first_y, last_y):
            crossings.append(x + (to_x - x) * (y - first_y) / (last_y - first_y))
    return crossings
