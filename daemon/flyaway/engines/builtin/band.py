"""The unknown band of a trimap as a list of pixels, so that work grows with it and not with the image."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

UNKNOWN = 128
FOREGROUND = 255

Pixels = NDArray[np.float32]
"""HxWx3, 0..1, sRGB."""


@dataclass(frozen=True, slots=True)
class Band:
    """The unknown pixels of a trimap in raster order.

    Attributes:
        rows, columns: N int32, where they are.
        number: HxW int32, the place of a pixel in the list, -1 where it is known.
    """

    rows: NDArray[np.int32]
    columns: NDArray[np.int32]
    number: NDArray[np.int32]

    @classmethod
    def of(cls, trimap: NDArray[np.uint8]) -> Band:
        """List the unknown pixels of an HxW trimap."""
        rows, columns = (axis.astype(np.int32) for axis in np.nonzero(trimap == UNKNOWN))
        number = np.full(trimap.shape, -1, np.int32)
        number[rows, columns] = np.arange(rows.size, dtype=np.int32)
        return cls(rows, columns, number)

    def __len__(self) -> int:
        return self.rows.size


def known_alpha(trimap: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The alpha a trimap fixes: HxW, 1 in the foreground, 0 elsewhere."""
    return (trimap == FOREGROUND).astype(np.float32)


def grown(mask: NDArray[np.bool_], radius_px: int) -> NDArray[np.bool_]:
    """An HxW mask with a square of `radius_px` around each of its pixels."""
    square = np.ones((2 * radius_px + 1, 2 * radius_px + 1), np.uint8)
    return cv2.dilate(mask.view(np.uint8), square).view(np.bool_)
