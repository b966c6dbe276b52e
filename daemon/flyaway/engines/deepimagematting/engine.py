"""Deep Image Matting at work: what the network is given of a piece of a picture."""

from __future__ import annotations

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from flyaway.engines import pixels, progress
from flyaway.engines.deepimagematting.network import DeepImageMatting
from flyaway.engines.windows import Division, TrimapEngine
from flyaway.images.arrays import Alpha, Image, Trimap

MULTIPLE_PX = 32

MOST_PX = 1600
"""Upstream shrinks longer sides to that."""

DIVISION = Division(
    whole_px=1024 * 1024,
    side_px=1024,
    overlap_px=256,
    margin_px=64,
    context_px=192,
    grid_px=MULTIPLE_PX,
)
"""Beyond that upstream shrinks the picture, and hair with it; here it is solved in windows at its own size."""


class DeepImageMattingEngine(TrimapEngine):
    """A loaded network."""

    title = "Deep Image Matting"
    network: DeepImageMatting

    def __init__(self, network: nn.Module) -> None:
        super().__init__(network, DIVISION, nn.Conv2d)

    def solve_piece(self, image: Image, trimap: Trimap, wanted: NDArray[np.bool_]) -> Alpha:
        """Run the network on the piece, shrunk to sides that it can halve five times; see `TrimapEngine`."""
        height, width = trimap.shape
        size = _fitting(width), _fitting(height)
        colours = pixels.normalised(pixels.to_planes(_resized(image, size)))
        hints = torch.from_numpy(_resized(trimap, size).astype(np.float32) / 255)[None, None]
        progress.check()
        alpha = pixels.to_alpha(self.network(self.sent(torch.cat((colours, hints), 1))))
        return np.asarray(_resized(alpha, (width, height)), np.float32)

    def steps_of(self, wanted: NDArray[np.bool_]) -> int:
        """The convolutions."""
        return self.steps


def _fitting(side: int) -> int:
    """The length that the network sees of a side."""
    return max(MULTIPLE_PX, min(MOST_PX, side - side % MULTIPLE_PX))


def _resized(pixels: NDArray, size: tuple[int, int]) -> NDArray:  # type: ignore[type-arg]
    """Bilinear, without antialiasing, as upstream."""
    if pixels.shape[1::-1] == size:
        return pixels
    return cv2.resize(np.ascontiguousarray(pixels), size, interpolation=cv2.INTER_LINEAR)
