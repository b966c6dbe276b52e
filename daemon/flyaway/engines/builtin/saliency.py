"""What a photographer points at: sharp, unlike what is around it, and near the middle."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway.engines.builtin.pyramid import Box

_AROUND_COLOURS = 8
_RARE_SHARE = 0.045
"""A colour of less of the surroundings than this may be the subject reaching into them."""

_RIM_SHARE = 0.03
"""Rim of the box around a region that still counts as surroundings, as a part of its longer side."""

_STANDS_FROM = 0.7
"""How far down its box a subject may touch the sides of it, and its lower edge."""

Mask = NDArray[np.bool_]
Scores = NDArray[np.float32]


class Saliency:
    """The cues of the subject of one picture."""

    def __init__(self, picture: NDArray[np.uint8]) -> None:
        """Look at a picture, HxWx3 sRGB, some 200 pixels a side."""
        lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32)
        shape = lab.shape[:2]
        unlike = _unlike(lab, ~inner(Box(0, shape[0], 0, shape[1]), shape))
        self._sharp = _scaled(_sharpness(np.ascontiguousarray(lab[..., 0])))
        self._unlike = _scaled(np.asarray(cv2.GaussianBlur(unlike, (0, 0), 1.0)))
        self._place = _place(shape)

    def score(self, sharp_weight: float) -> Scores:
        """HxW, high where the subject may be, with sharpness against colour so much."""
        cues = (sharp_weight * self._sharp + self._unlike) / (sharp_weight + 1.0)
        return cues * (0.35 + 0.65 * self._place) * np.sqrt(self._place)


def _scaled(cue: Scores) -> Scores:
    return np.minimum(cue / (np.percentile(cue, 95) + 1e-6), 1.2).astype(np.float32)


def _sharpness(light: Scores) -> Scores:
    detail = np.abs(light - cv2.GaussianBlur(light, (0, 0), 1.5))
    return cv2.GaussianBlur(detail, (0, 0), 0.03 * light.shape[1] + 0.1)


def inner(box: Box, shape: tuple[int, ...]) -> Mask:
    """The box without its rim, but for the lower part: people and animals often stand on the lower edge."""
    rim = max(2, round(_RIM_SHARE * max(box.shape)))
    within = np.zeros(shape, bool)
    within[box.top + rim : box.bottom, box.left + rim : max(box.right - rim, 0)] = True
    lower = box.top + max(rim, int(_STANDS_FROM * box.shape[0]))
    within[lower : box.bottom, box.left : box.right] = True
    return within


def _unlike(lab: Scores, around: Mask) -> Scores:
    """Distance to the nearest of the colours of the surroundings."""
    colours = lab[around]
    count = min(_AROUND_COLOURS, len(colours))
    cv2.setRNGSeed(0)
    until = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 1.0)
    start = np.zeros((len(colours), 1), np.int32)
    _, labels, centres = cv2.kmeans(colours, count, start, until, 2, cv2.KMEANS_PP_CENTERS)
    rare = np.bincount(labels.ravel(), minlength=count) < _RARE_SHARE * len(colours)
    away = np.sqrt(((lab[:, :, None] - centres) ** 2).sum(axis=-1))
    return (away + 30.0 * rare).min(axis=-1).astype(np.float32)


def _place(shape: tuple[int, int]) -> Scores:
    y, x = np.mgrid[: shape[0], : shape[1]].astype(np.float32)
    down, along = y / shape[0], x / shape[1]
    return np.exp(-0.5 * (((along - 0.5) / 0.28) ** 2 + ((down - 0.55) / 0.32) ** 2))
