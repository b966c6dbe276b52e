"""A mask adjusted as a whole, without a look at the picture: what dialogs offer beside strokes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway.images import encoding
from flyaway.images.arrays import Alpha, Samples
from flyaway_client.adjustments import Adjustments

_STEEPEST = 1000.0
"""What full contrast makes of an edge."""

_SOFT, _HAIRY = 0.3, 0.7
"""Shares of mixed pixels around a pixel, below which it belongs to a clear outline, and above which to hair."""

_AROUND_PX = 4.0
"""How far that looks, at least (standard deviation)."""

_FROM_STEP = float(np.sqrt(2 * np.pi))
"""Times the standard deviation: what makes a blurred step as steep as it was over one pixel."""


def adjusted(mask: Samples, adjustments: Adjustments) -> Samples:
    """A mask with what its user wants of it.

    Args:
        mask: HxW uint8, uint16 (full range) or float32 (0..1).
        adjustments: in the order of their fields.

    Returns:
        HxW of the same type; bit for bit the same where nothing is adjusted.
    """
    if adjustments.are_neutral:
        return mask
    if adjustments.smooth_px or adjustments.feather_px:
        alpha = encoding.as_float(np.nan_to_num(mask))
        if adjustments.smooth_px:
            alpha = _smoothed(alpha, adjustments.smooth_px)
        if adjustments.feather_px:
            alpha = _blurred(alpha, adjustments.feather_px)
        return encoding.encode(_levelled(alpha, adjustments), _DTYPES[mask.dtype.name])
    if mask.dtype.kind == "f":
        return _levelled(np.nan_to_num(mask), adjustments)
    levels = np.arange(encoding.full(mask) + 1, dtype=mask.dtype)
    table = encoding.encode(
        _levelled(encoding.as_float(levels), adjustments), _DTYPES[mask.dtype.name]
    )
    return cv2.LUT(mask, table) if mask.dtype == np.uint8 else table[mask]


_DTYPES = {"uint8": "u8", "uint16": "u16", "float32": "f32"}


def _levelled(alpha: NDArray[np.float32], adjustments: Adjustments) -> NDArray[np.float32]:
    """What is done to each value alone: 0 and 1 stay, whatever is asked."""
    alpha = alpha.clip(0, 1)
    if adjustments.shift_edge:
        alpha = alpha ** np.float32(2 ** (-adjustments.shift_edge / 50))
    if adjustments.contrast:
        rest = 1 - adjustments.contrast / 100
        steepness = np.float32(min(1 / rest, _STEEPEST) if rest > 0 else _STEEPEST)
        alpha = ((alpha - 0.5) * steepness + 0.5).clip(0, 1)
    if adjustments.sharpness:
        exponent = np.float32(2 ** (adjustments.sharpness / 50))
        to_end = 0.5 * (2 * np.minimum(alpha, 1 - alpha)) ** exponent
        alpha = np.where(alpha < 0.5, to_end, 1 - to_end)
    black, white = adjustments.black_clip / 100, adjustments.white_clip / 100
    if (black, white) != (0, 1):
        alpha = ((alpha - np.float32(black)) / np.float32(white - black)).clip(0, 1)
    return np.asarray(alpha, np.float32)


def _smoothed(alpha: Alpha, radius_px: float) -> Alpha:
    """Corners of a clear outline rounded; hair, which has none, stays."""
    steepness = np.float32(_FROM_STEP * radius_px)
    rounded = ((_blurred(alpha, radius_px) - 0.5) * steepness + 0.5).clip(0, 1)
    mixed = _blurred(4 * alpha * (1 - alpha), max(radius_px, _AROUND_PX))
    hair = ((mixed - _SOFT) / (_HAIRY - _SOFT)).clip(0, 1)
    return np.asarray(rounded + hair * (alpha - rounded), np.float32)


def _blurred(alpha: Alpha, radius_px: float) -> Alpha:
    """A Gaussian blur; the picture goes on beyond its frame as it ends."""
    return np.asarray(
        cv2.GaussianBlur(alpha, (0, 0), radius_px, borderType=cv2.BORDER_REPLICATE), np.float32
    )
