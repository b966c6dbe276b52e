"""A row of a comparison: pictures as large as they may be, words in any script, and never a sheet without bounds."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from flyaway.images import sheet
from flyaway_client import protocol

WIDTH, HEIGHT = 60, 40
PAPER = np.array((56, 56, 56))


def photo(dtype: type = np.uint8, width: int = WIDTH, height: int = HEIGHT) -> Any:
    """Half red, half blue."""
    full = np.iinfo(dtype).max
    image: Any = np.zeros((height, width, 3), dtype)
    image[:, : width // 2, 0] = image[:, width // 2 :, 2] = full
    return image


def wedge(width: int = WIDTH, height: int = HEIGHT) -> Any:
    """An alpha that grows from the left to the right, 0 and 255 among its levels."""
    return np.tile(np.linspace(0, 255, width).round().astype(np.uint8), (height, 1))


@pytest.mark.parametrize("rows", [1, 2, 10, protocol.MAX_SHEET_ROWS])
@pytest.mark.parametrize(
    ("width", "height"),
    [(1, 1), (60, 40), (6000, 4000), (40_000, 50), (50, 40_000), (1, 1_000_000), (1_000_000, 1)],
)
def test_a_sheet_keeps_within_its_bounds(width: int, height: int, rows: int) -> None:
    place = sheet.layout(width, height, rows)
    assert place.row_width <= protocol.MAX_SHEET_WIDTH_PX
    assert 1 <= place.width <= width
    assert 1 <= place.height <= height
    lines = 4 // place.columns
    assert rows * lines * place.height <= protocol.MAX_SHEET_HEIGHT_PX


@pytest.mark.parametrize(
    ("width", "height", "rows", "columns"),
    [(1000, 700, 5, 4), (2000, 300, 5, 2), (1500, 1200, 2, 2), (4000, 200, 5, 1), (10, 1000, 8, 4)],
)
def test_a_crop_is_shown_pixel_by_pixel_where_it_fits_in_some_arrangement(
    width: int, height: int, rows: int, columns: int
) -> None:
    place = sheet.layout(width, height, rows)
    assert (place.width, place.height, place.columns) == (width, height, columns)


def test_what_is_larger_is_shrunk_in_proportion() -> None:
    place = sheet.layout(6000, 4000, 3)
    assert place.width / place.height == pytest.approx(1.5, abs=0.01)
    assert place.width < 1024


def test_a_wide_picture_is_no_strip() -> None:
    place = sheet.layout(20_000, 1000, 6)
    assert (place.columns, place.width) == (1, protocol.MAX_SHEET_WIDTH_PX - 32)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_the_cut_out_stands_over_each_colour(dtype: type) -> None:
    alpha = wedge()
    small, black, white, green = sheet.pictures(photo(dtype), alpha, None, 1)
    assert np.array_equal(small, alpha)
    assert black.shape == (HEIGHT, WIDTH, 3)
    assert tuple(black[0, 0]) == (0, 0, 0)
    assert tuple(white[0, 0]) == (255, 255, 255)
    assert tuple(green[0, 0]) == (0, 177, 64)
    for over in (black, white, green):
        assert tuple(over[0, -1]) == (0, 0, 255)
    level = int(alpha[0, 20])
    expected = np.array((level, 0, 0)) + (255 - level) * np.array((0, 177, 64)) / 255
    assert np.abs(green[0, 20].astype(int) - expected).max() <= 1


def test_the_subjects_own_colours_take_the_place_of_mixed_ones_alone() -> None:
    alpha = wedge()
    own = np.full((HEIGHT, WIDTH, 3), 200, np.uint8)
    _, black, _, _ = sheet.pictures(photo(), alpha, own, 1)
    level = int(alpha[0, 50])
    assert np.abs(black[0, 50].astype(int) - 200 * level / 255).max() <= 1
    assert tuple(black[0, -1]) == (0, 0, 255)


def test_a_grey_photo_is_shown_in_grey() -> None:
    grey = np.broadcast_to(np.full((HEIGHT, WIDTH, 1), 90, np.uint8), (HEIGHT, WIDTH, 3))
    _, black, _, _ = sheet.pictures(grey, np.full((HEIGHT, WIDTH), 255, np.uint8), None, 1)
    assert np.all(black == 90)


def test_what_is_clear_does_not_shine_into_its_neighbours_as_they_are_shrunk() -> None:
    image = np.zeros((2000, 3000, 3), np.uint8)
    image[:, ::2] = (255, 0, 0)  # clear, and red
    image[:, 1::2] = (0, 0, 255)
    alpha = np.zeros((2000, 3000), np.uint8)
    alpha[:, 1::2] = 255
    _, black, _, _ = sheet.pictures(image, alpha, None, 4)
    assert black.shape[1] < 1024
    assert black[..., 0].max() == 0
    assert 120 <= black[..., 2].mean() <= 135


def test_the_pictures_are_in_the_row_as_they_are() -> None:
    pictures = sheet.pictures(photo(), wedge(), None, 1)
    row = sheet.row((WIDTH, HEIGHT), 1, pictures, "An engine", ["1.0 s"])
    top, left = len(row) - 16 - 12 - HEIGHT, 16
    for number, picture in enumerate(pictures):
        place = row[top : top + HEIGHT, left + number * (WIDTH + 12) :][:, :WIDTH]
        shown = picture if picture.ndim == 3 else np.repeat(picture[..., None], 3, 2)
        assert np.array_equal(place, shown)


@pytest.mark.parametrize("lines", [(), ("short",), ("many words " * 60,), ("写真" * 300,)])
def test_rows_are_equally_wide_whatever_they_say_and_show(lines: tuple[str, ...]) -> None:
    pictures = sheet.pictures(photo(), wedge(), None, 3)
    with_pictures = sheet.row((WIDTH, HEIGHT), 3, pictures, "An engine", lines, "A photo")
    of_words = sheet.row((WIDTH, HEIGHT), 3, (), "Another engine", lines)
    assert with_pictures.shape[1] == of_words.shape[1] == sheet.layout(WIDTH, HEIGHT, 3).row_width
    assert of_words.shape[0] < 8 * 22 + 28 + 40


def test_nothing_is_written_beyond_the_margins() -> None:
    long = f"{'a word ' * 40}{'/a/path/without/blanks' * 20} 写真を切り抜く。{'한국어' * 80}"
    row = sheet.row((WIDTH, HEIGHT), 1, (), "X" * 500, [long])
    assert np.all(row[1:, :16] == PAPER)
    assert np.all(row[1:, -14:] == PAPER)


@pytest.mark.parametrize("text", ["Größe", "写真", "Фото", "사진", "שלום", "a\nb", "\x07bell"])
def test_words_of_any_script_are_written(text: str) -> None:
    empty = sheet.row((WIDTH, HEIGHT), 1, (), "")
    row = sheet.row((WIDTH, HEIGHT), 1, (), text)
    assert row.shape[0] > empty.shape[0]
    assert (row[1:] > 200).any()


def test_captions_are_left_out_where_a_picture_is_narrower() -> None:
    pictures = sheet.pictures(photo(), wedge(), None, 1)
    rows = [
        sheet.row((WIDTH, HEIGHT), 1, pictures, "An engine", captions=captions)
        for captions in (("",) * 4, ("Alpha",) * 4, ("Far wider than the picture",) * 4)
    ]
    assert not np.array_equal(rows[0], rows[1])
    assert np.array_equal(rows[0], rows[2])


def test_letters_of_other_scripts_are_no_boxes() -> None:
    one, other = (sheet.row((WIDTH, HEIGHT), 1, (), letter) for letter in "写真")
    assert not np.array_equal(one, other)
