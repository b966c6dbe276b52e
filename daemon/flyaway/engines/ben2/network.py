"""BEN2: any subject without a trimap, seen as a whole and in four parts (Meyer and Spruyt 2025, arXiv 2501.06230).

Upstream: PramaLLC/BEN2 at 41efc69, the base model, code and weights MIT; its decoder is MVANet's (Yu et al.
2024, CVPR). Parameter names are upstream's; `sideout*` are for training alone.

What differs, all equal up to rounding: each attention goes over its queries in portions, normalisations and
activations are made in place, and the first look at the picture, which is needed at half and quarter size
alone, is made in bands of rows.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import progress
from flyaway.engines.layers import portioned, swin

WIDTH = 128

SWIN_BASE = (128, (2, 2, 18, 2), 12)
"""Channels, blocks a stage, window."""

QUERIES_AT_ONCE = 4096

ROWS_AT_ONCE = 64

EPSILON = 1e-5


class BEN2(nn.Module):
    """The network."""

    def __init__(self) -> None:
        super().__init__()
        self.backbone = swin.Swin(*SWIN_BASE)
        for level, channels in zip((5, 4, 3, 2, 1), (1024, 512, 256, 128, 128), strict=True):
            self.add_module(f"output{level}", Look(channels))
            self.add_module(f"sideout{level}", nn.Sequential(_convolution(WIDTH, 1)))
        self.multifieldcrossatt = Localisation()
        for level in (4, 3, 2, 1):
            self.add_module(f"conv{level}", Look(WIDTH))
            self.add_module(f"dec_blk{level}", Refinement())
        self.insmask_head = nn.ModuleDict(
            {
                "0": _convolution(WIDTH, 384),
                "3": _convolution(384, 384),
                "6": _convolution(384, WIDTH),
            }
        )
        self.shallow = nn.Sequential(_convolution(3, WIDTH))
        self.upsample1 = Look(WIDTH)
        self.upsample2 = Look(WIDTH)
        self.output = nn.Sequential(_convolution(WIDTH, 1))

    def forward(self, image: Tensor) -> Tensor:
        """Alpha 1x1xHxW of an image 1x3xHxW, normalised, sides multiples of 128."""
        half, quarter = self._shallow(image)
        small = F.interpolate(image, scale_factor=0.5, mode="bilinear")
        x = self._decoded(self.backbone.with_patches(torch.cat((in_four(image), small))))
        x = joined(x[:4]).add_(_resized(x[4:], quarter))
        head = self.insmask_head
        x = head["6"](_activated(head["3"](_activated(head["0"](x)))))
        x = self.upsample1(_doubled(x.add_(quarter)))
        x = self.upsample2(_doubled(x.add_(half)))
        return torch.sigmoid(self.output(x))

    def _decoded(self, features: list[Tensor]) -> Tensor:
        """Features of the four parts and of the whole at 1/4 of their size, 5x128xhxw."""
        levels = dict(zip((1, 2, 3, 4, 5), features, strict=True))
        x = self.multifieldcrossatt(self.get_submodule("output5")(levels.pop(5)))
        for level in (4, 3, 2, 1):
            seen = self.get_submodule(f"output{level}")(levels.pop(level))
            x = self.get_submodule(f"dec_blk{level}")(seen.add_(_resized(x, seen)))
            x = self.get_submodule(f"conv{level}")(x)
        return x

    def _shallow(self, image: Tensor) -> tuple[Tensor, Tensor]:
        """A first look at the picture, at half and at a quarter of its size."""
        (convolution,) = self.shallow
        assert isinstance(convolution, portioned.Conv2d)
        halves, quarters = [], []
        for first in range(0, image.shape[2], ROWS_AT_ONCE):
            rows = convolution.band(image, first, min(first + ROWS_AT_ONCE, image.shape[2]))
            halves.append(F.interpolate(rows, scale_factor=0.5, mode="bilinear"))
            quarters.append(F.interpolate(rows, scale_factor=0.25, mode="bilinear"))
            progress.check()
        return torch.cat(halves, 2), torch.cat(quarters, 2)


class Look(nn.Sequential):
    """A convolution, normalised over each picture, GELU."""

    def __init__(self, in_channels: int) -> None:
        super().__init__(_convolution(in_channels, WIDTH))

    def forward(self, x: Tensor) -> Tensor:
        return _activated(self[0](x))


class Localisation(nn.Module):
    """The whole looks at the four parts, then each part at its place in the whole; 5x128xhxw in and out."""

    POOLS = (1, 4, 8)

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.ModuleList(Attention() for _ in range(5))
        for number in (1, 3):
            self.add_module(f"linear{number}", nn.Linear(WIDTH, 2 * WIDTH))
            self.add_module(f"linear{number + 1}", nn.Linear(2 * WIDTH, WIDTH))
        self.norm1 = nn.LayerNorm(WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        parts, whole = x[:4], x[4:]
        pools = _pooled(joined(parts), x.shape[2:], self.POOLS)
        places = torch.cat([_tokens(positions(pool)) for pool in pools], 1)
        seen = torch.cat([_tokens(pool) for pool in pools], 1)
        tokens = _tokens(whole)
        found = self.attention[0](tokens + _tokens(positions(whole)), seen + places, seen)
        whole = _pictures(self._thought(tokens + found, 1), whole)
        around = _tokens(in_four(whole))
        tokens = _tokens(parts)
        found = torch.cat(
            [
                attention(part, its, its)
                for attention, part, its in zip(
                    self.attention[1:], tokens.split(1), around.split(1), strict=True
                )
            ]
        )
        return torch.cat((_pictures(self._thought(tokens + found, 3), parts), whole))

    def _thought(self, x: Tensor, number: int) -> Tensor:
        x = self.norm1(x)
        inner = F.gelu(self.get_submodule(f"linear{number}")(x))
        return self.norm2(x + self.get_submodule(f"linear{number + 1}")(inner))


class Refinement(nn.Module):
    """Each part looks at its place in the whole, and the whole gets what that showed; 5x128xhxw in and out."""

    POOLS = (2, 4, 8)

    def __init__(self) -> None:
        super().__init__()
        self.attention = nn.ModuleList(Attention() for _ in range(4))
        self.linear3 = portioned.Linear(WIDTH, 2 * WIDTH)
        self.linear4 = portioned.Linear(2 * WIDTH, WIDTH)
        self.norm1 = nn.LayerNorm(WIDTH)
        self.norm2 = nn.LayerNorm(WIDTH)
        self.sal_conv = nn.Conv2d(WIDTH, 1, 1)

    def forward(self, x: Tensor) -> Tensor:
        parts, whole = x[:4], x[4:]
        weight = torch.sigmoid(self.sal_conv(whole))
        parts = parts * in_four(_doubled(weight))
        pools = _pooled(in_four(whole), x.shape[2:], self.POOLS)
        seen = torch.cat([_tokens(pool) for pool in pools], 1)
        refined = [
            self._refined(attention, part, its)
            for attention, part, its in zip(
                self.attention, _tokens(parts).split(1), seen.split(1), strict=True
            )
        ]
        parts = _pictures(torch.cat(refined), parts)
        return torch.cat((parts, whole + F.interpolate(joined(parts), whole.shape[2:])))

    def _refined(self, attention: nn.Module, part: Tensor, around: Tensor) -> Tensor:
        x = self.norm1(part + attention(part, around, around))
        progress.check()
        return self.norm2(x + self.linear4(F.gelu(self.linear3(x))))


class Attention(nn.Module):
    """torch's own with one head, by its names, the queries in portions."""

    def __init__(self) -> None:
        super().__init__()
        self.in_proj_weight = nn.Parameter(torch.empty(3 * WIDTH, WIDTH))
        self.in_proj_bias = nn.Parameter(torch.empty(3 * WIDTH))
        self.out_proj = nn.Linear(WIDTH, WIDTH)

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """1xNxC queries look at 1xMxC keys for 1xMxC values."""
        weights = zip(self.in_proj_weight.chunk(3), self.in_proj_bias.chunk(3), strict=True)
        (ask, answer, tell) = weights
        keys, values = F.linear(keys, *answer), F.linear(values, *tell)
        found = []
        for some in queries.split(QUERIES_AT_ONCE, 1):
            found.append(F.scaled_dot_product_attention(F.linear(some, *ask), keys, values))
            progress.check()
        return self.out_proj(torch.cat(found, 1))


def positions(like: Tensor) -> Tensor:
    """Where each pixel lies, in sines and cosines of 64 wavelengths a direction: 1x128xhxw."""
    height, width = like.shape[2:]
    steps = torch.arange(WIDTH // 2, dtype=torch.float32)
    wavelengths = 10_000 ** (2 * (steps // 2) / (WIDTH // 2))
    waves = []
    for size in (height, width):
        places = (torch.arange(size) + 0.5) / (size + 1e-6) * 2 * math.pi
        phases = places[:, None] / wavelengths
        waves.append(torch.stack((phases[:, 0::2].sin(), phases[:, 1::2].cos()), 2).flatten(1))
    down = waves[0][:, None].expand(-1, width, -1)
    across = waves[1][None].expand(height, -1, -1)
    return torch.cat((down, across), 2).permute(2, 0, 1)[None].to(like)


def in_four(x: Tensor) -> Tensor:
    """1xCx2hx2w to its quarters, 4xCxhxw."""
    parts = x[0].unflatten(2, (2, -1)).unflatten(1, (2, -1))
    return parts.permute(1, 3, 0, 2, 4).flatten(0, 1)


def joined(parts: Tensor) -> Tensor:
    """4xCxhxw to the picture that they are quarters of, 1xCx2hx2w."""
    return parts.unflatten(0, (2, 2)).permute(2, 0, 3, 1, 4).flatten(3).flatten(1, 2)[None]


def _pooled(x: Tensor, size: tuple[int, ...], ratios: tuple[int, ...]) -> list[Tensor]:
    """Pictures averaged to fractions of a size."""
    height, width = size
    return [
        F.adaptive_avg_pool2d(x, (round(height / ratio), round(width / ratio))) for ratio in ratios
    ]


def _tokens(x: Tensor) -> Tensor:
    """NxCxhxw to Nx(h·w)xC."""
    return x.flatten(2).transpose(1, 2)


def _pictures(tokens: Tensor, like: Tensor) -> Tensor:
    """Nx(h·w)xC to NxCxhxw."""
    return tokens.transpose(1, 2).reshape(like.shape)


def _convolution(in_channels: int, out_channels: int) -> nn.Module:
    return portioned.Conv2d(in_channels, out_channels, 3, padding=1)


def _activated(x: Tensor) -> Tensor:
    """Normalised over each picture and channel, GELU; in place."""
    variance, mean = torch.var_mean(x, (2, 3), correction=0, keepdim=True)
    progress.check()
    for rows in x.split(ROWS_AT_ONCE, 2):
        rows.sub_(mean).mul_((variance + EPSILON).rsqrt())
        rows.copy_(F.gelu(rows))
        progress.check()
    return x


def _doubled(x: Tensor) -> Tensor:
    return F.interpolate(x, scale_factor=2.0, mode="nearest")


def _resized(x: Tensor, like: Tensor) -> Tensor:
    return F.interpolate(x, like.shape[2:], mode="bilinear")
