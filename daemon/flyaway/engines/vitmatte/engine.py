"""ViTMatte at work: what the network is given of a piece of a picture, and which of its patches are decoded."""

from __future__ import annotations

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn import functional as F

from flyaway.engines import pixels, progress
from flyaway.engines.vitmatte.network import PATCH_PX, Block, Decoder, ViTMatte, tiles
from flyaway.engines.windows import Division, TrimapEngine
from flyaway.images.arrays import Alpha, Image, Trimap

MULTIPLE_PX = 32

DIVISION = Division(
    whole_px=2048 * 2048,
    side_px=1024,
    overlap_px=192,
    margin_px=32,
    context_px=14 * PATCH_PX,  # two of three blocks see windows of 14 patches
    grid_px=14 * PATCH_PX,
)
"""Up to `whole_px` a picture is solved at once, as upstream does.

Windows are blended over the 128 pixels that lie in neither's margin, so even where two wholly disagree
the step from one pixel to the next is below 2/255.
"""


class ViTMatteEngine(TrimapEngine):
    """A loaded ViTMatte."""

    title = "ViTMatte"
    network: ViTMatte

    def __init__(self, network: ViTMatte) -> None:
        super().__init__(network, DIVISION, Block, Decoder)

    def solve_piece(self, image: Image, trimap: Trimap, wanted: NDArray[np.bool_]) -> Alpha:
        """Run the network, which decodes only the patches that hold wanted pixels."""
        colours = pixels.normalised(pixels.to_planes(image))
        progress.check()
        hints = torch.from_numpy(trimap.astype(np.float32) / 255)[None, None]
        height, width = padded(*trimap.shape)
        room = (0, width - trimap.shape[1], 0, height - trimap.shape[0])
        planes = self.sent(F.pad(torch.cat((colours, hints), 1), room))
        progress.check()
        alpha = self.network(planes, _in_patches(wanted))
        return pixels.to_alpha(alpha[:, :, : trimap.shape[0], : trimap.shape[1]])

    def steps_of(self, wanted: NDArray[np.bool_]) -> int:
        """The blocks, and the decoder's tiles."""
        return len(self.network.backbone.blocks) + sum(1 for _ in tiles(_in_patches(wanted)))


def padded(height: int, width: int) -> tuple[int, int]:
    """The size upstream pads to: once one side does not fit, both grow."""
    if height % MULTIPLE_PX == width % MULTIPLE_PX == 0:
        return height, width
    return height + MULTIPLE_PX - height % MULTIPLE_PX, width + MULTIPLE_PX - width % MULTIPLE_PX


def _in_patches(wanted: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Which patches of a padded picture hold a wanted pixel."""
    height, width = padded(*wanted.shape)
    room = ((0, height - wanted.shape[0]), (0, width - wanted.shape[1]))
    cells = np.pad(wanted, room).reshape(height // PATCH_PX, PATCH_PX, width // PATCH_PX, PATCH_PX)
    return np.asarray(cells.any(axis=(1, 3)))
