"""From selections of every kind to what engines need."""

from __future__ import annotations

import math
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from numpy.typing import NDArray

from flyaway.errors import CancelledError, NoSubjectError
from flyaway.extraction import planning, selections
from flyaway.images.arrays import BACKGROUND, FOREGROUND, UNKNOWN

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


SUBJECT, AROUND = (220, 90, 40), (30, 80, 60)


def lens(side: int) -> Levels:
    """An ellipse as the editors draw it."""
    drawn = cv2.ellipse(np.zeros((side, side), np.uint8), ((100, 100), (120, 80), 0), 255, -1)
    return np.asarray(drawn, np.uint8)


def distance(side: int) -> NDArray[np.float64]:
    """From the middle of a picture."""
    y, x = np.mgrid[:side, :side]
    return np.asarray(np.hypot(y - side / 2, x - side / 2), np.float64)


def round_selection(side: int, radius: float) -> Levels:
    return np.where(distance(side) <= radius, 255, 0).astype(np.uint8)


def disc(side: int, radius: float) -> Levels:
    """A picture of a disc before something darker."""
    return np.where((distance(side) <= radius)[..., None], SUBJECT, AROUND).astype(np.uint8)


def drawn() -> Levels:
    """A selection along `star`."""
    return np.where(star(200)[..., 0] == SUBJECT[0], 255, 0).astype(np.uint8)


def star(side: int) -> Levels:
    """A picture of something with five points."""
    image = np.full((side, side, 3), AROUND, np.uint8)
    turns = np.arange(10) * np.pi / 5
    away = np.where(np.arange(10) % 2, 0.18, 0.42) * side
    points = side / 2 + np.stack([np.cos(turns) * away, np.sin(turns) * away], axis=1)
    cv2.fillPoly(image, [points.astype(np.int32)], SUBJECT)
    return image


def plan(
    levels: Any,
    kind: str,
    edge_width_px: int | None = None,
    is_clear: Any = None,
    image: Any = None,
) -> Any:
    if image is None:
        shape = (40, 40) if levels is None else levels.shape
        image = np.random.default_rng(0).integers(0, 255, (*shape, 3), np.uint8)
    return planning.plan(image, levels, kind, edge_width_px, is_clear)


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
    """What a selection is, by looking."""

    @pytest.mark.parametrize(
        ("levels", "sentence"),
        [
            (square(200, 60, 140), "Rough region, because it is a rectangle"),
            (lens(200), "Rough region, because it is an ellipse"),
        ],
    )
    def test_takes_a_box_for_a_rough_region(self, levels: Levels, sentence: str) -> None:
        found = plan(levels, "guess")
        assert (found.kind, found.sentence) == ("region", sentence)
        assert (found.region == (levels >= 128)).all()

    def test_takes_a_rectangle_to_the_frame_for_a_rough_region(self) -> None:
        levels = np.zeros((200, 200), np.uint8)
        levels[50:196, 4:150] = 255
        region = plan(levels, "guess").region
        assert region[60:, :100].all()

    def test_takes_what_was_drawn_along_something_for_an_outline(self) -> None:
        assert plan(drawn(), "guess", image=star(200)).kind == "outline"

    def test_takes_a_line_far_around_something_for_a_rough_region(self) -> None:
        loose = cv2.dilate(drawn(), np.ones((25, 25), np.uint8))
        found = plan(loose, "guess", image=star(200))
        assert found.kind == "region"
        assert found.sentence == "Rough region, because its line follows no edge"

    def test_takes_a_line_for_what_it_is_called(self) -> None:
        loose = cv2.dilate(drawn(), np.ones((25, 25), np.uint8))
        assert plan(loose, "outline", image=star(200)).kind == "outline"
        assert plan(drawn(), "region", image=star(200)).kind == "region"

    def test_takes_all_selected_for_nothing_selected(self) -> None:
        found = plan(np.full((9, 9), 255, np.uint8), "guess")
        assert (found.kind, found.trimap, found.region) == ("automatic", None, None)
        assert found.sentence == "Everything is selected: the subject will be looked for"

    def test_of_an_empty_selection_says_what_is_wrong(self) -> None:
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
    """A band of unknown on both sides of an edge, as wide as it must be."""

    def test_is_narrow_along_a_clean_edge(self) -> None:
        found = plan(square(400, 100, 300), "outline", image=disc(400, 100))
        assert found.trimap[200, 200] == FOREGROUND
        assert found.trimap[10, 10] == BACKGROUND
        assert found.edge_width_px <= 20
        assert found.sentence == f"Outline, edge up to {found.edge_width_px} px"

    def test_reaches_hair_that_leaves_it(self) -> None:
        image = disc(400, 100)
        for angle in np.linspace(0, 2 * np.pi, 40):
            tip = (200 + int(150 * np.cos(angle)), 200 + int(150 * np.sin(angle)))
            cv2.line(image, (200, 200), tip, SUBJECT, 2)
        found = plan(round_selection(400, 95), "outline", image=image)
        is_hair = (image == SUBJECT).all(axis=2)
        assert (found.trimap[is_hair] != BACKGROUND).mean() > 0.95
        assert found.edge_width_px > 40

    def test_takes_back_what_is_not_subject(self) -> None:
        found = plan(round_selection(400, 100), "outline", image=disc(400, 90))
        away = distance(400)
        assert (found.trimap[(away > 92) & (away < 98)] != FOREGROUND).all()

    @pytest.mark.parametrize("limit_px", [5, 12, 30])
    def test_reaches_no_farther_than_the_limit(self, limit_px: int) -> None:
        image = np.random.default_rng(0).integers(0, 255, (300, 300, 3), np.uint8)
        selection = round_selection(300, 90)
        trimap = plan(selection, "outline", limit_px, image=image).trimap
        away = np.abs(distance(300) - 90)
        assert away[trimap == UNKNOWN].max() <= limit_px + 2
        assert set(np.unique(trimap)) == {BACKGROUND, UNKNOWN, FOREGROUND}

    def test_is_not_the_pictures_frame(self) -> None:
        levels = np.zeros((200, 200), np.uint8)
        levels[3:196, 3:100] = 255
        trimap = plan(levels, "outline").trimap
        assert (trimap[:, :80] == FOREGROUND).all()
        assert (trimap[:, 100] == UNKNOWN).all()

    def test_takes_nothing_from_a_thin_part_whose_colours_are_not_known(self) -> None:
        image = disc(300, 60)
        image[200:, 140:160] = AROUND  # a leg of the colour of what is around
        levels = round_selection(300, 58)
        levels[200:, 142:158] = 255
        trimap = plan(levels, "outline", image=image).trimap
        assert (trimap[250:, 149:151] != BACKGROUND).all()

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
        assert trimap[4, 3] == UNKNOWN
        assert trimap[4, 0] == BACKGROUND

    def test_of_a_few_pixels_in_a_large_picture_is_not_lost(self) -> None:
        levels = np.zeros((2000, 3000), np.uint8)
        levels[1000:1003, 1500:1504] = 255
        trimap = plan(levels, "outline").trimap
        assert (trimap == FOREGROUND).any()
        assert (trimap == UNKNOWN).any()

    def test_takes_half_selected_for_selected(self) -> None:
        image = disc(60, 15)
        np.testing.assert_array_equal(
            plan(square(value=128), "outline", 3, image=image).trimap,
            plan(square(), "outline", 3, image=image).trimap,
        )
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

    def test_does_not_depend_on_the_number_of_threads(self) -> None:
        selection = round_selection(200, 60)
        image = disc(200, 70)
        one, four = (
            planning.plan(image, selection, "outline", None, None, threads=threads).trimap
            for threads in (1, 4)
        )
        assert one is not None
        np.testing.assert_array_equal(one, four)

    def test_reports_and_may_be_called_off(self) -> None:
        def refuse(fraction: float, preview: Any = None) -> None:
            raise CancelledError("enough")

        with pytest.raises(CancelledError):
            planning.plan(disc(60, 15), square(), "outline", None, None, refuse)


class TestPainted:
    """Greys that someone painted."""

    def test_greys_are_unknown_and_the_rest_of_the_outline_has_its_band(self) -> None:
        levels = square(200, 60, 140)
        levels[20:60, 60:140] = 128
        found = plan(levels, "guess", image=disc(200, 40))
        assert (found.trimap[25:58, 65:135] == UNKNOWN).all()
        assert (found.trimap[100, [59, 140]] == UNKNOWN).all()
        assert found.trimap[10, 100] == BACKGROUND
        assert "and what was painted grey" in found.sentence

    def test_a_soft_brush_paints_greys_too(self) -> None:
        levels = np.where(round_selection(400, 120), 255, 0).astype(np.float32)
        brush = np.zeros((400, 400), np.float32)
        cv2.line(brush, (200, 200), (360, 200), 1, 50)
        brush = np.clip(1.6 * cv2.GaussianBlur(brush, (0, 0), 10), 0, 1)
        painted = np.round(levels * (1 - brush) + 128 * brush).astype(np.uint8)
        found = plan(painted, "guess", image=disc(400, 120))
        assert "and what was painted grey" in found.sentence
        assert (found.trimap[195:205, 220:350] == UNKNOWN).all()

    def test_greys_all_around_are_a_trimap(self) -> None:
        levels = square(200, 40, 160, 128)
        levels[60:140, 60:140] = 255
        found = plan(levels, "guess")
        np.testing.assert_array_equal(found.trimap == UNKNOWN, levels == 128)
        assert found.kind == "soft"


class TestFeathered:
    """A feather hints at how wide the edge is; it is no trimap."""

    @pytest.mark.parametrize("width", [3, 4, 6, 10, 40, 150, 400])
    @pytest.mark.parametrize("shape", ["disc", "straight"])
    def test_is_never_taken_for_painted(self, width: int, shape: str) -> None:
        hard = round_selection(900, 250) if shape == "disc" else square(900, 200, 700)
        levels = np.asarray(cv2.GaussianBlur(hard, (0, 0), width / 3.5), np.uint8)
        assert selections.look(levels).form == "feathered"

    def test_is_an_outline_wider_for_a_wider_feather(self) -> None:
        shares = []
        for softness_px in (8.0, 24.0):
            found = plan(ellipse(300, softness_px), "guess", image=disc(300, 75))
            assert found.kind == "outline"
            assert found.sentence.startswith("Feathered outline")
            shares.append(float((found.trimap == UNKNOWN).mean()))
        assert shares[0] <= shares[1]

    def test_is_narrower_than_a_wide_feather_along_a_clean_edge(self) -> None:
        levels = ellipse(400, 120.0)
        found = plan(levels, "guess", image=disc(400, 100))
        partly = ((levels > 0) & (levels < 255)).mean()
        assert (found.trimap == UNKNOWN).mean() < partly / 2


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
        found = plan(selection, kind, edge_width_px, is_clear)
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
