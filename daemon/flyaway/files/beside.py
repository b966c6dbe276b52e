"""Files that go with a photo, each of which has to fit it, and the request that they make together."""

from __future__ import annotations

from pathlib import Path

from flyaway.errors import RequestError
from flyaway.files import photos
from flyaway.files.photos import Photo
from flyaway_client.client import new_request_id
from flyaway_client.messages import ExtractRequest, ImageHeader
from flyaway_client.wording import _
from flyaway_client.zmtp import Buffer


def request(
    photo: Photo,
    max_pixels: int,
    meaning: str = "automatic",
    selection_file: Path | None = None,
    plate_file: Path | None = None,
) -> tuple[ExtractRequest, dict[str, Buffer]]:
    """What to ask of the daemon for a photo, and the bytes that go with it; the alpha has the photo's depth.

    Args:
        photo: the photo.
        max_pixels: larger files are refused.
        meaning: of the selection, in the wire's words.
        selection_file: selection, trimap or region.
        plate_file: the picture of the empty scene.

    Raises:
        RequestError: a file cannot be read, or does not fit the photo.
    """
    parts: dict[str, Buffer] = {"image": photo.pixels.data}
    if photo.icc:
        parts["icc"] = photo.icc
    selected, empty = None, None
    if selection_file:
        is_trimap = meaning == "trimap"
        selected, parts["selection"] = selection(
            selection_file, photo.header, max_pixels, is_trimap=is_trimap
        )
    if plate_file:
        empty, parts["plate"] = plate(plate_file, photo, max_pixels)
    asked = ExtractRequest(
        id=new_request_id(),
        image=photo.header,
        colour="icc" if photo.icc else "srgb",
        icc_bytes=len(photo.icc),
        selection=selected,
        selection_is=meaning,
        plate=empty,
        output_dtype=photo.dtype,
    )
    return asked, parts


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
            _(
                "{path} has another colour profile than the photo. Save both with the same one."
            ).format(path=path)
        )
    return plate.header, plate.pixels.data


def mask(path: Path, image: ImageHeader, max_pixels: int) -> Photo:
    """A mask file, grey, 8 or 16 bits deep; checked to fit the photo."""
    read = photos.read_photo(path, max_pixels)
    if read.header.channels != "gray":
        raise RequestError(
            _("{path} is no mask: a mask is a grey picture without transparency.").format(path=path)
        )
    _check_size(path, read.header, image)
    return read


def _check_size(path: Path, found: ImageHeader, image: ImageHeader) -> None:
    if (found.width, found.height) != (image.width, image.height):
        raise RequestError(
            _(
                "{path} has {width} × {height} pixels, the photo {photo_width} × {photo_height}. Save it at "
                "the photo's size."
            ).format(
                path=path,
                width=found.width,
                height=found.height,
                photo_width=image.width,
                photo_height=image.height,
            )
        )
