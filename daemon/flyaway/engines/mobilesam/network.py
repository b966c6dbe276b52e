"""MobileSAM: masks from clicks and boxes on a processor (Zhang et al. 2023, arXiv 2306.14289).

Upstream: ChaoningZhang/MobileSAM at 34bbbfd, Apache-2.0, weights in its folder weights/. The encoder is
TinyViT (Wu et al. 2022, ECCV). What differs: the learned biases of attention are looked up at each run, so
that none are lost with the order of loading; the classifier in the file is left out.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines.layers import portioned
from flyaway.engines.layers.channel_norm import neck
from flyaway.engines.layers.normed import normed
from flyaway.engines.layers.prompt_encoder import WIDTH

WIDTHS = (64, 128, 160, 320)

UNUSED = ("image_encoder.norm_head.", "image_encoder.head.")
"""Of the file: the classifier that the encoder was first trained with."""

WINDOWS = (7, 14, 7)
DEPTHS = (2, 6, 2)
"""Of the three stages with attention."""

HEAD_WIDTH = 32


class TinyViT(nn.Module):
    """A sixteenth of the picture's size, 256 channels: convolutions first, then attention within windows."""

    def __init__(self) -> None:
        super().__init__()
        self.patch_embed = nn.ModuleDict(
            {
                "seq": nn.Sequential(
                    normed(3, WIDTHS[0] // 2, 3, stride=2),
                    nn.GELU(),
                    normed(WIDTHS[0] // 2, WIDTHS[0], 3, stride=2),
                )
            }
        )
        shapes = zip(WIDTHS[1:], (*WIDTHS[2:], 0), DEPTHS, WINDOWS, strict=True)
        first = Stage((Convolutions(WIDTHS[0]) for _ in range(2)), WIDTHS[0], WIDTHS[1])
        stages = (
            Stage((Block(width, window) for _ in range(depth)), width, next_width)
            for width, next_width, depth, window in shapes
        )
        self.layers = nn.ModuleList((first, *stages))
        self.neck = neck(WIDTHS[-1], WIDTH)

    def forward(self, planes: Tensor) -> Tensor:
        """Nx256xH/16xW/16 of Nx3xHxW."""
        x = self.patch_embed["seq"](planes)
        for layer in self.layers:
            x = layer(x)
        result: Tensor = self.neck(x)
        return result


class Stage(nn.Module):
    """Blocks of one width, and the way to the next one's."""

    def __init__(self, blocks: object, width: int, next_width: int) -> None:
        super().__init__()
        self.blocks = nn.ModuleList(blocks)  # type: ignore[arg-type]
        if next_width:
            self.downsample = Merging(width, next_width)

    def forward(self, x: Tensor) -> Tensor:
        """NxCxHxW in, the next stage's width out."""
        for block in self.blocks:
            x = block(x)
        return self.downsample(x) if hasattr(self, "downsample") else x


class Convolutions(nn.Module):
    """Widened, looked at around each place, narrowed again; added to what came."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv1 = normed(width, 4 * width)
        self.conv2 = normed(4 * width, 4 * width, 3, groups=4 * width)
        self.conv3 = normed(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        inner = F.gelu(self.conv2(F.gelu(self.conv1(x))))
        return F.gelu(self.conv3(inner) + x)


class Merging(nn.Module):
    """To half the size and another width; the last one keeps the size."""

    def __init__(self, width: int, next_width: int) -> None:
        super().__init__()
        stride = 1 if next_width == WIDTHS[-1] else 2
        self.conv1 = normed(width, next_width)
        self.conv2 = normed(next_width, next_width, 3, stride, groups=next_width)
        self.conv3 = normed(next_width, next_width)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.conv3(F.gelu(self.conv2(F.gelu(self.conv1(x)))))
        return result


class Block(nn.Module):
    """Attention within windows, a convolution over their borders, a perceptron."""

    def __init__(self, width: int, window: int) -> None:
        super().__init__()
        self.window = window
        self.attn = Attention(width, window)
        self.local_conv = normed(width, width, 3, groups=width)
        self.mlp = Perceptron(width)

    def forward(self, x: Tensor) -> Tensor:
        """NxCxHxW in and out."""
        x = x + self._in_windows(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)
        x = self.local_conv(x)
        return x + self.mlp(x.permute(0, 2, 3, 1)).permute(0, 3, 1, 2)

    def _in_windows(self, x: Tensor) -> Tensor:
        """Attention within windows of NxHxWxC; the zeros that fill up the last ones take part in it."""
        height, width, side = x.shape[1], x.shape[2], self.window
        x = F.pad(x, (0, 0, 0, -width % side, 0, -height % side))
        cells = x.unflatten(1, (-1, side)).unflatten(3, (-1, side)).transpose(2, 3)
        attended = self.attn(cells.flatten(0, 2).flatten(1, 2))
        whole = attended.view(cells.shape).transpose(2, 3).flatten(3, 4).flatten(1, 2)
        return whole[:, :height, :width]


class Attention(nn.Module):
    """Self-attention within a window, with a learned bias for how far apart two places are."""

    apart: Tensor

    def __init__(self, width: int, window: int) -> None:
        super().__init__()
        self.heads, self.window = width // HEAD_WIDTH, window
        self.norm = nn.LayerNorm(width)
        self.qkv = portioned.Linear(width, 3 * width)
        self.proj = portioned.Linear(width, width)
        self.attention_biases = nn.Parameter(torch.empty(self.heads, window * window))

    def forward(self, x: Tensor) -> Tensor:
        """NxKxC in and out; K are the places of a window."""
        qkv = self.qkv(self.norm(x)).unflatten(2, (self.heads, 3, -1)).permute(3, 0, 2, 1, 4)
        queries, keys, values = qkv.unbind(0)
        seen = F.scaled_dot_product_attention(queries, keys, values, self._bias()[None])
        result: Tensor = self.proj(seen.transpose(1, 2).flatten(2))
        return result

    def _bias(self) -> Tensor:
        """For each head, what every place adds to its score for every other: headsxKxK."""
        steps = torch.arange(self.window, device=self.attention_biases.device)
        far = (steps[:, None] - steps).abs()
        index = far[:, None, :, None] * self.window + far[None, :, None, :]
        return self.attention_biases[:, index.flatten(0, 1).flatten(1, 2)]


class Perceptron(nn.Module):
    """Four times wider inside."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.fc1 = portioned.Linear(width, 4 * width)
        self.fc2 = portioned.Linear(4 * width, width)

    def forward(self, x: Tensor) -> Tensor:
        """...xC in and out."""
        result: Tensor = self.fc2(F.gelu(self.fc1(self.norm(x))))
        return result
