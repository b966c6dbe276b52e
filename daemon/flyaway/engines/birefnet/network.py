"""BiRefNet: any subject without a trimap (Zheng et al. 2024, CAAI AIR).

Upstream: ZhengPeng7/BiRefNet at 25cb930, code and weights MIT. Parameter names are upstream's; those that
only training needs are loaded and not used.

What differs, all equal up to rounding: deformable convolutions in plain torch; the branches of a pyramid
are added up portion by portion and never lie side by side; the last 1x1 convolution comes before the
enlargement, not after it; the finest look at the picture goes over strips of rows.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import progress
from flyaway.engines.layers import folding, portioned, swin
from flyaway.engines.layers.deformable import DeformableConvolution

STRIP_ROWS = 64

Backbone = tuple[int, tuple[int, ...], int]
"""Channels, blocks a stage, window of a Swin Transformer."""

LITE: Backbone = (96, (2, 2, 6, 2), 7)
LARGE: Backbone = (192, (2, 2, 18, 2), 12)


class BiRefNet(nn.Module):
    """Swin features at two scales, and a decoder that looks at the picture again at each size."""

    def __init__(self, backbone: Backbone) -> None:
        super().__init__()
        width = backbone[0]
        channels = [2 * width * 2**stage for stage in (3, 2, 1, 0)]
        self.bb = swin.Swin(*backbone)
        self.squeeze_module = nn.Sequential(DecoderBlock(sum(channels), channels[0]))
        self.decoder = Decoder(channels)

    def forward(self, image: Tensor) -> Tensor:
        """Logits 1x1xHxW of an image 1x3xHxW, ImageNet-normalised, sides multiples of 32."""
        features = self._features(image)
        deepest = features[-1].shape[2:]
        context = torch.cat([resized(feature, deepest) for feature in features], 1)
        features[-1] = self.squeeze_module(context)
        return self.decoder(image, features)

    def _features(self, image: Tensor) -> list[Tensor]:
        """At 1/4, 1/8, 1/16 and 1/32, each beside what the backbone makes of the half image."""
        half = resized(image, (image.shape[2] // 2, image.shape[3] // 2))
        coarse = self.bb(half)
        features = []
        for fine, small in zip(self.bb(image), coarse, strict=True):
            features.append(torch.cat((fine, resized(small, fine.shape[2:])), 1))
            progress.check()
        return features


class Decoder(nn.Module):
    """From 1/32 to full size; `conv_ms_spvn_*` and `gdt_convs_pred_*` are for training alone."""

    def __init__(self, channels: list[int]) -> None:
        super().__init__()
        seen = [count // 8 for count in channels]
        out = [*channels[1:], channels[-1] // 2]
        for level, patches, looks in zip(
            (5, 4, 3, 2, 1), (10, 8, 6, 4, 0), (0, *range(4)), strict=True
        ):
            self.add_module(f"ipt_blk{level}", PictureBranch(3 * 2**patches, seen[looks]))
        for index, level in enumerate((4, 3, 2, 1)):
            into = channels[index] + seen[max(0, index - 1)]
            self.add_module(f"decoder_block{level}", DecoderBlock(into, out[index]))
        for index, level in enumerate((4, 3, 2)):
            self.add_module(f"lateral_block{level}", Lateral(channels[index + 1], out[index]))
            self.add_module(f"conv_ms_spvn_{level}", nn.Conv2d(out[index], 1, 1))
            self.add_module(f"gdt_convs_{level}", _normalised(out[index], 16))
            self.add_module(f"gdt_convs_pred_{level}", nn.Sequential(nn.Conv2d(16, 1, 1)))
            self.add_module(f"gdt_convs_attn_{level}", nn.Sequential(nn.Conv2d(16, 1, 1)))
        self.conv_out1 = nn.Sequential(nn.Conv2d(out[-1] + seen[-1], 1, 1))

    def forward(self, image: Tensor, features: list[Tensor]) -> Tensor:
        """Logits 1x1xHxW of the image and its features, the finest first."""
        x = features[3]
        for level, finer in zip((4, 3, 2), (2, 1, 0), strict=True):
            x = self._decoded(level, self._with_look(level + 1, image, x))
            x = resized(x, features[finer].shape[2:])
            progress.check()
            x = x + self.get_submodule(f"lateral_block{level}")(features[finer])
        progress.check()
        x = self.get_submodule("decoder_block1")(self._with_look(2, image, x))
        return self._logits(image, x)

    def _decoded(self, level: int, x: Tensor) -> Tensor:
        """A block's output, weighed by where it sees edges."""
        x = self.get_submodule(f"decoder_block{level}")(x)
        edges = self.get_submodule(f"gdt_convs_{level}")(x)
        return x * self.get_submodule(f"gdt_convs_attn_{level}")(edges).sigmoid()

    def _with_look(self, level: int, image: Tensor, x: Tensor) -> Tensor:
        """`x` with a look at the image beside it, the image cut into tiles of the size of `x`."""
        return torch.cat((x, self.get_submodule(f"ipt_blk{level}")(_in_tiles(image, x))), 1)

    def _logits(self, image: Tensor, x: Tensor) -> Tensor:
        """The last 1x1 convolution over `x` enlarged and a look at the image, without making either."""
        last = cast(nn.Conv2d, self.conv_out1[0])
        weight, bias = last.weight, last.bias
        logits = resized(F.conv2d(x, weight[:, : x.shape[1]], bias), image.shape[2:])
        look = cast(PictureBranch, self.get_submodule("ipt_blk1"))
        for first in range(0, image.shape[2], STRIP_ROWS):
            end = min(first + STRIP_ROWS, image.shape[2])
            logits[:, :, first:end] += look.weighed(image, weight[:, x.shape[1] :], first, end)
            progress.check()
        return logits


class PictureBranch(nn.Module):
    """Two convolutions over the picture itself."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv1 = portioned.Conv2d(in_channels, 64, 3, padding=1)
        self.conv_out = portioned.Conv2d(64, out_channels, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv_out(self.conv1(x))

    def weighed(self, image: Tensor, weight: Tensor, first: int, last: int) -> Tensor:
        """Rows of the look at a whole image, its channels added up by a 1x1 weight."""
        kernel = torch.einsum("o,ocij->cij", weight[0, :, 0, 0], self.conv_out.weight)[None]
        bias = weight[0, :, 0, 0] @ cast(Tensor, self.conv_out.bias)
        top, bottom = max(0, first - 1), min(image.shape[2], last + 1)
        inner = self.conv1(_rows(image, top - 1, bottom + 1))[:, :, 1:-1]
        return F.conv2d(_padded(inner, top - first + 1, last + 1 - bottom), kernel, bias[None])


def _rows(x: Tensor, first: int, last: int) -> Tensor:
    """Rows of a picture, zeros beyond it."""
    above, below = max(0, -first), max(0, last - x.shape[2])
    return F.pad(x[:, :, max(0, first) : last], (0, 0, above, below))


def _padded(x: Tensor, above: int, below: int) -> Tensor:
    """Zeros at both sides and, at the picture's own edges, above and below."""
    return F.pad(x, (1, 1, above, below))


class Lateral(nn.Module):
    """A 1x1 convolution that brings features to the decoder's width."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv = portioned.Conv2d(in_channels, out_channels, 1)

    def forward(self, x: Tensor) -> Tensor:
        return self.conv(x)


class DecoderBlock(nn.Module):
    """Narrow to 64 channels, look around with deformable convolutions, widen."""

    def __init__(self, in_channels: int, out_channels: int) -> None:
        super().__init__()
        self.conv_in = portioned.Conv2d(in_channels, 64, 3, padding=1)
        self.bn_in = nn.BatchNorm2d(64)
        self.dec_att = Pyramid(64, 256)
        self.conv_out = portioned.Conv2d(64, out_channels, 3, padding=1)
        self.bn_out = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu_(self.bn_in(self.conv_in(x)))
        return self.bn_out(self.conv_out(self.dec_att(x)))


class Pyramid(nn.Module):
    """Deformable convolutions of several sizes and the picture's mean, mixed."""

    def __init__(self, channels: int, wide: int) -> None:
        super().__init__()
        self.aspp1 = Branch(channels, wide, 1)
        self.aspp_deforms = nn.ModuleList(Branch(channels, wide, size) for size in (1, 3, 7))
        convolution = nn.Conv2d(channels, wide, 1, bias=False)
        self.global_avg_pool = nn.Sequential(
            nn.AdaptiveAvgPool2d(1), convolution, nn.BatchNorm2d(wide), nn.ReLU()
        )
        self.conv1 = nn.Conv2d(5 * wide, channels, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)

    def forward(self, x: Tensor) -> Tensor:
        *by_branch, for_mean = self.conv1.weight[:, :, 0, 0].t().chunk(5)
        mean = self.global_avg_pool(x)[0, :, 0, 0] @ for_mean
        if self.conv1.bias is not None:  # it has one once its normalisation is folded into it
            mean = mean + self.conv1.bias
        mixed = mean.expand(x.shape[2] * x.shape[3], -1).contiguous()
        for branch, weight in zip((self.aspp1, *self.aspp_deforms), by_branch, strict=True):
            branch.add_to(mixed, x, weight)
        return F.relu_(self.bn1(mixed.t().view(x.shape)))


class Branch(nn.Module):
    """A deformable convolution, normalised over the batch, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, size: int) -> None:
        super().__init__()
        self.atrous_conv = DeformableConvolution(in_channels, out_channels, size)
        self.bn = nn.BatchNorm2d(out_channels)

    def add_to(self, mixed: Tensor, x: Tensor, weight: Tensor) -> None:
        """Add this branch of `x`, multiplied by `weight`, to `mixed`: one row a pixel."""
        scale, shift = (part.to(x.dtype) for part in folding.scale_and_shift(self.bn))
        kernel = self.atrous_conv.kernel() * scale
        done = 0
        for samples in self.atrous_conv.samples(x):
            activated = F.relu_(torch.addmm(shift, samples, kernel))
            mixed[done : done + len(samples)].addmm_(activated, weight)
            done += len(samples)
            progress.check()


def _normalised(in_channels: int, out_channels: int) -> nn.Sequential:
    convolution = portioned.Conv2d(in_channels, out_channels, 3, padding=1)
    return nn.Sequential(convolution, nn.BatchNorm2d(out_channels), nn.ReLU())


def resized(x: Tensor, size: tuple[int, ...] | torch.Size) -> Tensor:
    """Bilinear, corners aligned, as everywhere in this network."""
    if x.shape[2:] == tuple(size):
        return x
    return F.interpolate(x, tuple(size), mode="bilinear", align_corners=True)


def _in_tiles(image: Tensor, like: Tensor) -> Tensor:
    """Cut an image into tiles of the size of `like` and stack them: 1x(3·tiles)xhxw."""
    rows, columns = image.shape[2] // like.shape[2], image.shape[3] // like.shape[3]
    tiles = image.unflatten(3, (columns, -1)).unflatten(2, (rows, -1))
    return resized(tiles.transpose(3, 4).flatten(1, 3), like.shape[2:])
