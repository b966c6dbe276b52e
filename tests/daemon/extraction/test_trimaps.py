"""From selections of every kind to what engines need."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from flyaway.engines.contract import Inputs
from flyaway.errors import NoSubjectError
from flyaway.extraction import trimaps
from flyaway.extraction.trimaps import BACKGROUND, FOREGROUND, UNKNOWN

Levels = np.ndarray[Any, np.dtype[np.uint8]]


def square(side: int = 60, top: int = 20, bottom: int = 40, value: int = 255) -> Levels:
    """An image-sized selection with a hard-edged square in it."""
    levels = np.zeros((side, side), np.uint8)
    levels[top:bottom, top:bottom] = value
    return levels


def ellipse(side: int = 60, softness_px: float = 1.0) -> Levels:
    """A selection with a rim of partly selected pixels."""
    y, x = np.mgrid[:side, :side] + 0.5
    distance = np.hypot((y - side / 2) / 1.4, x - side / 2) - side / 4
    levels: Levels = (255 * np.clip(0.5 - distance / softness_px, 0, 1)).round().astype(np.uint8)
    return levels


def plan(levels: Any, kind: str, edge_width_px: int | None = None, is_clear: Any = None) -> Any:
    return trimaps.plan(levels, kind, edge_width_px, is_clear)


class TestAutomatic:
    """No selection, or one that shall not count."""

    @pytest.mark.parametrize("levels", [None, square()])
    def test_leaves_all_to_the_engine(self, levels: Levels | None) -> None:
        found = plan(levels, "automatic")
        assert (found.trimap, found.region, found.kind) == (None, None, "automatic")
        assert not found.is_known

    def test_is_what_every_kind_is_without_a_selection(self) -> None:
        assert plan(None, "outline").kind == "automatic"

    def test_looks_only_where_the_layer_is_not_transparent(self) -> None:
        is_clear = square() > 0
        assert (plan(None, "automatic", is_clear=is_clear).region == ~is_clear).all()


class TestGuess:
    """Soft or outline, by looking."""

    @pytest.mark.parametrize("softness_px", [0.01, 1.0, 1.5])
    def test_takes_the_smooth_rim_of_a_shape_for_an_outline(self, softness_px: float) -> None:
        assert plan(ellipse(softness_px=softness_px), "guess").kind == "outline"

    @pytest.mark.parametrize("softness_px", [5.0, 20.0])
    def test_takes_a_feathered_shape_for_soft(self, softness_px: float) -> None:
        assert plan(ellipse(softness_px=softness_px), "guess").kind == "soft"

    def test_takes_an_area_partly_selected_for_soft(self) -> None:
        levels = square()
        levels[25:28, 5:8] = 100
        assert plan(levels, "guess").kind == "soft"

    def test_of_a_full_or_an_empty_selection_says_what_is_wrong(self) -> None:
        with pytest.raises(NoSubjectError, match="covers the whole layer"):
            plan(np.full((9, 9), 255, np.uint8), "guess")
        with pytest.raises(NoSubjectError, match="Nothing of this layer is selected"):
            plan(np.zeros((9, 9), np.uint8), "guess")


class TestSoft:
    """Selected, unselected, and between."""

    def test_takes_every_partly_selected_pixel_for_unknown(self) -> None:
        levels = np.array([[0, 1, 127, 128, 254, 255]], np.uint8)
        assert plan(levels, "soft").trimap.tolist() == [[0, 128, 128, 128, 128, 255]]

    @pytest.mark.parametrize("full", [65535, 1.0])
    def test_keeps_deep_selections_apart_from_certainty(self, full: float) -> None:
        dtype = np.uint16 if full > 1 else np.float32
        shares = np.array([[0, 0.0001, 0.5, 0.9999, 1]])
        levels = np.ceil(shares * full) if full > 1 else shares
        levels[0, 3] = min(levels[0, 3], full - 1) if full > 1 else 0.9999
        found = plan(levels.astype(dtype), "soft")
        assert found.trimap.tolist() == [[0, 128, 128, 128, 255]]

    def test_takes_floats_beyond_their_range_for_the_nearest(self) -> None:
        levels = np.array([[-1, math.nan, math.inf, -math.inf, 2]], np.float32)
        assert plan(levels, "soft").trimap.tolist() == [[0, 0, 255, 0, 255]]

    def test_needs_something_selected(self) -> None:
        with pytest.raises(NoSubjectError, match="Select the subject"):
            plan(np.zeros((3, 3), np.uint8), "soft")


class TestOutline:
    """A band of unknown on both sides of a hard edge."""

    def test_is_as_wide_as_asked_on_both_sides(self) -> None:
        trimap = plan(square(), "outline", 4).trimap
        row = trimap[30]
        assert row[:16].tolist() == [BACKGROUND] * 16
        assert row[16:24].tolist() == [UNKNOWN] * 8
        assert row[24:36].tolist() == [FOREGROUND] * 12
        assert row[36:44].tolist() == [UNKNOWN] * 8
        assert row[44:].tolist() == [BACKGROUND] * 16

    def test_is_round_at_corners(self) -> None:
        trimap = plan(square(), "outline", 10).trimap
        assert trimap[20 - 7, 20 - 7] == UNKNOWN
        assert trimap[20 - 8, 20 - 8] == BACKGROUND

    def test_scales_with_the_image(self) -> None:
        assert trimaps.default_edge_width_px(100, 100) == trimaps.MIN_EDGE_WIDTH_PX
        assert trimaps.default_edge_width_px(6000, 4000) == 98
        assert trimaps.default_edge_width_px(1, 1) == trimaps.MIN_EDGE_WIDTH_PX
        row = plan(square(400, 100, 300), "outline").trimap[200]
        assert (row[92:108] == UNKNOWN).all()
        assert row[91] == BACKGROUND
        assert row[108] == FOREGROUND

    def test_is_not_the_images_border(self) -> None:
        levels = np.zeros((40, 40), np.uint8)
        levels[:, :20] = 255
        row = plan(levels, "outline", 5).trimap[0]
        assert row[:15].tolist() == [FOREGROUND] * 15
        assert row[15:25].tolist() == [UNKNOWN] * 10
        assert row[25:].tolist() == [BACKGROUND] * 15

    @pytest.mark.parametrize("width", [1, 2, 3, 8])
    def test_leaves_the_middle_of_a_thin_subject_known(self, width: int) -> None:
        levels = np.zeros((60, 60), np.uint8)
        levels[10:50, 30 : 30 + width] = 255
        trimap = plan(levels, "outline", 20).trimap
        assert (trimap == FOREGROUND).any()
        assert (trimap == UNKNOWN).any()
        assert not (trimap[levels == 0] == FOREGROUND).any()

    def test_of_one_pixel_is_solved(self) -> None:
        levels = np.zeros((9, 9), np.uint8)
        levels[4, 4] = 255
        trimap = plan(levels, "outline", 2).trimap
        assert trimap[4, 4] == FOREGROUND
        assert trimap[4, 2] == UNKNOWN
        assert trimap[4, 1] == BACKGROUND

    def test_wider_than_the_image_leaves_no_background(self) -> None:
        trimap = plan(square(), "outline", 1_000_000).trimap
        assert set(np.unique(trimap)) == {UNKNOWN, FOREGROUND}

    def test_takes_half_selected_for_selected(self) -> None:
        assert (
            plan(square(value=128), "outline", 3).trimap == plan(square(), "outline", 3).trimap
        ).all()
        with pytest.raises(NoSubjectError, match="Nothing"):
            plan(square(value=127), "outline", 3)

    @pytest.mark.parametrize("shape", [(1, 1), (1, 7), (7, 1)])
    def test_of_a_tiny_image(self, shape: tuple[int, int]) -> None:
        with pytest.raises(NoSubjectError, match="covers the whole layer"):
            plan(np.full(shape, 255, np.uint8), "outline")
        if max(shape) > 1:
            levels = np.zeros(shape, np.uint8)
            levels.flat[0] = 255
            assert plan(levels, "outline").trimap.flat[0] == FOREGROUND


class TestRegion:
    """A rough line around the subject."""

    def test_is_where_the_subject_may_be(self) -> None:
        found = plan(square(), "region")
        assert found.trimap is None
        assert (found.region == (square() > 0)).all()

    def test_leaves_out_what_is_transparent(self) -> None:
        is_clear = square(top=20, bottom=30) > 0
        region = plan(square(), "region", is_clear=is_clear).region
        assert (region == ((square() > 0) & ~is_clear)).all()

    def test_needs_something_to_look_at(self) -> None:
        with pytest.raises(NoSubjectError, match="Nothing"):
            plan(np.zeros((9, 9), np.uint8), "region")
        with pytest.raises(NoSubjectError, match="Nothing"):
            plan(square(), "region", is_clear=square() > 0)


class TestTrimapsOfTheWild:
    """Trimap files as people have them."""

    @pytest.mark.parametrize("unknown", [6, 102, 127, 128, 129, 192, 249])
    def test_may_have_any_grey_for_unknown(self, unknown: int) -> None:
        levels = np.array([[0, unknown, 255]], np.uint8)
        assert plan(levels, "trimap").trimap.tolist() == [[0, 128, 255]]

    def test_may_have_been_through_jpeg(self) -> None:
        levels = np.array([[3, 5, 120, 133, 250, 252]], np.uint8)
        assert plan(levels, "trimap").trimap.tolist() == [[0, 0, 128, 128, 255, 255]]

    def test_may_have_200_grey_levels(self) -> None:
        levels = np.arange(28, 228, dtype=np.uint8)[None]
        assert (plan(levels, "trimap").trimap == UNKNOWN).all()

    def test_may_have_no_foreground(self) -> None:
        levels = np.array([[0, 128, 128]], np.uint8)
        assert not plan(levels, "trimap").is_known

    @pytest.mark.parametrize("value", [0, 255])
    def test_may_leave_nothing_to_find(self, value: int) -> None:
        assert plan(np.full((2, 2), value, np.uint8), "trimap").is_known

    def test_may_be_deep(self) -> None:
        deep = np.array([[0, 900, 30000, 65000, 65535]], np.uint16)
        assert plan(deep, "trimap").trimap.tolist() == [[0, 0, 128, 255, 255]]
        assert plan(deep / np.float32(65535), "trimap").trimap.tolist() == [[0, 0, 128, 255, 255]]


class TestTransparency:
    """Where there is nothing, there is background."""

    @pytest.mark.parametrize("kind", ["soft", "outline", "trimap"])
    def test_is_known_background(self, kind: str) -> None:
        is_clear = np.zeros((60, 60), bool)
        is_clear[:, :30] = True
        trimap = plan(square(), kind, 3, is_clear).trimap
        assert (trimap[:, :30] == BACKGROUND).all()
        assert (trimap[:, 30:] == plan(square(), kind, 3).trimap[:, 30:]).all()

    @pytest.mark.parametrize("kind", ["automatic", "guess", "region"])
    def test_of_the_whole_layer_leaves_nothing_to_do(self, kind: str) -> None:
        with pytest.raises(NoSubjectError, match="wholly transparent"):
            plan(square(), kind, is_clear=np.ones((60, 60), bool))

    def test_leaves_the_selection_itself_as_it_was(self) -> None:
        levels = square()
        plan(levels, "soft", is_clear=square() > 0)
        assert (levels == square()).all()


class TestFromAlpha:
    """What an automatic engine leaves to a fine one."""

    def test_is_unknown_around_what_is_not_certain(self) -> None:
        alpha = np.zeros((40, 60), np.float32)
        alpha[:, 30:] = 1
        alpha[:, 28:32] = 0.5
        trimap = trimaps.from_alpha(alpha, Inputs())
        assert set(trimap[:, :20].flat) == {BACKGROUND}
        assert set(trimap[:, 26:34].flat) == {UNKNOWN}
        assert set(trimap[:, 40:].flat) == {FOREGROUND}

    def test_is_unknown_along_a_hard_edge_too(self) -> None:
        alpha = np.zeros((40, 60), np.float32)
        alpha[:, 30:] = 1
        trimap = trimaps.from_alpha(alpha, Inputs())
        assert set(trimap[:, 28:32].flat) == {UNKNOWN}

    def test_overrules_nothing_that_was_known(self) -> None:
        alpha = np.full((40, 60), 0.5, np.float32)
        known = np.full((40, 60), UNKNOWN, np.uint8)
        known[:, :10], known[:, 50:] = BACKGROUND, FOREGROUND
        assert (trimaps.from_alpha(alpha, Inputs(known)) == known).all()

    def test_leaves_nothing_unknown_outside_of_a_region(self) -> None:
        region = np.zeros((40, 60), np.bool_)
        region[:, 20:40] = True
        trimap = trimaps.from_alpha(np.full((40, 60), 0.5, np.float32), Inputs(region=region))
        assert (trimap == np.where(region, UNKNOWN, BACKGROUND)).all()


SIZES = arrays.array_shapes(min_dims=2, max_dims=2, max_side=12)
SELECTIONS = st.one_of(
    [arrays.arrays(dtype, SIZES) for dtype in ("uint8", "uint16", "float32")],
)


@given(
    selection=SELECTIONS,
    kind=st.sampled_from(["guess", "soft", "outline", "region", "trimap", "automatic"]),
    edge_width_px=st.none() | st.integers(1, 1_000_000),
    data=st.data(),
)
def test_any_selection_makes_a_plan_or_a_sentence(
    selection: Any, kind: str, edge_width_px: int | None, data: st.DataObject
) -> None:
    is_clear = data.draw(st.none() | arrays.arrays(np.bool_, selection.shape))
    before = selection.copy()
    try:
        found = trimaps.plan(selection, kind, edge_width_px, is_clear)
    except NoSubjectError as error:
        assert str(error).endswith(".")
        return
    np.testing.assert_array_equal(selection, before)
    assert found.trimap is None or found.region is None
    if found.trimap is not None:
        assert found.trimap.shape == selection.shape
        assert found.trimap.dtype == np.uint8
        assert found.trimap.flags.c_contiguous
        assert set(np.unique(found.trimap)) <= {BACKGROUND, UNKNOWN, FOREGROUND}
        assert found.is_known == (UNKNOWN not in found.trimap)
        if is_clear is not None:
            assert (found.trimap[is_clear] == BACKGROUND).all()
    if found.region is not None:
        assert found.region.shape == selection.shape
        assert found.region.any()
