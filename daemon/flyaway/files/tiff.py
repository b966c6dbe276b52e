"""TIFF with 8 or 16 bits a channel, which Pillow can write in colour with 8 only. See TIFF 6.0 and its technical note 2."""

from __future__ import annotations

from typing import BinaryIO

from PIL import ExifTags, Image
from PIL.TiffImagePlugin import ImageFileDirectory_v2
from PIL.TiffTags import LONG, SHORT

from flyaway.files import deflate
from flyaway.files.photos import Photo, Pixels

_BAND_ROWS = 256
_DEFLATE, _DIFFERENCES = 8, 2
_BLACK_IS_ZERO, _RGB = 1, 2
_STRAIGHT_ALPHA = 2
_INCH = 2


def write(file: BinaryIO, pixels: Pixels, photo: Photo | None) -> None:
    """Write a picture, compressed without loss.

    Args:
        file: at its beginning.
        pixels: HxWxC, uint8 or uint16; C is 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA).
        photo: has the profile, EXIF data and resolution; None for a mask, which has none.
    """
    height, width, count = pixels.shape
    strips = [_compressed(pixels[top : top + _BAND_ROWS]) for top in range(0, height, _BAND_ROWS)]
    sizes = [len(strip) for strip in strips]
    directory = ImageFileDirectory_v2(b"II*\0\0\0\0\0")
    if photo is not None:
        _add_metadata(directory, photo)
    tags: tuple[tuple[int, int, object], ...] = (
        (256, LONG, width),
        (257, LONG, height),
        (258, SHORT, (pixels.dtype.itemsize * 8,) * count),
        (259, SHORT, _DEFLATE),
        (262, SHORT, _RGB if count > 2 else _BLACK_IS_ZERO),
        # Pillow adds to these where the strips begin (ImageFileDirectory_v2.tobytes)
        (273, LONG, tuple(sum(sizes[:index]) for index in range(len(sizes)))),
        (277, SHORT, count),
        (278, LONG, _BAND_ROWS),
        (279, LONG, tuple(sizes)),
        (317, SHORT, _DIFFERENCES),
    )
    if count in (2, 4):
        tags += ((338, SHORT, _STRAIGHT_ALPHA),)
    for tag, kind, value in tags:
        directory.tagtype[tag] = kind
        directory[tag] = value
    directory.save(file)
    file.writelines(strips)


def _add_metadata(directory: ImageFileDirectory_v2, photo: Photo) -> None:
    exif = Image.Exif()
    exif.load(photo.exif)
    for tag, value in exif.items():
        is_folder = tag in (ExifTags.IFD.Exif, ExifTags.IFD.GPSInfo)
        if is_folder:
            directory.tagtype[tag] = (
                LONG  # with another, Pillow takes the folder for several values
            )
        directory[tag] = exif.get_ifd(tag) if is_folder else value
    if photo.icc:
        directory[34675] = photo.icc
    if photo.dpi:
        directory[282], directory[283] = photo.dpi
        directory[296] = _INCH


def _compressed(band: Pixels) -> bytes:
    """Rows as a strip: each sample as its difference to the one on its left, little-endian."""
    differences = band.copy()
    differences[:, 1:] -= band[:, :-1]
    compressor = deflate.compressor()
    little_endian = differences.astype(differences.dtype.newbyteorder("<"))
    return compressor.compress(little_endian.data) + compressor.flush()
