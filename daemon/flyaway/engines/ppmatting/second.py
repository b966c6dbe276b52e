"""PP-Matting V2: a smaller network whose features of all sizes are weighed and joined.

Upstream: PaddlePaddle/PaddleSeg at d7975e7, folder Matting, Apache-2.0, with the settings of
`ppmattingv2-stdc1-human_512.yml`. No paper. Parameter names are upstream's, but for the statistics of
normalisations. `matting_head_mlff8x`, which only training needs, is loaded and not used.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import progress
from flyaway.engines.layers import portioned
from flyaway.engines.ppmatting.layers import Convolution, sized

FEATURES = (32, 64, 256, 512, 1024)
"""Channels at 1/2, 1/4, 1/8, 1/16 and 1/32."""

DEPTH = 2
"""Blocks of each of the deeper stages of STDC1."""

TOKENS, KEYS, HEADS = 256, 16, 8
GRIDS = (2, 4, 6)
"""Sides of what attends to itself."""


class PPMattingV2(nn.Module):
    """The network; pictures Nx3xHxW are -1..1, their sides multiples of 32 and no less than 64."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = STDC()
        self.dpp = Pyramid()
        self.mlff32x = Fusion((1024, TOKENS), (256, 256), 128)
        self.mlff16x = Fusion((512, 128, TOKENS), (128, 128, 128), 96)
        self.mlff8x = Fusion((256, 96, TOKENS), (96, 96, 96), 64)
        self.mlff4x = Fusion((64, 64, 3), (64, 64, 3), 32)
        self.mlff2x = Fusion((32, 32, 3), (32, 32, 3), 16)
        self.matting_head_mlff8x = Head(64, 32, 0)
        self.matting_head_mlff2x = Head(16 + 3, 8, 1)

    def forward(self, planes: Tensor) -> Tensor:
        """Alpha Nx1xHxW."""
        *finer, quarter, eighth, sixteenth, deepest = self.backbone(planes)
        context = self.dpp((quarter, eighth, sixteenth, deepest))
        x = self.mlff32x(deepest, context)
        x = self.mlff16x(sixteenth, x, context)
        x = self.mlff8x(eighth, x, context)
        x = self.mlff4x(quarter, x, _averaged(planes, quarter))
        x = self.mlff2x(finer[0], x, _averaged(planes, finer[0]))
        x = torch.cat((sized(x, planes.shape[2:]), planes), 1)
        progress.check()
        return self.matting_head_mlff2x(x)


class STDC(nn.Module):
    """STDC1 (Fan et al. 2021)."""

    def __init__(self) -> None:
        super().__init__()
        parts: list[nn.Module] = [Layer(3, 32, 3, 2), Layer(32, 64, 3, 2)]
        for before, after in pairwise(FEATURES[1:]):
            parts += [Block(before, after, is_halving=True), Block(after, after)]
        self.features = nn.Sequential(*parts)

    def forward(self, planes: Tensor) -> list[Tensor]:
        """Features at 1/2, 1/4, 1/8, 1/16 and 1/32."""
        found, x = [], planes
        for number, part in enumerate(self.features):
            x = part(x)
            if number < 2 or number % DEPTH:
                found.append(x)
        return found


class Layer(nn.Module):
    """Convolution, normalisation and ReLU."""

    def __init__(self, before: int, after: int, size: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = portioned.Conv2d(before, after, size, stride, size // 2, bias=False)
        self.bn = nn.BatchNorm2d(after)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu_(self.bn(self.conv(x)))


class Block(nn.Module):
    """Four convolutions, narrower and narrower, and what each of them found side by side."""

    def __init__(self, before: int, after: int, is_halving: bool = False) -> None:
        super().__init__()
        widths = (after // 2, after // 4, after // 8, after // 8)
        self.conv_list = nn.ModuleList([Layer(before, widths[0], 1)])
        for number in (1, 2, 3):
            self.conv_list.append(Layer(widths[number - 1], widths[number], 3))
        if is_halving:
            half = after // 2
            convolution = portioned.Conv2d(half, half, 3, 2, 1, groups=half, bias=False)
            self.avd_layer = nn.Sequential(convolution, nn.BatchNorm2d(half))

    def forward(self, x: Tensor) -> Tensor:
        first, *rest = self.conv_list
        found = [first(x)]
        x = found[0]
        if hasattr(self, "avd_layer"):
            x = self.avd_layer(x)
            found[0] = F.avg_pool2d(found[0], 3, 2, 1, count_include_pad=False)
        for layer in rest:
            x = layer(x)
            found.append(x)
        return torch.cat(found, 1)


class Pyramid(nn.Module):
    """All features at 1/64, and what they tell of each other in coarse grids."""

    def __init__(self) -> None:
        super().__init__()
        self.conv_mid = Convolution(sum(FEATURES[1:]), TOKENS, 1, bias=True, plain=True)
        self.pp2 = nn.ModuleList(
            nn.Sequential(nn.AdaptiveAvgPool2d(grid), Transformer()) for grid in GRIDS
        )
        self.conv_out = Convolution(TOKENS, 256, 1, bias=True)

    def forward(self, features: tuple[Tensor, ...]) -> Tensor:
        sides = (2 ** (len(features) - number) for number in range(len(features)))
        pooled = [F.avg_pool2d(x, side) for x, side in zip(features, sides, strict=True)]
        x = self.conv_mid(torch.cat(pooled, 1))
        seen = [sized(part(x), x.shape[2:]) for part in self.pp2]
        return self.conv_out(x + seen[2] + seen[1] + seen[0])


class Transformer(nn.Module):
    """One block of attention and a perceptron, over a grid."""

    def __init__(self) -> None:
        super().__init__()
        self.transformer_blocks = nn.ModuleList([Attentive()])

    def forward(self, x: Tensor) -> Tensor:
        for block in self.transformer_blocks:
            x = block(x)
        return x


class Attentive(nn.Module):
    """Attention and a perceptron, each added to its input."""

    def __init__(self) -> None:
        super().__init__()
        self.attn = Attention()
        self.mlp = Perceptron()

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(x)
        return x + self.mlp(x)


class Pointwise(nn.Sequential):
    """A convolution of single pixels and its normalisation."""

    def __init__(self, before: int, after: int) -> None:
        super().__init__()
        self.add_module("c", nn.Conv2d(before, after, 1, bias=False))
        self.add_module("bn", nn.BatchNorm2d(after))


class Attention(nn.Module):
    """Attention of all pixels to all; upstream does not scale it."""

    def __init__(self) -> None:
        super().__init__()
        self.to_q = Pointwise(TOKENS, KEYS * HEADS)
        self.to_k = Pointwise(TOKENS, KEYS * HEADS)
        self.to_v = Pointwise(TOKENS, 2 * KEYS * HEADS)
        self.proj = nn.Sequential(nn.ReLU6(), Pointwise(2 * KEYS * HEADS, TOKENS))

    def forward(self, x: Tensor) -> Tensor:
        queries, keys, values = (
            make(x).unflatten(1, (HEADS, -1)).flatten(3).transpose(2, 3)
            for make in (self.to_q, self.to_k, self.to_v)
        )
        seen = F.scaled_dot_product_attention(queries, keys, values, scale=1.0)
        return self.proj(seen.transpose(2, 3).flatten(1, 2).unflatten(2, x.shape[2:]))


class Perceptron(nn.Module):
    """Widen, convolve channel by channel, narrow."""

    def __init__(self) -> None:
        super().__init__()
        self.fc1 = Pointwise(TOKENS, 2 * TOKENS)
        self.dwconv = nn.Conv2d(2 * TOKENS, 2 * TOKENS, 3, padding=1, groups=2 * TOKENS)
        self.fc2 = Pointwise(2 * TOKENS, TOKENS)

    def forward(self, x: Tensor) -> Tensor:
        return self.fc2(F.relu6(self.dwconv(self.fc1(x))))


class Fusion(nn.Module):
    """Features of several sources in the size of the first, each weighed pixel by pixel."""

    def __init__(self, before: tuple[int, ...], within: tuple[int, ...], after: int) -> None:
        super().__init__()
        count = len(before)
        self.pwconvs = nn.ModuleList(
            Convolution(one, other, 1, plain=True)
            for one, other in zip(before, within, strict=True)
        )
        self.dwconvs = nn.ModuleList(Convolution(one, one, 3, groups=one) for one in within)
        self.conv_atten = nn.Sequential(
            Convolution(2 * count, count, 3), Convolution(count, count, 3, plain=True)
        )
        self.conv_out = Convolution(sum(within), after, 3)

    def forward(self, *features: Tensor) -> Tensor:
        size = features[0].shape[2:]
        seen = [
            deepen(sized(narrow(x), size))
            for narrow, deepen, x in zip(self.pwconvs, self.dwconvs, features, strict=True)
        ]
        told = [tell for x in seen for tell in (x.mean(1, True), x.amax(1, True))]
        weights = self.conv_atten(torch.cat(told, 1)).sigmoid().split(1, 1)
        weighed = [x * weight for x, weight in zip(seen, weights, strict=True)]
        return self.conv_out(torch.cat(weighed, 1))


class Head(nn.Module):
    """Alpha of features."""

    def __init__(self, before: int, within: int, more: int) -> None:
        super().__init__()
        self.conv = Convolution(before, within, 3)
        self.mid_conv = nn.ModuleList(Convolution(within, within, 3) for _ in range(more))
        self.conv_out = nn.Conv2d(within, 1, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = self.conv(x)
        for layer in self.mid_conv:
            x = layer(x)
        return self.conv_out(x).sigmoid()


def _averaged(planes: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(planes, like.shape[2:], mode="area")
