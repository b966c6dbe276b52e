"""Pixels as they come over the wire to images as engines want them, and alpha as it goes back."""

from __future__ import annotations

import mmap

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway.images import profiles
from flyaway.images.arrays import Image, Samples
from flyaway_client.messages import CHANNELS, ImageHeader

Block = bytes | bytearray | memoryview | mmap.mmap
"""Memory that holds a part's bytes."""

_WHOLE_PIXEL = {"u8": "<u4", "u16": "<u8"}
"""Sample type -> a number that holds all four samples of a pixel, the last one highest."""

_PACKED = {("rgba", "u8"): cv2.COLOR_RGBA2RGB, ("bgra", "u8"): cv2.COLOR_BGRA2RGB}
"""How the common layouts that are not packed become so."""

PREVIEW_PX = 512

_ENCODED_AT_ONCE = 1 << 18
"""Values encoded at once: they fit a core's cache."""

_DTYPES = {"u8": "<u1", "u16": "<u2", "f16": "<f2", "f32": "<f4"}


def samples(header: ImageHeader, data: Block) -> Samples:
    """The bytes of a part as HxWxC, without a copy; half floats become float32."""
    shape = (header.height, header.width, CHANNELS[header.channels])
    values: Samples = np.frombuffer(data, _DTYPES[header.dtype]).reshape(shape)
    return values.astype(np.float32) if header.dtype == "f16" else values


def read(
    header: ImageHeader, data: Block, colour: str, icc: bytes = b"", packed: bool = False
) -> Image:
    """A layer's colours as HxWx3 sRGB, uint8 or uint16. What is 8-bit sRGB already is copied only to be packed.

    Args:
        header: the layout of `data`.
        data: the pixels.
        colour: "srgb", "linear-srgb" or "icc".
        icc: the profile where colour is "icc".
        packed: whether it will be read again and again, which is twice as fast where no opacity lies between.

    Raises:
        RequestError: the profile cannot be used.
    """
    if packed and colour == "srgb" and (header.channels, header.dtype) in _PACKED:
        return cv2.cvtColor(samples(header, data), _PACKED[header.channels, header.dtype])  # type: ignore[return-value] # as samples
    image = _to_srgb(colours(header, data), colour, icc)
    return np.broadcast_to(image, (*image.shape[:2], 3)) if image.shape[2] == 1 else image


def colours(header: ImageHeader, data: Block) -> Samples:
    """A layer's colours as they are, HxWx1 (grey) or HxWx3 in R, G, B order; see `samples`."""
    values = samples(header, data)[..., : CHANNELS[header.channels] - _has_opacity(header)]
    return values[..., ::-1] if header.channels in ("bgr", "bgra") else values


def clear_pixels(header: ImageHeader, data: Block) -> NDArray[np.bool_] | None:
    """HxW, True where a layer is wholly transparent; None if it has no such pixel."""
    if not _has_opacity(header):
        return None
    if header.dtype in _WHOLE_PIXEL and CHANNELS[header.channels] == 4:
        # Opacity is a pixel's highest bits: the least pixel tells, five times faster than a look at each.
        pixels = np.frombuffer(data, _WHOLE_PIXEL[header.dtype])
        if int(pixels.min()) >> (pixels.itemsize * 6):
            return None
    is_clear = samples(header, data)[..., -1] == 0
    return is_clear if is_clear.any() else None


def full(values: Samples) -> int:
    """What stands for 1 in these samples: 255 or 65535 in whole numbers, 1 in floats."""
    return int(np.iinfo(values.dtype).max) if values.dtype.kind == "u" else 1


def as_float(image: Image) -> NDArray[np.float32]:
    """An image or alpha, or a window of one, as float32 0..1; in new memory unless it is that already."""
    if image.dtype == np.float32:
        return image.astype(np.float32, copy=False)
    values = image.astype(np.float32)
    values /= np.float32(full(image))
    return values


def preview(alpha: NDArray[np.float32]) -> Samples:
    """A small copy of an alpha, uint8; see `thinned`."""
    return encode(as_float(thinned(alpha)), "u8")


def thinned(values: Samples) -> Samples:
    """Every so many-th pixel of HxW values, so that the longer side is at most `PREVIEW_PX`; a view."""
    step = -(-max(values.shape) // PREVIEW_PX)
    return values[::step, ::step]


def encode(values: NDArray[np.float32], dtype: str) -> Samples:
    """Alpha or colours as "u8", "u16" (0..1 to the full range, rounded), "f16" or "f32", C-contiguous."""
    if dtype in ("f16", "f32"):
        return np.ascontiguousarray(values, _DTYPES[dtype])
    result: Samples = np.empty(values.shape, _DTYPES[dtype])
    most, rows = np.float32(full(result)), max(1, _ENCODED_AT_ONCE // max(1, values[:1].size))
    for top in range(
        0, len(values), rows
    ):  # fresh memory of the whole size costs more than the work
        scaled = values[top : top + rows] * most
        result[top : top + rows] = np.rint(scaled, out=scaled)
    return result


def _to_srgb(own: Samples, colour: str, icc: bytes) -> Samples:
    if colour == "srgb" and own.dtype != np.float32:
        return own
    if colour == "srgb":
        return profiles.to_u16(own)
    if colour == "linear-srgb":
        return profiles.linear_image_to_srgb(own)
    return profiles.image_to_srgb(own, icc)


def _has_opacity(header: ImageHeader) -> bool:
    return header.channels in ("graya", "rgba", "bgra")
