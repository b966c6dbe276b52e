"""retouching.py: parts of a mask solved again by the built-in engine, on made-up scenes."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import cv2
import numpy as np
import pytest

from flyaway import engines
from flyaway.engines.builtin.engine import BuiltinEngine
from flyaway.engines.contract import AnyEngine
from flyaway.engines.records import Role
from flyaway.errors import CancelledError
from flyaway.extraction import retouching
from flyaway.extraction.refinement import Strokes
from flyaway.extraction.request import Step
from flyaway.extraction.retouching import Patch
from flyaway.extraction.sessions import Picture
from flyaway.images.arrays import Alpha

STEP = Step(engines.record("builtin"), Role.SOLVE)
HEIGHT, WIDTH = 700, 300


class _Lender:
    """Lends the built-in engine."""

    def __init__(self, engine: AnyEngine | None = None) -> None:
        self._engine = engine or BuiltinEngine()

    @contextmanager
    def lend(self, name: str) -> Iterator[AnyEngine]:
        yield self._engine


def scene() -> tuple[Any, Any]:
    """A dark subject on light ground whose edge is 24 pixels soft, uint8, and its alpha, float32."""
    rows, columns = np.mgrid[:HEIGHT, :WIDTH].astype(np.float32)
    alpha = np.clip((columns - 150 - 20 * np.sin(rows / 60)) / 24 + 0.5, 0, 1)
    noise = np.random.default_rng(7).normal(0, 1, (HEIGHT, WIDTH, 3))
    clean = 200 + alpha[..., None] * (np.array([40, 60, 50]) - 200)
    return np.clip(clean + noise, 0, 255).astype(np.uint8), alpha


IMAGE, TRUTH = scene()
HARD = np.where(TRUTH >= 0.5, 255, 0).astype(np.uint8)


def disc(row: int, column: int, radius: int) -> Any:
    region = np.zeros((HEIGHT, WIDTH), np.uint8)
    return cv2.circle(region, (column, row), radius, 1, -1).astype(bool)


def refined(mask: Any, inside: Any, margin: int = 128) -> Any:
    """The whole mask, a patch of which was refined: the box of what is inside, with a margin."""
    rows, columns = (np.flatnonzero(inside.any(axis=axis)) for axis in (1, 0))
    place = (
        slice(max(0, rows[0] - margin), min(HEIGHT, rows[-1] + 1 + margin)),
        slice(max(0, columns[0] - margin), min(WIDTH, columns[-1] + 1 + margin)),
    )
    patch = Patch(place, mask[place], inside[place], unknown(BAND[place]))
    result = mask.copy()
    result[place] = retouching.refine(Picture(IMAGE), patch, STEP, _Lender()).alpha
    return result


def unknown(region: Any) -> Strokes:
    nothing = np.zeros(region.shape, bool)
    return Strokes(nothing, nothing, region)


BAND = cv2.dilate((np.abs(TRUTH - 0.5) < 0.5).astype(np.uint8), np.ones((61, 61))).astype(bool)
"""The soft edge and 30 pixels beside it."""


def test_a_part_comes_near_the_truth_and_the_rest_stays() -> None:
    inside = disc(300, 150, 90)
    result = refined(HARD, inside)
    core = disc(300, 150, 60)
    error = np.abs(result / 255 - TRUTH)
    assert error[core].max() < 0.08
    assert np.abs(HARD / 255 - TRUTH)[core].max() > 0.4
    assert (result[~inside] == HARD[~inside]).all()


def test_twenty_overlapping_parts_are_as_good_as_their_union() -> None:
    discs = [disc(110 + 25 * number, 150, 75) for number in range(20)]
    union = np.logical_or.reduce(discs)
    one_by_one = HARD
    for inside in discs:
        one_by_one = refined(one_by_one, inside)
    at_once = refined(HARD, union)
    assert np.abs(one_by_one.astype(int) - at_once).max() <= 3
    assert np.count_nonzero(at_once != HARD) > 5000


def test_keeps_going_over_the_same_part_without_drifting() -> None:
    inside = disc(300, 150, 90)
    first = refined(HARD, inside)
    again = first
    for _ in range(3):
        again = refined(again, inside)
    core = disc(300, 150, 60)
    assert np.abs(again.astype(int) - first)[core].max() <= 3


def test_reports_and_hears_a_cancel() -> None:
    heard = list[str]()

    def report(stage: str, fraction: float, preview: Alpha | None = None) -> None:
        heard.append(stage)
        if len(heard) > 2:
            raise CancelledError("No more.")

    whole = slice(0, HEIGHT), slice(0, WIDTH)
    patch = Patch(whole, HARD, np.ones((HEIGHT, WIDTH), bool), unknown(BAND))
    with pytest.raises(CancelledError):
        retouching.refine(Picture(IMAGE), patch, STEP, _Lender(), report)
    assert retouching.STAGE in heard


def test_a_large_part_is_shown_coarsely_first() -> None:
    shown = list[Alpha]()

    def report(stage: str, fraction: float, preview: Alpha | None = None) -> None:
        if preview is not None:
            shown.append(preview)

    whole = slice(0, HEIGHT), slice(0, WIDTH)
    wide = np.abs(np.arange(WIDTH) - 150)[None].repeat(HEIGHT, 0) < 60
    patch = Patch(whole, HARD, np.ones((HEIGHT, WIDTH), bool), unknown(wide))
    final = retouching.refine(Picture(IMAGE), patch, STEP, _Lender(), report).alpha
    assert len(shown) == 1
    assert np.abs(shown[0] - final / 255).mean() < 0.02


def test_grey_and_deep_images_are_solved_too() -> None:
    grey = np.broadcast_to(IMAGE[..., :1], IMAGE.shape)
    deep = IMAGE.astype(np.uint16) * 257
    inside = disc(300, 150, 90)
    whole = slice(0, HEIGHT), slice(0, WIDTH)
    patch = Patch(whole, HARD, inside, unknown(BAND))
    core = disc(300, 150, 60)
    for image in (grey, deep):
        alpha = retouching.refine(Picture(image), patch, STEP, _Lender()).alpha
        assert np.abs(alpha / 255 - TRUTH)[core].max() < 0.1


def test_a_later_stroke_solves_what_has_changed_and_is_near_what_solving_all_gives() -> None:
    windows = list[tuple[int, ...]]()

    class _Watched(BuiltinEngine):
        def solve(self, features: Any, inputs: Any, window: Any = None, report: Any = None) -> Any:
            extraction = super().solve(features, inputs, window, report)
            if window is not None:  # no coarse look
                windows.append(extraction.alpha.shape)
            return extraction

    lender, picture = _Lender(_Watched()), Picture(IMAGE)
    whole = slice(0, HEIGHT), slice(0, WIDTH)
    one, both = BAND.copy(), BAND.copy()
    one[400:], both[450:] = False, False
    for drawn in (one, both, both):
        patch = Patch(whole, HARD, None, unknown(drawn))
        later = retouching.refine(picture, patch, STEP, lender).alpha
    assert [window[0] < 200 for window in windows] == [False, True]  # the third is known
    fresh = retouching.refine(Picture(IMAGE), patch, STEP, lender).alpha
    difference = np.abs(later.astype(int) - fresh)
    assert difference.max() <= 8
    assert difference[BAND].mean() < 0.1


def test_a_stroke_deep_inside_the_subject_says_nothing_of_a_selection() -> None:
    place = disc(40, 40, 10)
    whole = slice(0, HEIGHT), slice(0, WIDTH)
    full = np.full((HEIGHT, WIDTH), 255, np.uint8)
    patch = Patch(whole, full, place, unknown(place))
    outcome = retouching.refine(Picture(IMAGE), patch, STEP, _Lender())
    assert (outcome.engine, outcome.notes) == ("builtin", ())


def test_what_is_solved_again_is_told_that_it_is_glass_and_nothing_of_before_counts_then() -> None:
    told = list[bool | None]()

    class _Watched(BuiltinEngine):
        def solve(self, features: Any, inputs: Any, window: Any = None, report: Any = None) -> Any:
            told.append(inputs.transparent)
            return super().solve(features, inputs, window, report)

    lender, picture = _Lender(_Watched()), Picture(IMAGE)
    patch = Patch((slice(0, HEIGHT), slice(0, WIDTH)), HARD, None, unknown(BAND))
    notes = [
        retouching.refine(picture, patch, STEP, lender, transparent=is_glass).notes
        for is_glass in (False, True, True)
    ]
    # Each time with its coarse look, but for the third, of which all is known.
    assert told == [None, None, True, True]
    assert notes[0] == ()
    assert "can make nothing of the hint that light shines through" in notes[1][0]
