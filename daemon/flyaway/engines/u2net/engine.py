"""U2-Net at work: what upstream shows the network of a picture, and what it makes of the result."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image as Pillow
from torch import Tensor, nn

from flyaway.engines import pixels, progress
from flyaway.engines.automatic import AutomaticEngine
from flyaway.engines.layers.nested_u import Convolution
from flyaway.images.arrays import Image
from flyaway.images.encoding import as_float

SIDE_PX = 320


class U2NetEngine(AutomaticEngine):
    """A loaded U2-Net."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__(network, Convolution)

    def look(self, image: Image) -> Tensor:
        """The network's map of an image, stretched to all of 0..1 and cut to 8 bits, as upstream does."""
        seen = resized(image, SIDE_PX)
        progress.check()
        brightest = float(seen.max())
        planes = torch.from_numpy(seen / brightest if brightest > 0 else seen)
        planes = pixels.normalised(planes.permute(2, 0, 1)[None].float())
        found = self.network(self.sent(planes)).float().cpu()
        return torch.floor(pixels.stretched(found) * 255) / 255

    def enlarged(self, alpha: Tensor, size: tuple[int, int]) -> Tensor:
        """As Pillow does it (bilinear, antialiased)."""
        height, width = size
        picture = Pillow.fromarray(alpha[0, 0].numpy())
        resized_alpha = picture.resize((width, height), Pillow.Resampling.BILINEAR)
        return torch.from_numpy(np.array(resized_alpha))[None, None]


def resized(image: Image, side: int) -> NDArray[np.float64]:
    """What scikit-image 0.14, which upstream pins, makes of an image: sidexsidex3, 0..1.

    Bilinear without antialiasing, and black beyond the picture, which shows where that is enlarged.
    """
    rows, columns = (_neighbours(size, side) for size in image.shape[:2])
    result = np.zeros((side, side, 3))
    for row, down in rows:
        for column, across in columns:
            weight = down[:, None, None] * across[None, :, None]
            inside = np.ix_(np.clip(row, 0, len(image) - 1), np.clip(column, 0, image.shape[1] - 1))
            result += weight * as_float(image[inside])
    return result


def _neighbours(have: int, want: int) -> list[tuple[NDArray[np.int64], NDArray[np.float64]]]:
    """For `want` samples over `have`: the lower and the upper source index, and what each counts."""
    place = (np.arange(want) + 0.5) * have / want - 0.5
    low = np.floor(place).astype(np.int64)
    share = place - low
    sides = ((low, 1 - share), (low + 1, share))
    return [(index, weight * ((index >= 0) & (index < have))) for index, weight in sides]
