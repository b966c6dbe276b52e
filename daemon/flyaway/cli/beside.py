"""Files that go with a photo: selection, picture of the empty scene, mask. Each has to fit it."""

from __future__ import annotations

from pathlib import Path

from flyaway.cli import photos
from flyaway.cli.photos import Photo
from flyaway.errors import RequestError
from flyaway_client.messages import ImageHeader
from flyaway_client.zmtp import Buffer


def selection(
    path: Path, image: ImageHeader, max_pixels: int, *, is_trimap: bool = False
) -> tuple[ImageHeader, Buffer]:
    """A selection file's layout and pixels, HxW uint8; checked to fit the photo."""
    pixels = photos.read_selection(path, max_pixels, is_trimap=is_trimap)
    height, width = pixels.shape
    header = ImageHeader(width, height, "gray", "u8")
    _check_size(path, header, image)
    return header, pixels.data


def plate(path: Path, photo: Photo, max_pixels: int) -> tuple[ImageHeader, Buffer]:
    """The picture of the empty scene: layout and pixels; checked to fit the photo."""
    plate = photos.read_photo(path, max_pixels)
    _check_size(path, plate.header, photo.header)
    if plate.icc != photo.icc:
        raise RequestError(
            f"{path} has another colour profile than the photo. Save both with the same one."
        )
    return plate.header, plate.pixels.data


def mask(path: Path, image: ImageHeader, max_pixels: int) -> Photo:
    """A mask file, grey, 8 or 16 bits deep; checked to fit the photo."""
    read = photos.read_photo(path, max_pixels)
    if read.header.channels != "gray":
        raise RequestError(f"{path} is no mask: a mask is a grey picture without transparency.")
    _check_size(path, read.header, image)
    return read


def _check_size(path: Path, found: ImageHeader, image: ImageHeader) -> None:
    if (found.width, found.height) != (image.width, image.height):
        raise RequestError(
            f"{path} has {found.width} × {found.height} pixels, the photo {image.width} × "
            f"{image.height}. Save it at the photo's size."
        )
