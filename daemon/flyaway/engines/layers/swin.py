"""Swin Transformer (Liu et al. 2021) as a backbone, under its published names.

Attention goes over bands of windows and the perceptron over portions of tokens, so that the widest
intermediate result stays small; only windows at the seam of a shifted picture get a mask.
"""

from __future__ import annotations

from functools import lru_cache
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import progress
from flyaway.engines.layers import portioned

TOKENS_AT_ONCE = 16384

Biases = tuple[Tensor, Tensor]
"""What is added to the scores of a band's windows, and to those of its last window."""


class Swin(nn.Module):
    """Features at 1/4, 1/8, 1/16 and 1/32."""

    def __init__(self, width: int, depths: tuple[int, ...], window: int) -> None:
        super().__init__()
        self.patch_embed = nn.ModuleDict(
            {"proj": portioned.Conv2d(3, width, 4, 4), "norm": nn.LayerNorm(width)}
        )
        widths = [width * 2**stage for stage in range(len(depths))]
        self.layers = nn.ModuleList(
            Stage(channels, depth, window, merges=channels != widths[-1])
            for channels, depth in zip(widths, depths, strict=True)
        )
        for stage, channels in enumerate(widths):
            self.add_module(f"norm{stage}", nn.LayerNorm(channels))

    def forward(self, image: Tensor) -> list[Tensor]:
        """Features of an image Nx3xHxW."""
        return self._seen(self._patches(image))

    def with_patches(self, image: Tensor) -> list[Tensor]:
        """The same, and before them what the first stage is given, at 1/4."""
        patches = self._patches(image)
        return [patches.permute(0, 3, 1, 2), *self._seen(patches)]

    def _patches(self, image: Tensor) -> Tensor:
        image = F.pad(image, (0, -image.shape[3] % 4, 0, -image.shape[2] % 4))
        return self.patch_embed["norm"](self.patch_embed["proj"](image).permute(0, 2, 3, 1))

    def _seen(self, x: Tensor) -> list[Tensor]:
        features = []
        for index, stage in enumerate(self.layers):
            seen, x = stage(x)
            norm = self.get_submodule(f"norm{index}")
            features.append(norm(seen).permute(0, 3, 1, 2))
        return features


class Stage(nn.Module):
    """Blocks at one size, every second one shifted by half a window; then halved."""

    def __init__(self, width: int, depth: int, window: int, merges: bool) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(
            Block(width, window, shift=index % 2 * (window // 2)) for index in range(depth)
        )
        self.downsample = Merge(width) if merges else None

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """The stage's features and the next stage's input, NxHxWxC."""
        for block in self.blocks:
            x = block(x)
        return x, x if self.downsample is None else self.downsample(x)


class Merge(nn.Module):
    """Two by two tokens become one of twice the width."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(4 * width)
        self.reduction = portioned.Linear(4 * width, 2 * width, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        x = F.pad(x, (0, 0, 0, x.shape[2] % 2, 0, x.shape[1] % 2))
        four = [x[:, row::2, column::2] for column in (0, 1) for row in (0, 1)]
        return self.reduction(self.norm(torch.cat(four, 3)))


class Block(nn.Module):
    """Attention within windows and a perceptron; NxHxWxC in and out."""

    def __init__(self, width: int, window: int, shift: int) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attn = WindowAttention(width, window, shift)
        self.norm2 = nn.LayerNorm(width)
        self.mlp = nn.ModuleDict(
            {"fc1": portioned.Linear(width, 4 * width), "fc2": portioned.Linear(4 * width, width)}
        )

    def forward(self, x: Tensor) -> Tensor:
        x = x + self.attn(self.norm1(x))
        for some in x.view(-1, x.shape[-1]).split(TOKENS_AT_ONCE):
            some += self.mlp["fc2"](F.gelu(self.mlp["fc1"](self.norm2(some))))
        return x


class WindowAttention(nn.Module):
    """Self-attention within square windows, with a learned bias for the way from token to token."""

    def __init__(self, width: int, window: int, shift: int) -> None:
        super().__init__()
        self.window, self.shift, self.heads = window, shift, width // 32
        self.qkv = portioned.Linear(width, 3 * width)
        self.proj = portioned.Linear(width, width)
        table = torch.empty((2 * window - 1) ** 2, self.heads)
        self.relative_position_bias_table = nn.Parameter(table)

    def forward(self, x: Tensor) -> Tensor:
        """NxHxWxC in and out; filled up with zeros to whole windows."""
        height, width, side = x.shape[1], x.shape[2], self.window
        x = F.pad(x, (0, 0, 0, -width % side, 0, -height % side))
        x = x.roll((-self.shift, -self.shift), (1, 2)) if self.shift else x
        progress.check()
        inner, last = self._biases()
        bands = x.shape[1] // side
        at_once = max(1, TOKENS_AT_ONCE // (x.shape[0] * side * x.shape[2]))
        attended = []
        ends = [*range(at_once, bands - 1, at_once), bands - 1, bands]
        for first, end in zip([0, *ends], ends, strict=False):
            if first < end:
                rows = x[:, first * side : end * side]
                attended.append(self._in_bands(rows, last if end == bands else inner))
                progress.check()
        x = torch.cat(attended, 1)
        x = x.roll((self.shift, self.shift), (1, 2)) if self.shift else x
        return x[:, :height, :width]

    def _in_bands(self, x: Tensor, biases: Biases) -> Tensor:
        """Attention in whole bands of windows, NxHxWxC."""
        count, height, width, channels = x.shape
        side, area = self.window, self.window**2
        cells = x.view(count, height // side, side, width // side, side, channels)
        windows = cells.transpose(2, 3).reshape(-1, width // side, area, channels)
        qkv = self.qkv(windows).unflatten(3, (3, self.heads, -1)).permute(3, 0, 1, 4, 2, 5)
        if self.shift:
            parts = (qkv[:, :, :-1], biases[0]), (qkv[:, :, -1:], biases[1])
            attended = torch.cat([_attended(part, bias) for part, bias in parts], 1)
        else:
            attended = _attended(qkv, biases[0])
        progress.check()
        cells = self.proj(attended).view(count, height // side, width // side, side, side, channels)
        return cells.transpose(2, 3).reshape(x.shape)

    def _biases(self) -> tuple[Biases, Biases]:
        """For the bands above, and for the last band: 1xheadsxNxN each, N tokens of a window."""
        table = self.relative_position_bias_table
        area = self.window**2
        ways = _ways(self.window).to(table.device)
        bias = table[ways].view(area, area, -1).permute(2, 0, 1)[None].contiguous()
        if not self.shift:
            return (bias, bias), (bias, bias)
        below, beside = (apart.to(table.device) for apart in _apart(self.window, self.shift))
        hidden = -torch.inf
        return (bias, bias.masked_fill(beside, hidden)), (
            bias.masked_fill(below, hidden),
            bias.masked_fill(below | beside, hidden),
        )


def _attended(qkv: Tensor, bias: Tensor) -> Tensor:
    """3xbandsxwindowsxheadsxNxC to bandsxwindowsxNx(heads·C)."""
    bands, windows = qkv.shape[1:3]
    queries, keys, values = qkv.flatten(1, 2).unbind(0)
    attended = F.scaled_dot_product_attention(queries, keys, values, attn_mask=bias)
    return attended.transpose(1, 2).flatten(2).unflatten(0, (bands, windows))


@lru_cache
def _ways(window: int) -> Tensor:
    """For each pair of tokens of a window, the row of the bias table: N·N."""
    places = torch.cartesian_prod(torch.arange(window), torch.arange(window))
    way = places[:, None] - places[None, :] + window - 1
    return (way[..., 0] * (2 * window - 1) + way[..., 1]).flatten()


@lru_cache
def _apart(window: int, shift: int) -> tuple[Tensor, Tensor]:
    """NxN, True for tokens that the shift brought together from opposite edges: rows, columns."""
    wrapped = torch.arange(window) >= window - shift
    rows = wrapped.repeat_interleave(window)
    columns = wrapped.repeat(window)
    return cast(tuple[Tensor, Tensor], tuple(s[:, None] != s[None, :] for s in (rows, columns)))
