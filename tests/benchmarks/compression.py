"""What a cut-out of 12 megapixels takes as PNG, compressed as we do and as zlib's own strategy does, in turn."""

from __future__ import annotations

import io
import zlib
from functools import partial
from typing import Any
from unittest import mock

import numpy as np
from tests.benchmarks.builtin import scene
from tests.benchmarks.repeats import in_turn, spread
from tests.benchmarks.wire import SIZES

from flyaway.files import cutouts, deflate
from flyaway.files.photos import Photo, Pixels

_UNKNOWN_SHARE = 0.1
USUAL = 4
"""zlib's level, of 9, that was ours before; Pillow's is 6."""


def compression(repeats: int = 5) -> list[dict[str, Any]]:
    """Seconds of the processor's and bytes a pixel, of 8 and 16 bits a channel, and ours as a share of the usual."""
    image, alpha, _ = scene(*SIZES[12], _UNKNOWN_SHARE)
    levels = (alpha * 255).round().astype(np.uint8)
    noise = np.random.default_rng(0).integers(0, 256, image.shape, np.uint16)
    shallow = cutouts.cut_out(Photo(image, b"", b"", None), levels)
    deep = cutouts.cut_out(
        Photo(image.astype(np.uint16) * 256 + noise, b"", b"", None), levels.astype(np.uint16) * 257
    )
    return [
        row for bits, pixels in ((8, shallow), (16, deep)) for row in _beside(bits, pixels, repeats)
    ]


def _beside(bits: int, pixels: Pixels, repeats: int) -> list[dict[str, Any]]:
    ways = {"ours": partial(_ours, pixels), "usual": partial(_usual, pixels)}
    sizes = {name: way() for name, way in ways.items()}
    seconds = in_turn(ways, repeats)
    return [
        {
            "bits": bits,
            "way": name,
            **spread("seconds", seconds[name], 3),
            "bytes_a_pixel": round(sizes[name] / pixels.shape[0] / pixels.shape[1], 3),
        }
        for name in ways
    ]


def _ours(pixels: Pixels) -> int:
    file = io.BytesIO()
    cutouts.write_cut_out(file, pixels, Photo(pixels, b"", b"", None))
    return file.tell()


def _usual(pixels: Pixels) -> int:
    usual = {"compress_level": USUAL}
    with (
        mock.patch.object(cutouts, "_COMPRESSION", usual),
        mock.patch.object(deflate, "compressor", lambda: zlib.compressobj(USUAL)),
    ):
        return _ours(pixels)
