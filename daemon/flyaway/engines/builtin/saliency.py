"""What a photographer points at: sharp, unlike the edge of the frame, and near its lower middle."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_EDGE_COLOURS = 6
_RARE_SHARE = 0.06
"""A colour of less of the edge than this may be the subject reaching over it."""

Scores = NDArray[np.float32]


class Saliency:
    """The cues of one picture."""

    def __init__(self, picture: NDArray[np.uint8]) -> None:
        """Look at a picture.

        Args:
            picture: HxWx3 sRGB, some 200 pixels a side.
        """
        lab = cv2.cvtColor(picture, cv2.COLOR_RGB2LAB).astype(np.float32)
        self._sharp = _scaled(_sharpness(np.ascontiguousarray(lab[..., 0])))
        self._unlike = _scaled(
            np.asarray(cv2.GaussianBlur(_unlike_edge(lab), (0, 0), 1.0), np.float32)
        )
        self._place = _place(picture.shape[0], picture.shape[1])

    def score(self, sharp_weight: float) -> Scores:
        """HxW, high where the subject may be, with sharpness against colour so much."""
        cues = (sharp_weight * self._sharp + self._unlike) / (sharp_weight + 1.0)
        return cues * (0.35 + 0.65 * self._place) * np.sqrt(self._place)


def _scaled(cue: Scores) -> Scores:
    return np.minimum(cue / (np.percentile(cue, 95) + 1e-6), 1.2)


def _sharpness(light: Scores) -> Scores:
    detail = np.abs(light - cv2.GaussianBlur(light, (0, 0), 1.5))
    return cv2.GaussianBlur(detail, (0, 0), 0.03 * light.shape[1] + 0.1)


def _unlike_edge(lab: Scores) -> Scores:
    """Distance to the nearest of the colours along the edge, but for its lower part.

    People and animals often stand on the lower edge, seldom touch the others.
    """
    height, width = lab.shape[:2]
    wide = max(2, round(0.03 * max(height, width)))
    edge = np.zeros((height, width), bool)
    edge[:wide] = True
    edge[: int(0.7 * height), :wide] = True
    edge[: int(0.7 * height), -wide:] = True
    colours = lab[edge]
    count = min(_EDGE_COLOURS, len(colours))
    cv2.setRNGSeed(0)
    until = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 12, 1.0)
    start = np.zeros((len(colours), 1), np.int32)
    _, labels, centres = cv2.kmeans(colours, count, start, until, 2, cv2.KMEANS_PP_CENTERS)
    rare = np.bincount(labels.ravel(), minlength=count) < _RARE_SHARE * len(colours)
    away = np.sqrt(((lab[:, :, None] - centres) ** 2).sum(axis=-1))
    return (away + 30.0 * rare).min(axis=-1).astype(np.float32)


def _place(height: int, width: int) -> Scores:
    y, x = np.mgrid[:height, :width].astype(np.float32)
    return np.exp(-0.5 * (((x / width - 0.5) / 0.28) ** 2 + ((y / height - 0.62) / 0.32) ** 2))
