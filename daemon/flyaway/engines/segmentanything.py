"""What the kin of Segment Anything's first version share: how an image is shown, and how masks go back to it.

MobileSAM and RepViT-SAM differ in their encoders alone.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import pixels
from flyaway.engines.layers.mask_decoder import MaskDecoder
from flyaway.engines.layers.prompt_encoder import PromptEncoder
from flyaway.engines.pointing import Embedding, PromptedEngine, Size
from flyaway.images import encoding
from flyaway.images.arrays import Image

_MEAN, _DEVIATION = (123.675, 116.28, 103.53), (58.395, 57.12, 57.375)
"""Of ImageNet, in levels."""


class SegmentAnything(nn.Module):
    """An encoder, and what answers prompts, under the authors' names."""

    def __init__(self, encoder: nn.Module) -> None:
        super().__init__()
        self.image_encoder = encoder
        self.prompt_encoder = PromptEncoder()
        self.mask_decoder = MaskDecoder()

    def forward(self, planes: Tensor) -> Tensor:
        """An image's map, Nx256xH/16xW/16 of Nx3xHxW."""
        result: Tensor = self.image_encoder(planes)
        return result

    @property
    def prompts(self) -> PromptEncoder:
        """Makes tokens of points."""
        return self.prompt_encoder

    @property
    def decoder(self) -> MaskDecoder:
        """Makes masks of tokens."""
        return self.mask_decoder


class SegmentAnythingEngine(PromptedEngine):
    """A loaded network that sees an image with its longer side at the square's, the rest of it empty."""

    network: SegmentAnything

    def shown(self, image: Image) -> Tensor:
        """Brought to size in 8 bits, as upstream does."""
        height, width = self._fitted((image.shape[0], image.shape[1]))
        levels = pixels.resized_antialiased(_in_8_bits(image), width, height)
        planes = torch.from_numpy(levels.astype(np.float32)).permute(2, 0, 1)[None]
        planes = pixels.normalised(planes, _MEAN, _DEVIATION)
        return F.pad(planes, (0, self.side_px - width, 0, self.side_px - height))

    def embedded(self, planes: Tensor, size: Size) -> Embedding:
        """One map."""
        planes = planes.contiguous(memory_format=torch.channels_last)
        return Embedding(size, self.network(planes))

    def scale(self, size: Size) -> tuple[float, float]:
        """Each side's own, as they are rounded."""
        height, width = self._fitted(size)
        return width / size[1], height / size[0]

    def enlarged(self, logits: Tensor, size: Size, target: Size) -> Tensor:
        """To the square, without what was empty of it, then to the target."""
        height, width = self._fitted(size)
        square = F.interpolate(logits, (self.side_px, self.side_px), mode="bilinear")
        return F.interpolate(square[..., :height, :width], target, mode="bilinear")

    def _fitted(self, size: Size) -> Size:
        scale = self.side_px / max(size)
        height, width = (max(1, int(side * scale + 0.5)) for side in size)
        return height, width


def _in_8_bits(image: Image) -> Image:
    """An image in the depth that the networks are shown, a band of rows at a time."""
    if image.dtype == np.uint8:
        return image
    levels = np.empty(image.shape, np.uint8)
    for top in range(0, len(image), 64):
        band = encoding.as_float(image[top : top + 64])
        levels[top : top + 64] = np.rint(band.clip(0, 1) * 255)
    return levels
