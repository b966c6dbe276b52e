"""placing: trimmed, with room, on a background."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.daemon.icc import PROPHOTO

from flyaway.files import placing
from flyaway.files.photos import Photo
from flyaway.files.placing import Frame


def picture(height: int, width: int, channels: int, dtype: type = np.uint8) -> NDArray[Any]:
    full = np.iinfo(dtype).max
    return np.random.default_rng(3).integers(0, full, (height, width, channels), dtype)


def photo(pixels: NDArray[Any], icc: bytes = b"") -> Photo:
    return Photo(pixels, icc, b"", None)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_what_is_seen_is_framed_and_a_haze_is_not(dtype: type) -> None:
    full = np.iinfo(dtype).max
    alpha: NDArray[Any] = np.full((20, 30), full // 200, dtype)
    alpha[4:9, 7:21] = full // 2

    assert placing.seen(alpha) == Frame(4, 7, 9, 21)
    assert placing.seen(np.zeros((3, 3), dtype)) is None


def test_a_frame_may_reach_beyond_the_picture() -> None:
    pixels = picture(10, 12, 4)
    frame = Frame(2, 3, 8, 9).padded(4)

    result = placing.framed(pixels, frame)

    assert result.shape == (14, 14, 4)
    assert np.array_equal(result[2:12, 1:13], pixels)
    assert not result[:2].any()
    assert not result[12:].any()
    assert not result[:, 0].any()
    assert frame.longer_side == 14


def test_a_frame_within_the_picture_cuts_it() -> None:
    alpha = picture(10, 12, 1)[..., 0]
    assert np.array_equal(placing.framed(alpha, Frame(1, 2, 9, 5)), alpha[1:9, 2:5])
    assert placing.framed(alpha, placing.whole(alpha)) is alpha


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_a_colour_shines_through_as_far_as_alpha_lets_it(dtype: type) -> None:
    full = int(np.iinfo(dtype).max)
    pixels = picture(5, 6, 4, dtype)
    pixels[0, :, 3], pixels[1, :, 3] = 0, full
    blue = photo(np.array([[[0, 51, 255]]], np.uint8))

    result, _ = placing.on_background(pixels, photo(pixels), blue)

    share = pixels[..., 3:] / full
    expected = pixels[..., :3] * share + np.array([0, 0.2, 1]) * full * (1 - share)
    assert result.dtype == dtype
    assert np.abs(result - expected).max() <= 0.51
    assert np.array_equal(result[1], pixels[1, :, :3])


def test_a_background_is_in_the_colours_of_the_photos_profile() -> None:
    """SRGB's red is less saturated in a wider space."""
    pixels = np.zeros((2, 2, 4), np.uint8)
    red = photo(np.array([[[255, 0, 0]]], np.uint8))

    result, kept = placing.on_background(pixels, photo(pixels, PROPHOTO), red)

    assert kept.icc == PROPHOTO
    assert 150 < result[0, 0, 0] < 200
    assert 40 < result[0, 0, 1] < 100


def test_a_picture_covers_the_cut_out_without_distortion() -> None:
    behind = np.zeros((40, 100, 3), np.uint8)
    behind[:, 30:70] = 200  # the middle, as wide as it is high

    result, _ = placing.on_background(np.zeros((20, 20, 4), np.uint8), photo(behind), photo(behind))

    assert np.array_equal(result, np.full((20, 20, 3), 200, np.uint8))


def test_a_grey_cut_out_becomes_coloured() -> None:
    pixels = picture(3, 4, 2)
    pixels[..., 1] = 255

    result, kept = placing.on_background(
        pixels, photo(pixels, b"a grey profile"), photo(picture(1, 1, 1))
    )

    assert np.array_equal(result, np.repeat(pixels[..., :1], 3, 2))
    assert kept.icc == b""
