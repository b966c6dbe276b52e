"""Clicks, boxes and earlier masks as tokens and maps for a mask decoder (Kirillov et al. 2023, ICCV).

Upstream: facebookresearch/segment-anything at dca509f, Apache-2.0; the same in MobileSAM, RepViT-SAM and
SAM 2. What differs: a box is two points of their own kinds, which the caller puts among the others.
"""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn

from flyaway.engines.layers.channel_norm import ChannelNorm

WIDTH = 256
"""Channels of every token and map."""

PADDING, REMOVE, KEEP, UPPER_LEFT, LOWER_RIGHT = -1, 0, 1, 2, 3
"""Kinds of points; padding says nothing, but the decoder was trained to see it."""


class PromptEncoder(nn.Module):
    """Points with their kinds to tokens, a mask to a map."""

    def __init__(self) -> None:
        super().__init__()
        self.pe_layer = Positions()
        self.point_embeddings = nn.ModuleList(nn.Embedding(1, WIDTH) for _ in range(4))
        self.not_a_point_embed = nn.Embedding(1, WIDTH)
        self.mask_downscaling = nn.Sequential(
            nn.Conv2d(1, 4, 2, stride=2),
            ChannelNorm(4),
            nn.GELU(),
            nn.Conv2d(4, 16, 2, stride=2),
            ChannelNorm(16),
            nn.GELU(),
            nn.Conv2d(16, WIDTH, 1),
        )
        self.no_mask_embed = nn.Embedding(1, WIDTH)

    def tokens(self, points: Tensor, kinds: Tensor, side_px: int) -> Tensor:
        """NxKx256.

        Args:
            points: NxKx2 float32, x and y in pixels of the square that the network sees.
            kinds: NxK, the constants above.
            side_px: of that square.
        """
        own = cast(list[nn.Embedding], [self.not_a_point_embed, *self.point_embeddings])
        embeddings = torch.cat([each.weight for each in own])
        places = self.pe_layer((points + 0.5) / side_px)
        places = torch.where((kinds == PADDING)[..., None], torch.zeros_like(places), places)
        return places.to(embeddings.dtype) + embeddings[kinds + 1]

    def map(self, logits: Tensor | None) -> Tensor:
        """Nx256xHxW of an earlier mask's logits, Nx1x4Hx4W; 1x256x1x1 for none."""
        if logits is None:
            return self.no_mask_embed.weight.view(1, WIDTH, 1, 1)
        result: Tensor = self.mask_downscaling(logits)
        return result

    def grid(self, height: int, width: int) -> Tensor:
        """1x256xHxW: where each cell of the encoder's map is."""
        device = self.no_mask_embed.weight.device
        rows, columns = (
            (torch.arange(count, device=device, dtype=torch.float32) + 0.5) / count
            for count in (height, width)
        )
        places = torch.stack(torch.meshgrid(columns, rows, indexing="xy"), -1)
        codes: Tensor = self.pe_layer(places).permute(2, 0, 1)[None]
        return codes.to(self.no_mask_embed.weight.dtype)


class Positions(nn.Module):
    """Places as sines and cosines of random mixtures of x and y."""

    positional_encoding_gaussian_matrix: Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("positional_encoding_gaussian_matrix", torch.empty(2, WIDTH // 2))

    def forward(self, places: Tensor) -> Tensor:
        """...x256 of ...x2, x and y 0..1, in float32 whatever the network works in."""
        mixtures = (2 * places - 1) @ self.positional_encoding_gaussian_matrix.float()
        angles = 2 * math.pi * mixtures
        return torch.cat((angles.sin(), angles.cos()), -1)
