"""ViTMatte: hair, fur and veils from a trimap (Yao et al. 2023, Information Fusion).

Upstream: hustvl/ViTMatte at 8cd7ef0, code MIT; weights on the hub under the names that transformers gave
them, or upstream's .pth under its own: both load. Input as upstream's code has it (ImageNet mean and
deviation), not as the hub's preprocessor file says.

What differs: global attention goes over the queries in slices and the decoder over the picture in tiles,
both exactly, so that memory grows with the picture and not with its square.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import progress
from flyaway.engines.layers import portioned

PATCH_PX = 16

TILE_PATCHES, HALO_PATCHES = 40, 3
"""Side of the decoder's tiles, and what it needs to see around one to give what it gives on the whole."""

SLICE_BYTES = 24 << 20
"""For the attention bias of one slice of queries."""

MLP_TOKENS = 4096


class ViTMatte(nn.Module):
    """A plain vision transformer with windowed attention, and a light decoder for the detail."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.backbone = Backbone(width, heads)
        self.decoder = Decoder(width)

    def forward(self, planes: Tensor, wanted: NDArray[np.bool_] | None = None) -> Tensor:
        """Alpha 1x1xHxW.

        Args:
            planes: 1x4xHxW, normalised colours and trimap 0..1, sides multiples of 32.
            wanted: H/16xW/16, which patches to decode; the others stay 0. None for all.
        """
        planes = planes.contiguous(memory_format=torch.channels_last)  # a quarter faster on CPUs
        features = self.backbone(planes)
        alpha = planes.new_zeros((planes.shape[0], 1, *planes.shape[2:]))
        if wanted is None:
            wanted = np.ones(features.shape[2:], np.bool_)
        for rows, columns in tiles(wanted):
            self._decode_tile(planes, features, alpha, rows, columns)
        return alpha

    def _decode_tile(
        self, planes: Tensor, features: Tensor, alpha: Tensor, rows: slice, columns: slice
    ) -> None:
        """Decode a rectangle of patches into `alpha`, exactly as decoding the whole would."""
        (top, bottom), (left, right) = (
            (max(0, part.start - HALO_PATCHES), min(size, part.stop + HALO_PATCHES))
            for part, size in zip((rows, columns), features.shape[2:], strict=True)
        )
        seen = planes[..., top * PATCH_PX : bottom * PATCH_PX, left * PATCH_PX : right * PATCH_PX]
        solved = self.decoder(features[..., top:bottom, left:right], seen)
        inner_rows = slice((rows.start - top) * PATCH_PX, (rows.stop - top) * PATCH_PX)
        inner_columns = slice((columns.start - left) * PATCH_PX, (columns.stop - left) * PATCH_PX)
        whole_rows = slice(rows.start * PATCH_PX, rows.stop * PATCH_PX)
        whole_columns = slice(columns.start * PATCH_PX, columns.stop * PATCH_PX)
        alpha[..., whole_rows, whole_columns] = solved[..., inner_rows, inner_columns]


def tiles(wanted: NDArray[np.bool_]) -> Iterator[tuple[slice, slice]]:
    """Rectangles of at most `TILE_PATCHES` a side that hold all wanted patches, drawn tight."""
    for top in range(0, wanted.shape[0], TILE_PATCHES):
        for left in range(0, wanted.shape[1], TILE_PATCHES):
            tile = wanted[top : top + TILE_PATCHES, left : left + TILE_PATCHES]
            if tile.any():
                rows, columns = (np.flatnonzero(tile.any(axis=axis)) for axis in (1, 0))
                yield (
                    slice(top + int(rows[0]), top + int(rows[-1]) + 1),
                    slice(left + int(columns[0]), left + int(columns[-1]) + 1),
                )


class Backbone(nn.Module):
    """Twelve blocks over patches of 16 pixels; every third looks everywhere, the others in windows."""

    def __init__(self, width: int, heads: int) -> None:
        super().__init__()
        self.pos_embed = nn.Parameter(torch.empty(1, 14 * 14 + 1, width))
        self.patch_embed = nn.ModuleDict({"proj": portioned.Conv2d(4, width, PATCH_PX, PATCH_PX)})
        self.blocks = nn.ModuleList(
            Block(width, heads, window=0 if index % 3 == 2 else 14) for index in range(12)
        )

    def forward(self, planes: Tensor) -> Tensor:
        """NxCxH/16xW/16 features."""
        tokens = self.patch_embed["proj"](planes).permute(0, 2, 3, 1)
        tokens = tokens + self._positions(tokens.shape[1:3])
        for block in self.blocks:
            tokens = block(tokens)
        return tokens.permute(0, 3, 1, 2)

    def _positions(self, grid: tuple[int, ...]) -> Tensor:
        learned = self.pos_embed[:, 1:].reshape(1, 14, 14, -1).permute(0, 3, 1, 2)
        stretched = F.interpolate(learned, grid, mode="bicubic", align_corners=False)
        return stretched.permute(0, 2, 3, 1)


class Block(nn.Module):
    """Attention, a perceptron, and in the global blocks a convolution; NxHxWxC in and out."""

    def __init__(self, width: int, heads: int, window: int) -> None:
        super().__init__()
        self.window = window
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads, span=window or 32)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = Perceptron(width)
        if not window:
            self.residual = Bottleneck(width)

    def forward(self, x: Tensor) -> Tensor:
        attended = self.norm1(x)
        x = x + (self._in_windows(attended) if self.window else self.attn(attended))
        x = x + self.mlp(self.norm2(x))
        return x if self.window else self.residual(x)

    def _in_windows(self, x: Tensor) -> Tensor:
        """Attention within windows, some bands of them at a time; the last are filled up with zeros."""
        height, width, side = x.shape[1], x.shape[2], self.window
        x = F.pad(x, (0, 0, 0, -width % side, 0, -height % side))
        band_bytes = x.shape[0] * self.attn.heads * side**3 * x.shape[2] * x.element_size()
        bands = max(1, SLICE_BYTES // band_bytes)
        attended = [self._in_bands(some) for some in x.split(bands * side, 1)]
        return torch.cat(attended, 1)[:, :height, :width]

    def _in_bands(self, x: Tensor) -> Tensor:
        """Attention within windows of NxHxWxC, sides multiples of the window's."""
        count, height, width, channels = x.shape
        side = self.window
        cells = (count, height // side, side, width // side, side, channels)
        windows = x.view(cells).transpose(2, 3).reshape(-1, side, side, channels)
        attended = self.attn(windows).view(count, height // side, width // side, side, side, -1)
        return attended.transpose(2, 3).reshape(x.shape)


class Attention(nn.Module):
    """Self-attention over a grid with a learned bias for rows apart and one for columns apart."""

    def __init__(self, width: int, heads: int, span: int) -> None:
        super().__init__()
        self.heads = heads
        self.qkv = portioned.Linear(width, 3 * width)
        self.proj = portioned.Linear(width, width)
        self.rel_pos_h = nn.Parameter(torch.empty(2 * span - 1, width // heads))
        self.rel_pos_w = nn.Parameter(torch.empty(2 * span - 1, width // heads))

    def forward(self, x: Tensor) -> Tensor:
        """NxHxWxC in and out."""
        count, height, width, channels = x.shape
        qkv = self.qkv(x).view(count, height * width, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        queries, keys, values = qkv.unbind(0)
        by_row, by_column = apart(self.rel_pos_h, height), apart(self.rel_pos_w, width)
        attended = x.new_empty(count, height * width, self.heads, channels // self.heads)
        for rows, heads in self._slices(x):
            tokens = slice(rows.start * width, rows.stop * width)
            some = queries[:, heads, tokens]
            bias = _bias(some.unflatten(2, (-1, width)), by_row[rows], by_column)
            seen = F.scaled_dot_product_attention(
                some, keys[:, heads], values[:, heads], attn_mask=bias
            )
            attended[:, tokens, heads] = seen.transpose(1, 2)
            progress.check()
        return self.proj(attended.view(count, height, width, channels))

    def _slices(self, x: Tensor) -> Iterator[tuple[slice, slice]]:
        """Rows of queries and heads whose bias is small enough; a row of one head at the least."""
        count, height, width, _ = x.shape
        bytes_a_head = count * width * height * width * x.element_size()
        heads = max(1, min(self.heads, SLICE_BYTES // bytes_a_head))
        rows = max(1, SLICE_BYTES // (bytes_a_head * self.heads))
        for row in range(0, height, rows):
            for head in range(0, self.heads, heads):
                yield slice(row, min(row + rows, height)), slice(head, head + heads)


def apart(learned: Tensor, size: int) -> Tensor:
    """The vector for each pair of places along a side: sizexsizexC of a table of distances.

    A table learned on another size is stretched.
    """
    if len(learned) != 2 * size - 1:
        stretched = F.interpolate(learned.t()[None], 2 * size - 1, mode="linear")
        learned = stretched[0].t()
    places = torch.arange(size, device=learned.device)
    return learned[places[:, None] - places[None, :] + size - 1]


def _bias(queries: Tensor, by_row: Tensor, by_column: Tensor) -> Tensor:
    """What the distances add to the scores: Nxheadsx(rows·W)x(H·W)."""
    down = torch.einsum("nhrwc,rkc->nhrwk", queries, by_row)
    across = torch.einsum("nhrwc,wkc->nhrwk", queries, by_column)
    return (down[..., :, None] + across[..., None, :]).flatten(4).flatten(2, 3)


class Perceptron(nn.Module):
    """Four times wider inside; goes over the tokens in portions."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.fc1 = portioned.Linear(width, 4 * width)
        self.fc2 = portioned.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        portions = x.flatten(0, 2).split(MLP_TOKENS)
        return torch.cat([self.fc2(F.gelu(self.fc1(some))) for some in portions]).view(x.shape)


class Bottleneck(nn.Module):
    """A convolution that carries what global attention found to the neighbours."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = portioned.Conv2d(width, width // 2, 1, bias=False)
        self.norm1 = nn.LayerNorm(width // 2, eps=1e-6)
        self.conv2 = portioned.Conv2d(width // 2, width // 2, 3, padding=1, bias=False)
        self.norm2 = nn.LayerNorm(width // 2, eps=1e-6)
        self.conv3 = portioned.Conv2d(width // 2, width, 1, bias=False)
        self.norm3 = nn.LayerNorm(width, eps=1e-6)

    def forward(self, x: Tensor) -> Tensor:
        """NxHxWxC in and out."""
        inner = F.gelu(self.norm1(_convolved(self.conv1, x)))
        inner = F.gelu(self.norm2(_convolved(self.conv2, inner)))
        return x + self.norm3(_convolved(self.conv3, inner))


def _convolved(convolution: nn.Module, x: Tensor) -> Tensor:
    return convolution(x.permute(0, 3, 1, 2)).permute(0, 2, 3, 1)


class Decoder(nn.Module):
    """Detail of the picture at 1/1, 1/2, 1/4 and 1/8, fused with the features into alpha."""

    def __init__(self, width: int) -> None:
        super().__init__()
        detail, fused = (4, 48, 96, 192), (width, 256, 128, 64, 32)
        stream = nn.ModuleList(Convolution(detail[i], detail[i + 1], stride=2) for i in range(3))
        self.convstream = nn.ModuleDict({"convs": stream})
        fusions = (Convolution(fused[i] + detail[3 - i], fused[i + 1]) for i in range(4))
        self.fusion_blks = nn.ModuleList(nn.ModuleDict({"conv": fusion}) for fusion in fusions)
        head = portioned.Conv2d(32, 16, 3, padding=1), nn.BatchNorm2d(16)
        convs = nn.Sequential(*head, nn.ReLU(), nn.Conv2d(16, 1, 1))
        self.matting_head = nn.ModuleDict({"matting_convs": convs})

    def forward(self, features: Tensor, planes: Tensor) -> Tensor:
        """Alpha Nx1xHxW of features at 1/16 and the picture."""
        details = [planes]
        for convolution in self.convstream["convs"].children():
            details.append(convolution(details[-1]))
        for (fusion,) in (block.children() for block in self.fusion_blks):
            features = F.interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)
            progress.check()
            features = fusion(torch.cat((details.pop(), features), 1))
        return self.matting_head["matting_convs"](features).sigmoid()


class Convolution(nn.Module):
    """3x3, normalised over the batch, ReLU."""

    def __init__(self, in_channels: int, out_channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv = portioned.Conv2d(in_channels, out_channels, 3, stride, 1, bias=False)
        self.bn = nn.BatchNorm2d(out_channels)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu_(self.bn(self.conv(x)))
