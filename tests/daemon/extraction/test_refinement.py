"""A mask solved again in one place, through resolution and pipeline, with the built-in engine."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from flyaway import engines
from flyaway.engines.contract import AnyEngine
from flyaway.errors import NoSubjectError
from flyaway.extraction import pipeline, resolution
from flyaway.extraction.catalogue import Catalogue
from flyaway_client.messages import KEEP, REMOVE, UNKNOWN, ExtractRequest, ImageHeader

HEIGHT, WIDTH = 240, 320
SEAM = 2 / 255
DTYPES = {"u8": np.uint8, "u16": np.uint16, "f32": np.float32}
FULL = {"u8": 255, "u16": 65535, "f32": 1}

Pixels = NDArray[Any]


def truth() -> NDArray[np.float32]:
    """A soft disc with strands to the right, 0..1."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    disc = np.clip((80 - np.hypot(y - 120, x - 120)) / 6 + 0.5, 0, 1)
    strands = (np.abs((y - 120) % 12 - 6) < 1.5) & (x > 190) & (x < 260) & (abs(y - 120) < 40)
    return np.asarray(np.maximum(disc, strands.astype(np.float32)), np.float32)


def photo() -> NDArray[np.uint8]:
    """The truth over a smooth background."""
    alpha = truth()[..., None]
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH].astype(np.float32)
    behind = np.stack([40 + x / 8, 60 + y / 8, np.full_like(x, 90)], axis=-1)
    subject = np.array([220, 150, 60], np.float32)
    return np.asarray(np.rint(alpha * subject + (1 - alpha) * behind), np.uint8)


def damaged() -> NDArray[np.float32]:
    """The truth without its strands, with values between that nobody else would make."""
    alpha = truth()
    alpha[:, 200:] = 0
    alpha[10, 10], alpha[230, 5] = 0.123, 0.5
    return alpha


def inside(top: int, left: int, bottom: int, right: int) -> Pixels:
    levels = np.zeros((HEIGHT, WIDTH), np.uint8)
    levels[top:bottom, left:right] = 255
    return levels


class Lender:
    """Lends the built-in engine."""

    @contextmanager
    def lend(self, name: str) -> Iterator[AnyEngine]:
        yield engines.load(name)


def refine(
    mask: Pixels, selection: Pixels | None, strokes: Pixels | None = None, dtype: str = "u8"
) -> Pixels:
    """The refined mask, in its own dtype."""
    size = ImageHeader(WIDTH, HEIGHT, "gray", "u8")
    parts: dict[str, Any] = {"image": photo().tobytes(), "mask": mask.tobytes()}
    if selection is not None:
        parts["selection"] = selection.tobytes()
    if strokes is not None:
        parts["strokes"] = strokes.tobytes()
    request = ExtractRequest(
        "r",
        ImageHeader(WIDTH, HEIGHT, "rgb", "u8"),
        selection=size if selection is not None else None,
        output_dtype=dtype,
        mask=ImageHeader(WIDTH, HEIGHT, "gray", dtype),
        strokes=size if strokes is not None else None,
    )
    resolved = resolution.resolve(request, parts, Catalogue())
    return pipeline.extract(resolved, Lender()).alpha


def encoded(alpha: NDArray[np.float32], dtype: str) -> Pixels:
    if dtype == "f32":
        return alpha
    return np.rint(alpha * FULL[dtype]).astype(DTYPES[dtype])


@pytest.mark.parametrize("dtype", DTYPES)
def test_finds_what_was_lost_and_leaves_all_else_bit_for_bit(dtype: str) -> None:
    mask, place = encoded(damaged(), dtype), inside(60, 170, 180, 300)
    refined = refine(mask, place, dtype=dtype)
    assert refined.dtype == mask.dtype
    outside = place == 0
    assert refined[outside].tobytes() == mask[outside].tobytes()
    core = (slice(85, 155), slice(195, 275))
    errors = [np.abs(one[core] / FULL[dtype] - truth()[core]).mean() for one in (mask, refined)]
    assert errors[1] < 0.5 * errors[0]


def test_no_seam_is_seen_along_the_places_border() -> None:
    mask = truth()
    mask[:, 130:] = 0
    place = inside(80, 60, 170, 180) > 0
    refined = refine(mask, place.astype(np.uint8) * 255, dtype="f32")
    changed = np.abs(refined - mask)
    edge = place & ~np.roll(place, 1, 0) | place & ~np.roll(place, -1, 0)
    edge |= place & ~np.roll(place, 1, 1) | place & ~np.roll(place, -1, 1)
    assert changed.max() > 0.5, "nothing was solved"
    assert changed[edge].max() <= SEAM


def test_strokes_of_certainty_always_win_and_need_no_selection() -> None:
    mask = encoded(damaged(), "u8")
    strokes = np.zeros((HEIGHT, WIDTH), np.uint8)
    strokes[100:110, 240:260] = KEEP
    strokes[130:140, 100:120] = REMOVE
    refined = refine(mask, None, strokes)
    assert (refined[strokes == KEEP] == 255).all()
    assert (refined[strokes == REMOVE] == 0).all()
    assert (refined[strokes == 0] == mask[strokes == 0]).all()


def test_strands_that_an_unknown_stroke_covers_are_found() -> None:
    mask = encoded(damaged(), "u8")
    strokes = np.zeros((HEIGHT, WIDTH), np.uint8)
    strokes[70:170, 180:280] = UNKNOWN
    refined = refine(mask, None, strokes)
    core = (slice(95, 145), slice(205, 255))
    strands = truth()[core] == 1
    assert np.median(refined[core][strands]) > 200
    assert np.median(refined[core][~strands]) < 40


def test_a_stroke_over_the_whole_subject_is_meant_for_its_edge() -> None:
    strokes = np.zeros((HEIGHT, WIDTH), np.uint8)
    strokes[20:220, 20:290] = UNKNOWN
    found = refine(encoded(damaged(), "u8"), None, strokes)
    assert (found[90:150, 90:150] == 255).all()
    assert found[100:140, 200:255].max() > 200  # strands that the mask had lost
    assert np.abs(found / 255.0 - truth())[30:210, 30:280].mean() < 0.02


def test_levels_between_two_strokes_count_as_the_nearer_one() -> None:
    strokes = np.zeros((HEIGHT, WIDTH), np.uint8)
    strokes[100, 100], strokes[100, 240] = 30, 254
    refined = refine(encoded(damaged(), "u8"), None, strokes)
    assert (refined[100, 100], refined[100, 240]) == (0, 255)


def test_a_place_that_leaves_nothing_to_solve_gives_the_mask_back() -> None:
    mask = encoded(np.ones((HEIGHT, WIDTH), np.float32), "u8")
    assert (refine(mask, inside(5, 5, 30, 30)) == mask).all()


def test_a_place_without_pixels_is_refused() -> None:
    with pytest.raises(NoSubjectError, match="Nothing is selected"):
        refine(encoded(damaged(), "u8"), inside(0, 0, 0, 0))


def test_the_pictures_own_frame_is_no_border() -> None:
    mask = encoded(np.zeros((HEIGHT, WIDTH), np.float32), "u8")
    strokes = np.zeros((HEIGHT, WIDTH), np.uint8)
    strokes[90:150, 0:60] = UNKNOWN
    strokes[100:140, 0:3] = KEEP
    refined = refine(mask, inside(60, 0, 180, 120), strokes)
    assert (refined[100:140, 0] == 255).all()
    assert (refined[110:130, 4:12] > 0).any()


def test_refining_twice_changes_little() -> None:
    place = inside(60, 170, 180, 300)
    once = refine(encoded(damaged(), "u8"), place)
    twice = refine(once, place)
    assert np.abs(once.astype(int) - twice)[place > 0].mean() < 3
