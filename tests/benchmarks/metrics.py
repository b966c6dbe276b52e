"""The four errors of alphamatting.com, after Rhemann et al. (2009), and intersection over union."""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

Alpha = NDArray[np.float32]
Mask = NDArray[np.bool_]

_GRADIENT_SIGMA = 1.4
_GRADIENT_TAIL = 1e-2
_LEVEL_STEP = 0.1
_LEAST_GAP = 0.15


@dataclass(frozen=True, slots=True)
class Errors:
    """Errors of an alpha in the unknown region; the last three in thousands."""

    mse: float
    sad: float
    grad: float
    conn: float


def errors(alpha: Alpha, truth: Alpha, unknown: Mask) -> Errors:
    """Hold an alpha against the truth, HxW each, where `unknown` is True."""
    return Errors(
        mse(alpha, truth, unknown),
        sad(alpha, truth, unknown) / 1000,
        gradient(alpha, truth, unknown) / 1000,
        connectivity(alpha, truth, unknown) / 1000,
    )


def mse(alpha: Alpha, truth: Alpha, unknown: Mask) -> float:
    """Mean squared error."""
    return float(np.mean((alpha[unknown] - truth[unknown]).astype(np.float64) ** 2))


def sad(alpha: Alpha, truth: Alpha, unknown: Mask) -> float:
    """Sum of absolute differences."""
    return float(np.abs(alpha[unknown] - truth[unknown]).sum(dtype=np.float64))


def gradient(alpha: Alpha, truth: Alpha, unknown: Mask) -> float:
    """Sum of squared differences of gradient magnitude, first-order Gaussian derivatives."""
    difference = _gradient_magnitude(alpha) - _gradient_magnitude(truth)
    return float((difference[unknown] ** 2).sum())


def connectivity(alpha: Alpha, truth: Alpha, unknown: Mask) -> float:
    """Sum of differences in how firmly pixels hang on to the region that is solid in both."""
    level = _connected_level(alpha, truth)
    difference = np.abs(_firmness(alpha, level) - _firmness(truth, level))
    return float(difference[unknown].sum())


def overlap(found: Mask, reference: Mask) -> float:
    """Intersection over union of two masks; 1 where both are empty."""
    union = np.count_nonzero(found | reference)
    return float(np.count_nonzero(found & reference) / union) if union else 1.0


def _gradient_magnitude(alpha: Alpha) -> NDArray[np.float64]:
    smooth, slope = _gaussian_and_slope()
    wide = alpha.astype(np.float64)
    border = cv2.BORDER_REPLICATE
    across = cv2.sepFilter2D(wide, cv2.CV_64F, slope, smooth, borderType=border)
    down = cv2.sepFilter2D(wide, cv2.CV_64F, smooth, slope, borderType=border)
    return np.hypot(across, down)


def _gaussian_and_slope() -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """A Gaussian and its derivative, scaled so that the 2-D derivative filter has unit energy."""
    scale = math.sqrt(2 * math.pi) * _GRADIENT_SIGMA
    half = math.ceil(_GRADIENT_SIGMA * math.sqrt(-2 * math.log(scale * _GRADIENT_TAIL)))
    place = np.arange(-half, half + 1, dtype=np.float64)
    smooth = np.exp(-(place**2) / (2 * _GRADIENT_SIGMA**2)) / scale
    slope = -place * smooth / _GRADIENT_SIGMA**2
    return smooth / np.linalg.norm(smooth), slope / np.linalg.norm(slope)


def _connected_level(alpha: Alpha, truth: Alpha) -> Alpha:
    """The highest level at which a pixel belongs to the largest region that both reach."""
    level = np.full(alpha.shape, -1.0, np.float32)
    steps = np.arange(_LEVEL_STEP, 1 + _LEVEL_STEP / 2, _LEVEL_STEP)
    for step in steps:
        largest = _largest_region((alpha >= step - 1e-6) & (truth >= step - 1e-6))
        level[(level == -1) & ~largest] = step - _LEVEL_STEP
    level[level == -1] = 1.0
    return level


def _largest_region(mask: Mask) -> Mask:
    _, labels, about, _ = cv2.connectedComponentsWithStats(mask.astype(np.uint8), connectivity=4)
    areas = about[1:, cv2.CC_STAT_AREA]
    return labels == 1 + int(areas.argmax()) if areas.size else np.zeros_like(mask)


def _firmness(alpha: Alpha, level: Alpha) -> Alpha:
    gap = alpha - level
    return 1.0 - gap * (gap >= _LEAST_GAP)
