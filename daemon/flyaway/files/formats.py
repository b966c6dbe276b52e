"""Finished pictures in the kinds of file that Flyaway writes."""

from __future__ import annotations

from dataclasses import replace
from typing import BinaryIO

import numpy as np
from PIL import Image

from flyaway.errors import RequestError
from flyaway.files import cutouts, tiff
from flyaway.files.photos import Photo, Pixels
from flyaway_client.wording import _

SUFFIXES = {"png": ".png", "tiff": ".tif", "webp": ".webp"}
"""Kind of file -> how its names end."""

_WEBP_MAX_SIDE_PX = 16383
_WEBP_QUALITY = 92
"""Of 100. Transparency is kept without loss, and so are masks."""


def write(file: BinaryIO, pixels: Pixels, photo: Photo, kind: str) -> None:
    """Write a picture with the photo's profile, EXIF data and resolution.

    Args:
        file: at its beginning.
        pixels: HxWxC, uint8 or uint16; C is 1 (grey), 2 (grey, alpha), 3 (RGB) or 4 (RGBA).
        photo: what it was made of.
        kind: one of `SUFFIXES`.

    Raises:
        RequestError: this kind of file cannot hold it.
    """
    if kind == "png":
        cutouts.write_cut_out(file, pixels, photo)
    elif kind == "tiff":
        if (
            pixels.shape[2] == 2 and pixels.dtype == np.uint16
        ):  # which few programs read as grey and alpha, 16 bits deep; Pillow does not
            pixels, photo = pixels[..., [0, 0, 0, 1]], replace(photo, icc=b"")
        tiff.write(file, pixels, photo)
    else:
        _write_webp(file, pixels, photo)


def write_mask(file: BinaryIO, alpha: Pixels, kind: str) -> None:
    """Write alpha, HxW, alone and without loss; as `write`."""
    if kind == "png":
        cutouts.write_mask(file, alpha)
    elif kind == "tiff":
        tiff.write(file, alpha[..., None], None)
    else:
        _write_webp(file, alpha[..., None], None)


def loss(photo: Photo, kind: str) -> str:
    """A sentence on what such a file cannot keep of a photo; "" where there is nothing."""
    if kind == "webp" and photo.pixels.dtype == np.uint16:
        return _("WebP has 8 bits a channel; the photo has 16.")
    return ""


def _write_webp(file: BinaryIO, pixels: Pixels, photo: Photo | None) -> None:
    """WebP knows RGB and RGBA alone, so that a grey profile cannot go along."""
    height, width, count = pixels.shape
    if max(height, width) > _WEBP_MAX_SIDE_PX:
        raise RequestError(
            _(
                "A WebP has at most {most} pixels on a side, the result has {width} × "
                "{height}. Choose PNG or TIFF."
            ).format(most=_WEBP_MAX_SIDE_PX, width=width, height=height)
        )
    if pixels.dtype == np.uint16:
        pixels = ((pixels.astype(np.uint32) + 128) // 257).astype(np.uint8)
    if count <= 2:
        pixels = pixels[..., [0, 0, 0, *range(1, count)]]
    image = Image.fromarray(pixels, "RGB" if pixels.shape[2] == 3 else "RGBA")
    if photo is None:
        image.save(file, "WEBP", lossless=True)
        return
    icc = photo.icc if count > 2 else b""
    image.save(file, "WEBP", quality=_WEBP_QUALITY, icc_profile=icc, exif=photo.exif)
