"""PP-Matting: alpha without a trimap, semantics and detail fused (Chen et al. 2022, arXiv 2204.09433).

Upstream: PaddlePaddle/PaddleSeg at d7975e7, folder Matting, Apache-2.0. Parameter names are upstream's, but
for the statistics of normalisations. What differs: the detail branch goes over strips of rows, so that
nothing of the picture's size has eighty channels.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import pixels, progress
from flyaway.engines.layers import portioned
from flyaway.engines.layers.context import GRIDS, Enlarged
from flyaway.engines.ppmatting.hrnet import HRNet, Widths
from flyaway.engines.ppmatting.layers import Convolution, sized

W18: Widths = (18, 36, 72, 144)
W48: Widths = (48, 96, 192, 384)

STRIP_ROWS, HALO_ROWS = 128, 6
"""Of the detail branch, and what its six convolutions need to see around a strip."""

GUIDES = (0, 2, 4)
"""Stages of the semantic branch that guide the detail branch."""


class PPMatting(nn.Module):
    """The network; pictures Nx3xHxW are -1..1, their sides multiples of 32."""

    def __init__(self, widths: Widths) -> None:
        super().__init__()
        self.backbone = HRNet(widths)
        self.scb = Semantics(widths[-1])
        self.hrdb = Detail(64 + widths[0])

    def forward(self, planes: Tensor) -> Tensor:
        """Alpha 1x1xHxW of one picture."""
        semantics, detail = self.both(planes)
        kind = semantics.softmax(1).argmax(1, keepdim=True)
        return detail.sigmoid() * (kind == 1) + (kind == 0)

    def both(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        """What speaks for foreground, edge and background, and for more alpha of the edge."""
        features = self.backbone(planes)
        semantics = self.scb(features[-1])
        guides = [semantics[stage] for stage in GUIDES]
        size = planes.shape[2], planes.shape[3]
        return semantics[-1], self.hrdb(features[:2], guides, size)


class Grids(nn.Module):
    """Adds to each pixel the averages of coarse grids around it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.stages = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(grid), Convolution(channels, channels, 1, bias=True))
            for grid in GRIDS
        )
        self.conv_bn_relu2 = Convolution(channels * (len(GRIDS) + 1), 512, 3, bias=True)

    def forward(self, x: Tensor) -> Tensor:
        averages = [sized(stage(x), x.shape[2:]) for stage in self.stages]
        return self.conv_bn_relu2(torch.cat((x, *reversed(averages)), 1))


class Semantics(nn.Module):
    """What is what, stage by stage up to the picture's size."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.psp_module = Grids(channels)
        widths = (
            (512 + channels, 512, 256),
            (512, 256, 128),
            (256, 128, 64),
            (128, 128, 64),
            (128, 64, 64),
        )
        self.psps = nn.ModuleList(
            nn.Sequential(Convolution(512, after, 3, bias=True), Enlarged(2 ** (stage + 1)))
            for stage, (*_, after) in enumerate(widths[:4])
        )
        self.scb_stages = nn.ModuleList(
            nn.Sequential(
                Convolution(before, within, 3, bias=True),
                Convolution(within, within, 3, dilation=1 if stage else 2, bias=True),
                Convolution(within, after, 3, dilation=1 if stage else 2, bias=True),
                Enlarged(2),
            )
            for stage, (before, within, after) in enumerate(widths)
        )
        self.scb_stages.append(
            nn.Sequential(
                Convolution(64, 64, 3, bias=True),
                Convolution(64, 64, 3, bias=True),
                portioned.Conv2d(64, 3, 3, padding=1),
            )
        )

    def forward(self, x: Tensor) -> list[Tensor]:
        """Features of each stage; the last are the maps."""
        context = self.psp_module(x)
        beside = [context, *(psp(context) for psp in self.psps)]
        found = []
        for number, stage in enumerate(self.scb_stages):
            if number < len(beside):
                x = torch.cat((beside[number], x), 1)
            progress.check()
            x = stage(x)
            found.append(x)
        return found


class Detail(nn.Module):
    """What the edge looks like, guided by the semantics."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.gf_list = nn.ModuleList(nn.Conv2d(width, 1, 1) for width in (256, 64, 64))
        self.res_list = nn.ModuleList((Residual(channels, 64), Residual(32), Residual(16)))
        widths = ((64, 32), (32, 16), (16, 8))
        self.convs = nn.ModuleList(nn.Conv2d(before, after, 1) for before, after in widths)
        self.gates = nn.ModuleList(Gate(after) for _, after in widths)
        self.detail_conv = nn.Conv2d(8, 1, 1, bias=False)

    def forward(
        self, features: list[Tensor], guides: list[Tensor], size: tuple[int, int]
    ) -> Tensor:
        """1x1xHxW of the finest features, brought to height and width of the picture."""
        narrow = [to_one(guide) for to_one, guide in zip(self.gf_list, guides, strict=True)]
        height, width = size
        detail = features[0].new_empty((1, 1, height, width))
        for first in range(0, height, STRIP_ROWS):
            last = min(first + STRIP_ROWS, height)
            top, bottom = max(0, first - HALO_ROWS), min(last + HALO_ROWS, height)
            finest = [pixels.upsampled_rows(x, size, top, bottom) for x in features]
            progress.check()
            flows = [pixels.upsampled_rows(x, size, top, bottom) for x in narrow]
            strip = self._strip(torch.cat(finest, 1), flows)
            detail[:, :, first:last] = strip[:, :, first - top : last - top]
        return detail

    def _strip(self, x: Tensor, flows: list[Tensor]) -> Tensor:
        for block, convolution, gate, flow in zip(
            self.res_list, self.convs, self.gates, flows, strict=True
        ):
            x = gate(convolution(block(x)), flow)
        return self.detail_conv(x)


class Residual(nn.Module):
    """Convolve twice; added to its input, which is brought to the same width."""

    def __init__(self, before: int, after: int | None = None) -> None:
        super().__init__()
        width = after or before
        self.conv0 = Convolution(before, width, 3)
        self.conv1 = Convolution(width, width, 3, plain=True)
        if after:
            self.short = Convolution(before, width, 1, plain=True)

    def forward(self, x: Tensor) -> Tensor:
        short = self.short(x) if hasattr(self, "short") else x
        return F.relu_(short + self.conv1(self.conv0(x)))


class Gate(nn.Module):
    """Lets through more of the features where they and the guide agree on it."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self._gate_conv = nn.Sequential(
            nn.BatchNorm2d(channels + 1),
            nn.Conv2d(channels + 1, channels + 1, 1),
            nn.ReLU(inplace=True),
            nn.Conv2d(channels + 1, 1, 1),
            nn.BatchNorm2d(1),
            nn.Sigmoid(),
        )
        self.conv = nn.Conv2d(channels, channels, 1, bias=False)

    def forward(self, x: Tensor, guide: Tensor) -> Tensor:
        return self.conv(x * (self._gate_conv(torch.cat((x, guide), 1)) + 1))
