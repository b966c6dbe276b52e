"""Semantic Image Matting: alpha from a trimap, and from what kind of edge is where (Sun et al. 2021, CVPR).

Upstream: nowsyn/SIM at dc5ed5a, two networks in two files: one tells twenty kinds of edges apart, the other
solves the trimap with that. Parameter names are upstream's, those of the first behind "classifier."; what
only training needs is loaded and not used.

What differs: weights that upstream standardises at every run come standardised already (the family's
`load`); the finest convolutions go over strips of rows, so that nothing of the picture's size has many
channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import pixels, progress
from flyaway.engines.layers import portioned, resnet
from flyaway.engines.layers.pyramid import Pyramid

KINDS = 20
"""Of edges."""

HINTS = 8
"""Channels that tell of the trimap: how near its two known parts are, at three scales each, and both."""

STRIP_ROWS, HALO_ROWS = 128, 2
"""Of the finest convolutions, and what they need to see around a strip."""


class SemanticImageMatting(nn.Module):
    """Both networks; a file has one of them, and by that is told what it is.

    Args:
        solves: whether the matting network is there.
        classifies: whether the classifier is there.
    """

    def __init__(self, *, solves: bool = True, classifies: bool = True) -> None:
        super().__init__()
        if solves:
            self.encoder = Encoder()
            self.decoder = Decoder()
        if classifies:
            self.classifier = Classifier()

    def forward(self, colours: Tensor, normalised: Tensor, hints: Tensor, kinds: Tensor) -> Tensor:
        """Alpha 1x1xHxW, not yet limited to 0..1; the sides are multiples of eight.

        Args:
            colours: 1x3xHxW, 0..1.
            normalised: the same, normalised.
            hints: 1x8xHxW, see `HINTS`.
            kinds: 1x20xHxW, 0..1, how much each kind of edge shows in the unknown pixels.
        """
        half, quarter, deepest = self.encoder(torch.cat((normalised, hints), 1), kinds)
        beside = torch.cat((normalised, colours, hints[:, 6:]), 1)
        return self.decoder(beside, half, quarter, deepest)


class Classifier(nn.Module):
    """ResNet-50 over colours and trimap; it tells the kinds of edges place by place."""

    keeps_norms = True
    """What it finds is stretched to 0..1 and shapes all of the alpha, and its rounding with it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(4, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        self.layer1 = resnet.stage(64, 64, 3)
        self.layer2 = resnet.stage(256, 128, 4, stride=2)
        self.layer3 = resnet.stage(512, 256, 6, stride=2)
        self.layer4 = resnet.stage(1024, 512, 3, stride=2)
        self.fc = nn.Linear(2048, KINDS)

    def forward(self, planes: Tensor) -> Tensor:
        """How much speaks for each kind at each place, Nx20xH/32xW/32, the kinds' own weight (`fc.bias`) left out.

        Args:
            planes: Nx4xHxW, normalised colours and trimap 0..1.
        """
        x = F.max_pool2d(F.relu_(self.bn1(self.conv1(planes))), 3, 2, 1)
        x = self.layer4(self.layer3(self.layer2(self.layer1(x))))
        return F.conv2d(x, self.fc.weight[:, :, None, None])


class Encoder(nn.Module):
    """ResNet-50 with a deep stem, which sees the kinds of edges as well; nothing below 1/8."""

    def __init__(self) -> None:
        super().__init__()
        # their sum is normalised, so neither can take that over: no layers that `folding` would find
        self.conv1 = nn.ParameterDict({"weight": torch.empty(64, 3 + HINTS, 3, 3)})
        self.conv1_side = nn.ParameterDict({"weight": torch.empty(64, KINDS, 7, 7)})
        self.bn1 = nn.BatchNorm2d(64)
        self.conv2 = portioned.Conv2d(64, 64, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(64)
        self.conv3 = portioned.Conv2d(64, 128, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(128)
        self.layer1 = resnet.stage(128, 64, 3)
        self.layer2 = resnet.stage(256, 128, 4, stride=2)
        self.layer3 = resnet.stage(512, 256, 6, dilation=2)
        self.layer4 = resnet.stage(1024, 512, 3, dilation=4, first_dilation=2)

    def forward(self, planes: Tensor, kinds: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Features at 1/2, 1/4 and 1/8."""
        x = F.conv2d(kinds, self.conv1_side["weight"], stride=2, padding=3)
        progress.check()
        x += F.conv2d(planes, self.conv1["weight"], stride=2, padding=1)
        progress.check()
        x = F.relu_(self.bn2(self.conv2(F.relu_(self.bn1(x)))))
        half = F.relu_(self.bn3(self.conv3(x)))
        quarter = self.layer1(F.max_pool2d(half, 3, 2, 1))
        return half, quarter, self.layer4(self.layer3(self.layer2(quarter)))


class Decoder(nn.Module):
    """From 1/8 to full size; `conv_up4_fb` and `conv_up4_attn` are for training alone."""

    def __init__(self) -> None:
        super().__init__()
        self.global_module = Pyramid(2048, (12, 24, 36))
        self.conv_up1 = nn.Sequential(*_normalised(2048 + 256, 256), *_normalised(256, 256))
        self.conv_up2 = nn.Sequential(*_normalised(256 + 256, 256))
        self.conv_up3 = nn.Sequential(*_normalised(256 + 128, 64))
        self.conv_up4_alpha = _finest(64 + HINTS, 1)
        self.conv_up4_fb = _finest(64 + HINTS, 6)
        self.conv_up4_attn = _finest(64, 3)

    def forward(self, beside: Tensor, half: Tensor, quarter: Tensor, deepest: Tensor) -> Tensor:
        """Alpha 1x1xHxW of the features, and of what the last convolutions see of the picture: 1x8xHxW."""
        x = self.conv_up1(torch.cat((deepest, self.global_module(deepest)), 1))
        x = self.conv_up2(torch.cat((_doubled(x), quarter), 1))
        x = self.conv_up3(torch.cat((_doubled(x), half), 1))
        height, width = beside.shape[2:]
        alpha = beside.new_empty((1, 1, height, width))
        for first in range(0, height, STRIP_ROWS):
            last = min(first + STRIP_ROWS, height)
            top, bottom = max(0, first - HALO_ROWS), min(last + HALO_ROWS, height)
            enlarged = pixels.upsampled_rows(x, (height, width), top, bottom)
            strip = self.conv_up4_alpha(torch.cat((enlarged, beside[:, :, top:bottom]), 1))
            alpha[:, :, first:last] = strip[:, :, first - top : last - top]
        return alpha


def _normalised(in_channels: int, out_channels: int) -> tuple[nn.Module, ...]:
    convolution = portioned.Conv2d(in_channels, out_channels, 3, padding=1)
    return convolution, nn.BatchNorm2d(out_channels), nn.LeakyReLU()


def _finest(in_channels: int, out_channels: int) -> nn.Sequential:
    return nn.Sequential(
        portioned.Conv2d(in_channels, 32, 3, padding=1),
        nn.LeakyReLU(),
        portioned.Conv2d(32, 16, 3, padding=1),
        nn.LeakyReLU(),
        nn.Conv2d(16, out_channels, 1, bias=False),
    )


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="bilinear", align_corners=False)
