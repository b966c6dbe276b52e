"""MODNet: portraits without a trimap, fast (Ke et al. 2022, AAAI).

Upstream: ZHKKKe/MODNet at 28165a4, code and weights Apache-2.0. Parameter names are upstream's, the
backbone under both of its names. What differs: the branches that only training needs are asked for by
name (`forward(..., training_outputs=True)`) and not by a mode.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines.layers import folding, mobilenetv2, portioned
from flyaway.engines.layers.channel_weights import ChannelWeights


class MODNet(nn.Module):
    """Semantics at low resolution, detail at high resolution, and their fusion into alpha."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = Backbone()
        self.lr_branch = SemanticBranch(self.backbone)
        self.hr_branch = DetailBranch(32)
        self.f_branch = FusionBranch(32)

    def forward(self, image: Tensor, training_outputs: bool = False) -> Tensor | tuple[Tensor, ...]:
        """Alpha Nx1xHxW of an image Nx3xHxW in -1..1, sides multiples of 32.

        With `training_outputs`: semantic (1/16), detail and alpha, each 0..1.
        """
        image = image.contiguous(memory_format=torch.channels_last)  # a fifth faster on CPUs
        lr8x, half, quarter = self.lr_branch(image)
        hr2x = self.hr_branch(image, half, quarter, lr8x)
        alpha = self.f_branch(image, lr8x, hr2x)
        if not training_outputs:
            return alpha
        semantic = self.lr_branch.conv_lr(lr8x).sigmoid()
        detail = self.hr_branch.conv_hr(torch.cat((_doubled(hr2x), image), 1)).sigmoid()
        return semantic, detail, alpha


class Backbone(nn.Module):
    """MobileNetV2 that gives its features at 1/2, 1/4 and 1/32."""

    def __init__(self) -> None:
        super().__init__()
        features = mobilenetv2.features(3, nested=False, last_channels=1280)
        self.model = nn.ModuleDict({"features": features})

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        features = cast(nn.Sequential, self.model["features"])
        half = features[:2](image)
        quarter = features[2:4](half)
        return half, quarter, features[4:](quarter)


class HalfNorm(nn.Module):
    """Batch normalisation for one half of the channels, instance normalisation for the other."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.bnorm = nn.BatchNorm2d(channels // 2)

    def forward(self, x: Tensor) -> Tensor:
        """Normalise `x` in place: one scale and shift a channel, a tenth of the time of both layers."""
        by_instance = x[:, self.bnorm.num_features :]
        mean = by_instance.mean((2, 3), dtype=torch.float32)
        variance = (by_instance - mean[:, :, None, None]).square_().mean((2, 3))
        scale = torch.rsqrt(variance + self.bnorm.eps)
        batch_scale, batch_shift = folding.scale_and_shift(self.bnorm)
        scales = torch.cat((batch_scale.expand(len(x), -1), scale), 1)
        shifts = torch.cat((batch_shift.expand(len(x), -1), -mean * scale), 1)
        x *= scales[:, :, None, None].to(x.dtype)
        x += shifts[:, :, None, None].to(x.dtype)
        return x


class Convolution(nn.Module):
    """Convolution, normalisation and ReLU; `bare` is the convolution alone."""

    def __init__(
        self, in_channels: int, out_channels: int, size: int, stride: int = 1, *, bare: bool = False
    ) -> None:
        super().__init__()
        rest = [] if bare else [HalfNorm(out_channels), nn.ReLU(inplace=True)]
        convolution = portioned.Conv2d(in_channels, out_channels, size, stride, size // 2)
        self.layers = nn.Sequential(convolution, *rest)

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x)


class SemanticBranch(nn.Module):
    """Where the person is, at low resolution."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        self.backbone = backbone
        self.se_block = ChannelWeights(1280, reduction=4)
        self.conv_lr16x = Convolution(1280, 96, 5)
        self.conv_lr8x = Convolution(96, 32, 5)
        self.conv_lr = Convolution(32, 1, 3, stride=2, bare=True)

    def forward(self, image: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        half, quarter, deepest = self.backbone(image)
        lr16x = self.conv_lr16x(_doubled(self.se_block(deepest)))
        return self.conv_lr8x(_doubled(lr16x)), half, quarter


class DetailBranch(nn.Module):
    """What the edge looks like, at half resolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.tohr_enc2x = Convolution(16, channels, 1)
        self.conv_enc2x = Convolution(channels + 3, channels, 3, stride=2)
        self.tohr_enc4x = Convolution(24, channels, 1)
        self.conv_enc4x = Convolution(2 * channels, 2 * channels, 3)
        self.conv_hr4x = nn.Sequential(
            Convolution(3 * channels + 3, 2 * channels, 3),
            Convolution(2 * channels, 2 * channels, 3),
            Convolution(2 * channels, channels, 3),
        )
        self.conv_hr2x = nn.Sequential(
            Convolution(2 * channels, 2 * channels, 3),
            Convolution(2 * channels, channels, 3),
            Convolution(channels, channels, 3),
            Convolution(channels, channels, 3),
        )
        self.conv_hr = nn.Sequential(
            Convolution(channels + 3, channels, 3), Convolution(channels, 1, 1, bare=True)
        )

    def forward(self, image: Tensor, half: Tensor, quarter: Tensor, lr8x: Tensor) -> Tensor:
        half = self.tohr_enc2x(half)
        hr4x = self.conv_enc2x(torch.cat((_scaled(image, 1 / 2), half), 1))
        hr4x = self.conv_enc4x(torch.cat((hr4x, self.tohr_enc4x(quarter)), 1))
        hr4x = self.conv_hr4x(torch.cat((hr4x, _doubled(lr8x), _scaled(image, 1 / 4)), 1))
        return self.conv_hr2x(torch.cat((_doubled(hr4x), half), 1))


class FusionBranch(nn.Module):
    """Alpha at full resolution from both."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv_lr4x = Convolution(32, channels, 5)
        self.conv_f2x = Convolution(2 * channels, channels, 3)
        self.conv_f = nn.Sequential(
            Convolution(channels + 3, channels // 2, 3), Convolution(channels // 2, 1, 1, bare=True)
        )

    def forward(self, image: Tensor, lr8x: Tensor, hr2x: Tensor) -> Tensor:
        lr4x = self.conv_lr4x(_doubled(lr8x))
        fused = self.conv_f2x(torch.cat((_doubled(lr4x), hr2x), 1))
        return self.conv_f(torch.cat((_doubled(fused), image), 1)).sigmoid()


def _scaled(x: Tensor, factor: float) -> Tensor:
    return F.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


def _doubled(x: Tensor) -> Tensor:
    return _scaled(x, 2)
