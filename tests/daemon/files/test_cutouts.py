"""cutouts: the photo's own colours, alpha and metadata in a PNG that others can read."""

from __future__ import annotations

import io
from dataclasses import replace
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms
from tests.daemon.icc import ADOBE, of_table

from flyaway.files.cutouts import as_alpha, cut_out, write_cut_out, write_mask
from flyaway.files.photos import Photo

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SIZE = (300, 7)  # more rows than are worked on at a time


def exif() -> bytes:
    data = Image.Exif()
    data[ExifTags.Base.Artist] = "Ann"
    return data.tobytes()


def photo(channels: int, dtype: type) -> Photo:
    full = np.iinfo(dtype).max
    noise = np.random.default_rng(channels).integers(
        0, full, (*SIZE, channels), dtype, endpoint=True
    )
    return Photo(noise, SRGB, exif(), (300.0, 150.0))


def ramp(dtype: type) -> NDArray[Any]:
    """An alpha that goes through everything from none to all."""
    full = np.iinfo(dtype).max
    return np.rint(np.linspace(0, full, SIZE[0] * SIZE[1])).reshape(SIZE).astype(dtype)


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 3])
def test_opaque_photo_keeps_its_colours_where_something_is_left(channels: int, dtype: type) -> None:
    original, alpha = photo(channels, dtype), ramp(dtype)

    result = cut_out(original, alpha)

    is_left = alpha > 0
    assert np.array_equal(result[..., -1], alpha)
    assert np.array_equal(result[is_left][:, :-1], original.pixels[is_left])
    assert not result[~is_left].any()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [2, 4])
def test_photos_own_transparency_stays(channels: int, dtype: type) -> None:
    original, alpha = photo(channels, dtype), ramp(dtype)

    result = cut_out(original, alpha)

    full = float(np.iinfo(dtype).max)
    expected = np.rint(original.pixels[..., -1].astype(float) * alpha / full)
    assert result.shape == original.pixels.shape
    assert np.array_equal(result[..., -1], expected)


@pytest.mark.parametrize("icc", [b"", SRGB, ADOBE, of_table()])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [1, 2, 3, 4])
def test_foreground_takes_the_place_of_mixed_colours_alone(
    channels: int, dtype: type, icc: bytes
) -> None:
    """Whatever the profile: the colours come in the photo's own."""
    original = replace(photo(channels, dtype), icc=icc)
    count = 1 if channels <= 2 else 3
    colours = photo(count, dtype).pixels[::-1]
    alpha = ramp(dtype)

    before = original.pixels.copy()

    result = cut_out(original, alpha, bytearray(colours.tobytes()))

    plain = cut_out(original, alpha)
    is_mixed = (alpha > 0) & (alpha < np.iinfo(dtype).max)
    is_seen = plain[..., -1] > 0
    assert np.array_equal(result[~is_mixed], plain[~is_mixed])
    assert np.array_equal(result[is_mixed & is_seen][:, :count], colours[is_mixed & is_seen])
    assert not result[~is_seen].any()
    assert np.array_equal(result[..., -1], plain[..., -1])
    assert np.array_equal(original.pixels, before)


@pytest.mark.parametrize("channels", [1, 2, 3, 4])
@pytest.mark.parametrize(("height", "width"), [(1, 1), (1, 7), (7, 1), (257, 3), (512, 2)])
def test_pictures_of_every_shape_are_filled_to_the_last_row(
    height: int, width: int, channels: int
) -> None:
    pixels = np.full((height, width, channels), 200, np.uint8)
    alpha = np.full((height, width), 255, np.uint8)

    result = cut_out(Photo(pixels, b"", b"", None), alpha)

    colours = 1 if channels <= 2 else 3
    assert np.array_equal(result[..., :colours], pixels[..., :colours])
    assert (result[..., -1] == (255 if channels in (1, 3) else 200)).all()


@pytest.mark.parametrize(("channels", "mode"), [(1, "LA"), (3, "RGBA")])
def test_eight_bit_png_keeps_pixels_profile_camera_and_resolution(channels: int, mode: str) -> None:
    original = photo(channels, np.uint8)
    pixels = cut_out(original, ramp(np.uint8))
    file = io.BytesIO()

    write_cut_out(file, pixels, original)

    image = Image.open(file)
    assert image.mode == mode
    assert np.array_equal(np.array(image), pixels)
    check_metadata(image)


@pytest.mark.parametrize("channels", [1, 3])
def test_sixteen_bit_png_keeps_pixels_profile_camera_and_resolution(channels: int) -> None:
    original = photo(channels, np.uint16)
    pixels = cut_out(original, ramp(np.uint16))
    file = io.BytesIO()

    write_cut_out(file, pixels, original)

    decoded = cv2.imdecode(np.frombuffer(file.getvalue(), np.uint8), cv2.IMREAD_UNCHANGED)
    assert decoded is not None
    in_order = decoded[..., [0, 3]] if channels == 1 else decoded[..., [2, 1, 0, 3]]
    assert np.array_equal(in_order, pixels)
    image = Image.open(file)
    image.load()
    check_metadata(image)


def check_metadata(image: Image.Image) -> None:
    assert image.info["icc_profile"] == SRGB
    assert image.getexif()[ExifTags.Base.Artist] == "Ann"
    assert [round(value) for value in image.info["dpi"]] == [300, 150]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_photo_without_metadata_gets_none(dtype: type) -> None:
    bare = Photo(photo(3, dtype).pixels, b"", b"", None)
    file = io.BytesIO()

    write_cut_out(file, cut_out(bare, ramp(dtype)), bare)

    assert not {"icc_profile", "exif", "dpi"} & Image.open(file).info.keys()


@pytest.mark.parametrize(("dtype", "mode"), [(np.uint8, "L"), (np.uint16, "I;16")])
def test_mask_is_the_alpha_alone_at_the_photos_depth(dtype: type, mode: str) -> None:
    file = io.BytesIO()

    write_mask(file, as_alpha(bytearray(ramp(dtype).tobytes()), photo(3, dtype)))

    image = Image.open(file)
    assert image.mode == mode
    assert np.array_equal(np.array(image), ramp(dtype))
