"""From a photo and its alpha to the picture the user gets, and that to PNG, 8 or 16 bits deep."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable
from dataclasses import replace
from typing import BinaryIO

import numpy as np
from PIL import Image, ImageCms

from flyaway.cli.photos import Photo, Pixels, srgb_profile

_BAND_ROWS = 256
_COMPRESSION = 4
"""Of 9: half the time of Pillow's 6 at about as many bytes. A photo's pixels are mostly noise."""

_FILTER_UP = 2
_METRE = 39.3701
"""In inches."""

_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""Number of channels -> PNG's colour type (PNG specification, 11.2.1)."""


def as_alpha(data: bytearray, photo: Photo) -> Pixels:
    """The daemon's bytes as HxW of the photo's size and dtype."""
    alpha: Pixels = np.frombuffer(data, photo.pixels.dtype).reshape(photo.pixels.shape[:2])
    return alpha


def with_foreground(photo: Photo, foreground: bytearray, alpha: Pixels) -> Photo:
    """The photo with the subject's own colours where background shines through.

    Wholly opaque pixels stay as they are, bit for bit; the others are brought from sRGB to the
    photo's own profile, at 8 bits, which is all that Pillow converts.

    Args:
        photo: the photo.
        foreground: HxWx3 sRGB of the photo's size and dtype, as the daemon sends it.
        alpha: HxW, of the dtype of the photo's pixels, using its full range.
    """
    height, width = photo.pixels.shape[:2]
    colours = np.frombuffer(foreground, photo.pixels.dtype).reshape(height, width, 3)
    pixels = photo.pixels.copy()
    full = np.iinfo(pixels.dtype).max
    convert = _from_srgb(photo)
    for top in range(0, height, _BAND_ROWS):
        rows = slice(top, top + _BAND_ROWS)
        is_mixed = (alpha[rows] > 0) & (alpha[rows] < full)
        if is_mixed.any():
            own = convert(colours[rows][is_mixed][None])[0]
            pixels[rows][is_mixed, : own.shape[1]] = own
    return replace(photo, pixels=pixels)


def _from_srgb(photo: Photo) -> Callable[[Pixels], Pixels]:
    """What brings 1xNx3 sRGB to 1xNxC of the photo's own kind of colour, its dtype kept."""
    is_grey = photo.pixels.shape[2] <= 2
    if is_grey and not photo.icc:
        return _luma
    profile = ImageCms.ImageCmsProfile(io.BytesIO(photo.icc or srgb_profile()))
    mode = "L" if is_grey else "RGB"
    transform = ImageCms.buildTransform(ImageCms.createProfile("sRGB"), profile, "RGB", mode)
    if not is_grey and _changes_nothing(transform):
        return lambda colours: colours

    def convert(colours: Pixels) -> Pixels:
        is_deep = colours.dtype == np.uint16
        picture = Image.fromarray((colours >> 8).astype(np.uint8) if is_deep else colours)
        converted = np.asarray(ImageCms.applyTransform(picture, transform))
        own: Pixels = converted.reshape(*colours.shape[:2], -1).astype(colours.dtype)
        return np.asarray(own * 257 if is_deep else own)

    return convert


def _changes_nothing(transform: ImageCms.ImageCmsTransform) -> bool:
    """Whether a transform is to sRGB under another name; there are many."""
    levels = np.linspace(0, 255, 9, dtype=np.uint8)
    colours = np.stack(np.meshgrid(levels, levels, levels), axis=-1).reshape(1, -1, 3)
    changed = np.asarray(ImageCms.applyTransform(Image.fromarray(colours), transform))
    return bool(np.abs(changed.astype(np.int16) - colours).max() <= 1)


def _luma(colours: Pixels) -> Pixels:
    """Grey of 1xNx3 (ITU-R BT.601), 1xNx1."""
    return np.asarray(np.rint(colours @ np.array([[0.299], [0.587], [0.114]])), colours.dtype)


def cut_out(photo: Photo, alpha: Pixels) -> Pixels:
    """The photo's own colours with `alpha` as transparency, HxWx2 (grey) or HxWx4.

    The photo's own transparency stays; what is wholly transparent becomes black, so that nobody
    finds the background again in the file.

    Args:
        photo: the photo.
        alpha: HxW, of the dtype of the photo's pixels, using its full range.
    """
    height, width, count = photo.pixels.shape
    colours = count - 1 if photo.has_alpha else count
    result = np.empty((height, width, colours + 1), photo.pixels.dtype)
    full = np.uint32(np.iinfo(photo.pixels.dtype).max)
    for top in range(0, height, _BAND_ROWS):
        rows = slice(top, top + _BAND_ROWS)
        opacity = alpha[rows].astype(np.uint32)
        if photo.has_alpha:
            opacity = (opacity * photo.pixels[rows, :, -1] + full // 2) // full
        result[rows, :, :-1] = np.where(opacity[..., None] > 0, photo.pixels[rows, :, :colours], 0)
        result[rows, :, -1] = opacity
    return result


def write_cut_out(file: BinaryIO, pixels: Pixels, photo: Photo) -> None:
    """Write a cut-out with the photo's profile, EXIF data and resolution."""
    if pixels.dtype == np.uint16:
        _write_deep(file, pixels, photo)
        return
    image = Image.fromarray(pixels, "LA" if pixels.shape[2] == 2 else "RGBA")
    extras = {"dpi": photo.dpi} if photo.dpi else {}
    image.save(
        file,
        "PNG",
        icc_profile=photo.icc,
        exif=photo.exif,
        compress_level=_COMPRESSION,
        **extras,
    )


def write_mask(file: BinaryIO, alpha: Pixels) -> None:
    """Write alpha alone as a grey PNG: black is background."""
    Image.fromarray(alpha).save(file, "PNG", compress_level=_COMPRESSION)


def _write_deep(file: BinaryIO, pixels: Pixels, photo: Photo) -> None:
    """16 bits a channel, which Pillow cannot write in colour. See the PNG specification, 3rd edition."""
    height, width, count = pixels.shape
    file.write(b"\x89PNG\r\n\x1a\n")
    header = struct.pack(">IIBBBBB", width, height, 16, _COLOUR_TYPES[count], 0, 0, 0)
    _write_chunk(file, b"IHDR", header)
    if photo.icc:
        _write_chunk(file, b"iCCP", b"profile\0\0" + zlib.compress(photo.icc))
    if photo.dpi:
        per_metre = (max(1, round(float(value) * _METRE)) for value in photo.dpi)
        _write_chunk(file, b"pHYs", struct.pack(">IIB", *per_metre, 1))
    if photo.exif:
        _write_chunk(file, b"eXIf", photo.exif.removeprefix(b"Exif\0\0"))
    _write_rows(file, pixels)
    _write_chunk(file, b"IEND", b"")


def _write_rows(file: BinaryIO, pixels: Pixels) -> None:
    """IDAT chunks; each row is stored as its difference to the one above (filter type Up)."""
    compressor = zlib.compressobj(_COMPRESSION)
    height, width, count = pixels.shape
    above = np.zeros((1, width * count * 2), np.uint8)
    for top in range(0, height, _BAND_ROWS):
        band = pixels[top : top + _BAND_ROWS].astype(">u2").view(np.uint8)
        band = band.reshape(len(band), -1)
        filtered = np.empty((len(band), band.shape[1] + 1), np.uint8)
        filtered[:, 0] = _FILTER_UP
        filtered[:, 1:] = band - np.concatenate((above, band[:-1]))
        above = band[-1:]
        _write_chunk(file, b"IDAT", compressor.compress(filtered.tobytes()))
    _write_chunk(file, b"IDAT", compressor.flush())


def _write_chunk(file: BinaryIO, kind: bytes, data: bytes) -> None:
    file.write(
        struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    )
