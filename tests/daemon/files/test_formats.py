"""formats and tiff: what was worked out comes out of each kind of file again."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageCms

from flyaway.errors import RequestError
from flyaway.files import formats, tiff
from flyaway.files.photos import Photo, read_photo

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
LIMIT = 10_000_000
SIZE = (300, 7)  # more rows than are worked on at a time
TAKEN = "2026:05:04 03:02:01"


def exif() -> bytes:
    data = Image.Exif()
    data[ExifTags.Base.Artist] = "Ann"
    data.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] = TAKEN
    data.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] = "N"
    return data.tobytes()


def noise(channels: int, dtype: type) -> NDArray[Any]:
    full = np.iinfo(dtype).max
    return np.random.default_rng(channels).integers(
        0, full, (*SIZE, channels), dtype, endpoint=True
    )


def photo(pixels: NDArray[Any], icc: bytes = SRGB) -> Photo:
    return Photo(pixels, icc, exif(), (300.0, 150.0))


def written(pixels: NDArray[Any], original: Photo, kind: str, folder: Path) -> Photo:
    """What a file holds that was written."""
    path = folder / f"result{formats.SUFFIXES[kind]}"
    with path.open("wb") as file:
        formats.write(file, pixels, original, kind)
    return read_photo(path, LIMIT)


@pytest.mark.parametrize("kind", ["png", "tiff"])
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [3, 4])
def test_lossless_kinds_keep_pixels_profile_camera_and_resolution(
    kind: str, dtype: type, channels: int, tmp_path: Path
) -> None:
    pixels = noise(channels, dtype)

    result = written(pixels, photo(pixels), kind, tmp_path)

    assert result.pixels.dtype == dtype
    assert np.array_equal(result.pixels, pixels)
    assert result.icc == SRGB
    assert result.dpi == pytest.approx((300, 150), abs=0.1)
    data = Image.Exif()
    data.load(result.exif)
    assert data[ExifTags.Base.Artist] == "Ann"
    assert data.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.DateTimeOriginal] == TAKEN
    assert data.get_ifd(ExifTags.IFD.GPSInfo)[ExifTags.GPS.GPSLatitudeRef] == "N"


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_grey_with_alpha_stays_readable_in_a_tiff(dtype: type, tmp_path: Path) -> None:
    """Pillow, and so Flyaway, reads no TIFF of 16-bit grey with alpha."""
    pixels = noise(2, dtype)

    result = written(pixels, photo(pixels, b""), "tiff", tmp_path)

    assert np.array_equal(result.pixels[..., 0], pixels[..., 0])
    assert np.array_equal(result.pixels[..., -1], pixels[..., 1])


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
@pytest.mark.parametrize("channels", [2, 4])
def test_webp_keeps_alpha_profile_and_camera(dtype: type, channels: int, tmp_path: Path) -> None:
    pixels = noise(channels, dtype)

    result = written(pixels, photo(pixels, SRGB if channels == 4 else b""), "webp", tmp_path)

    opacity = pixels[..., -1].astype(int)
    expected = opacity if dtype == np.uint8 else (opacity + 128) // 257
    assert np.array_equal(result.pixels[..., -1], expected)
    assert result.icc == (SRGB if channels == 4 else b"")
    data = Image.Exif()
    data.load(result.exif)
    assert data[ExifTags.Base.Artist] == "Ann"


@pytest.mark.parametrize("kind", ["png", "tiff", "webp"])
def test_masks_are_kept_without_loss(kind: str, tmp_path: Path) -> None:
    alpha = noise(1, np.uint8)[..., 0]
    path = tmp_path / f"mask{formats.SUFFIXES[kind]}"
    with path.open("wb") as file:
        formats.write_mask(file, alpha, kind)

    assert np.array_equal(read_photo(path, LIMIT).pixels[..., 0], alpha)


def test_deep_masks_keep_their_depth_in_a_tiff(tmp_path: Path) -> None:
    alpha = noise(1, np.uint16)[..., 0]
    with (tmp_path / "mask.tif").open("wb") as file:
        formats.write_mask(file, alpha, "tiff")

    assert np.array_equal(read_photo(tmp_path / "mask.tif", LIMIT).pixels[..., 0], alpha)


def test_a_webp_that_cannot_be_is_refused_before_it_is_tried() -> None:
    pixels = np.zeros((1, 16384, 4), np.uint8)

    with pytest.raises(RequestError, match=r"16383 pixels on a side.*PNG or TIFF"):
        formats.write(io.BytesIO(), pixels, photo(pixels), "webp")


def test_only_a_webp_of_a_deep_photo_loses_depth() -> None:
    deep, shallow = photo(noise(3, np.uint16)), photo(noise(3, np.uint8))

    assert "8 bits" in formats.loss(deep, "webp")
    assert [formats.loss(deep, "tiff"), formats.loss(shallow, "webp")] == ["", ""]


def test_a_tiff_of_a_photo_without_metadata_has_none(tmp_path: Path) -> None:
    pixels = noise(3, np.uint8)
    with (tmp_path / "plain.tif").open("wb") as file:
        tiff.write(file, pixels, Photo(pixels, b"", b"", None))

    result = read_photo(tmp_path / "plain.tif", LIMIT)
    assert (result.icc, result.exif) == (b"", b"")
