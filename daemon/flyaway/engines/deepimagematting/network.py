"""Deep Image Matting: alpha from an image and its trimap (Xu et al. 2017, CVPR).

The paper's authors published no weights; these are those of huochaitiantang/pytorch-deep-image-matting at
f5f909d, an encoder after VGG-16 and a decoder that puts values back where the maxima were. Its weights from
version 1.5 on were trained with the encoder's features added in the decoder, older ones without.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines.layers import portioned

ENCODER = ((4, 64, 64), (64, 128, 128), (128, 256, 256, 256), (256, 512, 512, 512), (512,) * 4)
"""Channels before and after each convolution, stage by stage."""

DECODER = ((512, 512), (512, 256), (256, 128), (128, 64), (64, 64))
"""Channels into and out of each stage, the deepest first."""


class DeepImageMatting(nn.Module):
    """The network.

    Args:
        has_skips: whether the decoder adds the encoder's features.
        refines: whether there is a second head, which sharpens the first one's alpha.
    """

    def __init__(self, *, has_skips: bool, refines: bool) -> None:
        super().__init__()
        self.has_skips, self.refines = has_skips, refines
        for stage, channels in enumerate(ENCODER, 1):
            for number, (before, after) in enumerate(pairwise(channels), 1):
                self.add_module(f"conv{stage}_{number}", _convolution(before, after, 3))
        self.conv6_1 = _convolution(512, 512, 3)
        self.deconv6_1 = _convolution(512, 512, 1)
        for stage, (before, after) in zip(range(5, 0, -1), DECODER, strict=True):
            self.add_module(f"deconv{stage}_1", _convolution(before, after, 5))
        self.deconv1 = _convolution(64, 1, 5)
        if refines:
            self.refine_conv1 = _convolution(4, 64, 3)
            self.refine_conv2 = _convolution(64, 64, 3)
            self.refine_conv3 = _convolution(64, 64, 3)
            self.refine_pred = _convolution(64, 1, 3)

    def forward(self, planes: Tensor) -> Tensor:
        """Alpha Nx1xHxW.

        Args:
            planes: Nx4xHxW, normalised colours and trimap 0..1, sides multiples of 32.
        """
        x, places, skips = planes, [], []
        for stage, channels in enumerate(ENCODER, 1):
            for number in range(1, len(channels)):
                x = self._relu(f"conv{stage}_{number}", x)
            if self.has_skips:
                skips.append(x)
            x, maxima = F.max_pool2d(x, 2, 2, return_indices=True)
            places.append(maxima)
        x = self._relu("deconv6_1", self._relu("conv6_1", x))
        for stage in range(5, 0, -1):
            x = F.max_unpool2d(x, places.pop(), [2, 2], [2, 2])
            if self.has_skips:
                x = x + skips.pop()
            x = self._relu(f"deconv{stage}_1", x)
        raw = self.deconv1(x)
        return torch.sigmoid(self._refined(planes, raw) if self.refines else raw)

    def _refined(self, planes: Tensor, raw: Tensor) -> Tensor:
        x = torch.cat((planes[:, :3], torch.sigmoid(raw)), 1)
        for number in (1, 2, 3):
            x = self._relu(f"refine_conv{number}", x)
        return raw + self.refine_pred(x)

    def _relu(self, name: str, x: Tensor) -> Tensor:
        return F.relu(self.get_submodule(name)(x), inplace=True)


def _convolution(before: int, after: int, size: int) -> nn.Conv2d:
    return portioned.Conv2d(before, after, size, padding=size // 2)
