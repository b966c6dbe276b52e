"""The unknown band of a trimap as a list of pixels, so that work grows with it and not with the image."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from flyaway.images.arrays import FOREGROUND, UNKNOWN

Pixels = NDArray[np.float32]
"""HxWx3, 0..1, sRGB."""


@dataclass(frozen=True, slots=True)
class Band:
    """The unknown pixels of a trimap in raster order.

    Attributes:
        rows, columns: N int64, where they are.
        number: HxW int64, the place of a pixel in the list, -1 where it is known.
    """

    rows: torch.Tensor
    columns: torch.Tensor
    number: torch.Tensor

    @classmethod
    def of(cls, trimap: NDArray[np.uint8], device: torch.device) -> Band:
        """List the unknown pixels of an HxW trimap."""
        rows, columns = np.nonzero(trimap == UNKNOWN)
        number = np.full(trimap.shape, -1, np.int64)
        number[rows, columns] = np.arange(rows.size)
        return cls(*(torch.from_numpy(each).to(device) for each in (rows, columns, number)))

    def __len__(self) -> int:
        return self.rows.shape[0]


def known_alpha(trimap: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The alpha a trimap fixes: HxW, 1 in the foreground, 0 elsewhere."""
    return (trimap == FOREGROUND).astype(np.float32)


def grown(mask: NDArray[np.bool_], radius_px: int) -> NDArray[np.bool_]:
    """An HxW mask with a square of `radius_px` around each of its pixels."""
    square = np.ones((2 * radius_px + 1, 2 * radius_px + 1), np.uint8)
    return cv2.dilate(mask.view(np.uint8), square).view(np.bool_)
