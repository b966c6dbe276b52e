"""SAM 2.1 at work: how an image is shown, which of its masks counts, and how masks go back to the image."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from flyaway.engines import pixels
from flyaway.engines.pointing import Answer, Embedding, PromptedEngine, Size
from flyaway.engines.sam2.network import SAM2, Block
from flyaway.images import encoding
from flyaway.images.arrays import Image

LIMIT = 32.0
"""Logits that are fed back are cut at this, as upstream does."""

_STEADY, _ABOUT = 0.98, 0.05
"""The mask for several prompts is steady if raising its level a little hardly shrinks it; the level's change."""

_BAND_ROWS = 256


class SAM2Engine(PromptedEngine):
    """A loaded SAM 2.1: sees the whole image as a square, and keeps finer maps of it."""

    network: SAM2
    pads_boxes = True

    def __init__(self, network: SAM2) -> None:
        super().__init__(network, Block)

    def shown(self, image: Image) -> Tensor:
        """Brought to a square in floating point, without regard to its shape."""
        square = _shrunk(image, self.side_px)
        return pixels.normalised(square)

    def embedded(self, planes: Tensor, size: Size) -> Embedding:
        """A map for the decoder and two finer ones."""
        seen, quarter, eighth = self.network(planes)
        return Embedding(size, seen, (quarter, eighth))

    def scale(self, size: Size) -> tuple[float, float]:
        """Each side's own."""
        return self.side_px / size[1], self.side_px / size[0]

    def enlarged(self, logits: Tensor, size: Size, target: Size) -> Tensor:
        """Straight to the target."""
        return F.interpolate(logits, target, mode="bilinear")

    def single(self, answer: Answer) -> Answer:
        """The first mask where it is steady, else that of the others which is thought to fit best."""
        first, others = answer[slice(0, 1)], answer[slice(1, None)]
        sure = (first.logits > _ABOUT).sum((2, 3)).float()
        maybe = (first.logits > -_ABOUT).sum((2, 3)).float()
        is_steady = torch.where(maybe > 0, sure / maybe, 1.0) >= _STEADY
        best = others.fits.argmax(1, keepdim=True)
        shape = (-1, -1, *others.logits.shape[2:])
        fallen_back = others.logits.gather(1, best[..., None, None].expand(shape))
        return Answer(
            torch.where(is_steady[..., None, None], first.logits, fallen_back),
            torch.where(is_steady, first.fits, others.fits.gather(1, best)),
        )

    def fed_back(self, logits: Tensor) -> Tensor:
        """Cut as upstream does."""
        return logits.clamp(-LIMIT, LIMIT)


def _shrunk(image: Image, side_px: int) -> Tensor:
    """An image antialiased to a square, 1x3xsidexside float32 0..1: across first, bands of rows at a time."""
    bands = []
    for top in range(0, len(image), _BAND_ROWS):
        band = image[top : top + _BAND_ROWS]
        planes = torch.from_numpy(encoding.as_float(band).copy()).permute(2, 0, 1)[None]
        bands.append(F.interpolate(planes, (len(band), side_px), mode="bilinear", antialias=True))
    return F.interpolate(torch.cat(bands, 2), (side_px, side_px), mode="bilinear", antialias=True)
