"""From a photo and its alpha to the picture the user gets, and that to PNG, 8 or 16 bits deep."""

from __future__ import annotations

import struct
import zlib
from typing import BinaryIO

import cv2
import numpy as np
from PIL import Image

from flyaway.files import deflate
from flyaway.files.photos import Photo, Pixels

_BAND_ROWS = 256
_COMPRESSION = {"compress_level": deflate.LEVEL, "compress_type": deflate.STRATEGY}

_FILTER_UP = 2
_METRE = 39.3701
"""In inches."""

_MODES = {2: "LA", 3: "RGB", 4: "RGBA"}
"""Number of channels -> Pillow's mode."""

_COLOUR_TYPES = {1: 0, 2: 4, 3: 2, 4: 6}
"""Number of channels -> PNG's colour type (PNG specification, 11.2.1)."""


def as_alpha(data: bytearray, photo: Photo) -> Pixels:
    """The daemon's bytes as HxW of the photo's size and dtype."""
    alpha: Pixels = np.frombuffer(data, photo.pixels.dtype).reshape(photo.pixels.shape[:2])
    return alpha


def cut_out(photo: Photo, alpha: Pixels, foreground: bytearray | None = None) -> Pixels:
    """The photo's own colours with `alpha` as transparency, HxWx2 (grey) or HxWx4.

    The photo's own transparency stays; what is wholly transparent becomes black, so that nobody
    finds the background again in the file.

    Args:
        photo: the photo.
        alpha: HxW, of the dtype of the photo's pixels, using its full range.
        foreground: HxWx1 (grey) or HxWx3 of the photo's size, dtype and profile, as the daemon sends it: the subject's
            own colours, which take the place of mixed ones. Pixels that `alpha` has wholly opaque stay, bit for bit.
    """
    height, width, count = photo.pixels.shape
    colours = count - 1 if photo.has_alpha else count
    result = np.empty((height, width, colours + 1), photo.pixels.dtype)
    full = np.iinfo(photo.pixels.dtype).max
    unmixed = None
    if foreground is not None:
        unmixed = np.frombuffer(foreground, photo.pixels.dtype).reshape(height, width, colours)
    for top in range(0, height, _BAND_ROWS):
        rows = slice(top, top + _BAND_ROWS)
        opacity = alpha[rows]
        if photo.has_alpha:
            product = opacity.astype(np.uint32) * photo.pixels[rows, :, -1]
            opacity = ((product + full // 2) // full).astype(alpha.dtype)
        own = np.ascontiguousarray(photo.pixels[rows, :, :colours])
        if unmixed is not None:  # OpenCV takes a fraction of numpy's time for such masks
            own = cv2.copyTo(unmixed[rows], cv2.inRange(alpha[rows], 1, full - 1), own.copy())
        is_left = (opacity > 0).view(np.uint8)
        cv2.merge((cv2.bitwise_and(own, own, mask=is_left), opacity), result[rows])
    return result


def write_cut_out(file: BinaryIO, pixels: Pixels, photo: Photo) -> None:
    """Write a cut-out, or one on a background, HxWx3, with the photo's profile, EXIF data and resolution."""
    if pixels.dtype == np.uint16:
        _write_deep(file, pixels, photo)
        return
    image = Image.fromarray(pixels, _MODES[pixels.shape[2]])
    extras = {"dpi": photo.dpi} if photo.dpi else {}
    image.save(
        file,
        "PNG",
        icc_profile=photo.icc,
        exif=photo.exif,
        **_COMPRESSION,
        **extras,
    )


def write_mask(file: BinaryIO, alpha: Pixels) -> None:
    """Write alpha alone as a grey PNG: black is background."""
    Image.fromarray(alpha).save(file, "PNG", **_COMPRESSION)


def write_sheet(file: BinaryIO, width: int, height: int, pixels: bytes) -> None:
    """Write a sheet of comparisons, HxWx3 bytes of sRGB."""
    image = Image.frombuffer("RGB", (width, height), pixels, "raw", "RGB", 0, 1)
    image.save(file, "PNG", **_COMPRESSION)


def _write_deep(file: BinaryIO, pixels: Pixels, photo: Photo) -> None:
    """16 bits a channel, which Pillow cannot write in colour. See the PNG specification, 3rd edition.

    OpenCV 5 writes profile and EXIF data too, but no resolution (pHYs), and wants the whole picture at once.
    """
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
    compressor = deflate.compressor()
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
