"""SAM 2.1 on single images: finer masks from clicks and boxes (Ravi et al. 2024, arXiv 2408.00714).

Upstream: facebookresearch/sam2 at 2b90b9f, Apache-2.0, weights included. The encoder is Hiera (Ryali et al.
2023, ICML). What differs: what follows objects through films is left out; global attention goes over the
queries in slices, exactly.
"""

from __future__ import annotations

from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import progress
from flyaway.engines.layers import portioned
from flyaway.engines.layers.mask_decoder import MaskDecoder
from flyaway.engines.layers.prompt_encoder import WIDTH, PromptEncoder

WIDTHS = (96, 192, 384, 768)
WINDOWS = (8, 4, 14, 7)
"""Of each stage."""

QUERIES = 1024
"""Of global attention at once."""

UNUSED = (
    "memory_",
    "maskmem_tpos_enc",
    "mask_downsample.",
    "no_mem_pos_enc",
    "no_obj_",
    "obj_ptr_",
    "sam_mask_decoder.pred_obj_score_head.",
)
"""Of the file: what follows objects through films, and tells whether they are hidden."""


class SAM2(nn.Module):
    """An encoder, and what answers prompts, under the authors' names.

    Args:
        depths: blocks of each of the encoder's four stages.
        everywhere: those that look at all of the picture, by their number.
    """

    def __init__(self, depths: tuple[int, ...], everywhere: tuple[int, ...]) -> None:
        super().__init__()
        self.no_mem_embed = nn.Parameter(torch.empty(1, 1, WIDTH))
        self.image_encoder = nn.ModuleDict({"trunk": Hiera(depths, everywhere), "neck": Neck()})
        self.sam_prompt_encoder = PromptEncoder()
        self.sam_mask_decoder = MaskDecoder(is_second=True)

    @property
    def prompts(self) -> PromptEncoder:
        """Makes tokens of points."""
        return self.sam_prompt_encoder

    @property
    def decoder(self) -> MaskDecoder:
        """Makes masks of tokens."""
        return self.sam_mask_decoder

    def forward(self, planes: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """Maps at a sixteenth, a quarter and an eighth of Nx3xHxW, of 256, 32 and 64 channels."""
        quarter, eighth, sixteenth = self.image_encoder["neck"](self.image_encoder["trunk"](planes))
        seen = sixteenth + self.no_mem_embed.view(1, WIDTH, 1, 1)  # there is no film before it
        return seen, self.decoder.conv_s0(quarter), self.decoder.conv_s1(eighth)


class Hiera(nn.Module):
    """Four maps, each at half the size and twice the width of the one before; the first is a quarter's."""

    def __init__(self, depths: tuple[int, ...], everywhere: tuple[int, ...]) -> None:
        super().__init__()
        width = WIDTHS[0]
        self.patch_embed = nn.ModuleDict(
            {"proj": portioned.Conv2d(3, width, 7, stride=4, padding=3)}
        )
        self.pos_embed = nn.Parameter(torch.empty(1, width, 7, 7))
        self.pos_embed_window = nn.Parameter(torch.empty(1, width, WINDOWS[0], WINDOWS[0]))
        stages = [stage for stage, depth in enumerate(depths) for _ in range(depth)]
        self.ends = [sum(depths[: stage + 1]) - 1 for stage in range(len(depths))]
        self.blocks = nn.ModuleList(
            # the first block of a stage still sees in the windows of the one before
            Block(before, stage, 0 if index in everywhere else WINDOWS[before])
            for index, (before, stage) in enumerate(zip([0, *stages], stages, strict=False))
        )

    def forward(self, planes: Tensor) -> list[Tensor]:
        """NxCxHxW each, the largest first."""
        x = self.patch_embed["proj"](planes)
        x = (x + self._positions(x)).permute(0, 2, 3, 1)
        maps = []
        for index, block in enumerate(self.blocks):
            x = block(x)
            if index in self.ends:
                maps.append(x.permute(0, 3, 1, 2))
        return maps

    def _positions(self, x: Tensor) -> Tensor:
        height, width = x.shape[2:]
        whole = F.interpolate(self.pos_embed, (height, width), mode="bicubic")
        return whole + self.pos_embed_window.tile(1, 1, height // WINDOWS[0], width // WINDOWS[0])


class Block(nn.Module):
    """Attention, in windows or everywhere, and a perceptron; the first of a stage halves the size."""

    def __init__(self, before: int, stage: int, window: int) -> None:
        super().__init__()
        width, next_width = WIDTHS[before], WIDTHS[stage]
        self.window, self.halves = window, before != stage
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, next_width, 2**stage, self.halves)
        self.norm2 = nn.LayerNorm(next_width, eps=1e-6)
        self.mlp = Perceptron(next_width)
        if self.halves:
            self.proj = portioned.Linear(width, next_width)

    def forward(self, x: Tensor) -> Tensor:
        """NxHxWxC in and out."""
        normed = self.norm1(x)
        if self.halves:
            x = halved(self.proj(normed))
        x = x + (self._in_windows(normed, x.shape) if self.window else self.attn(normed))
        result: Tensor = x + self.mlp(self.norm2(x))
        return result

    def _in_windows(self, x: Tensor, shape: torch.Size) -> Tensor:
        """Attention within windows; the zeros that fill up the last ones take part in it."""
        side = self.window
        x = F.pad(x, (0, 0, 0, -x.shape[2] % side, 0, -x.shape[1] % side))
        cells = x.unflatten(1, (-1, side)).unflatten(3, (-1, side)).transpose(2, 3)
        attended = self.attn(cells.flatten(0, 2))
        whole = attended.view(*cells.shape[:3], *attended.shape[1:]).transpose(2, 3)
        return whole.flatten(3, 4).flatten(1, 2)[:, : shape[1], : shape[2]]


class Attention(nn.Module):
    """Self-attention over a grid; where it halves the grid, of each square of four places the strongest asks."""

    def __init__(self, width: int, next_width: int, heads: int, halves: bool) -> None:
        super().__init__()
        self.heads, self.halves = heads, halves
        self.qkv = portioned.Linear(width, 3 * next_width)
        self.proj = portioned.Linear(next_width, next_width)

    def forward(self, x: Tensor) -> Tensor:
        """NxHxWxC in and out."""
        queries, keys, values = self.qkv(x).chunk(3, 3)
        if self.halves:
            queries = halved(queries)
        grid = queries.shape[1:3]
        asking, keys, values = (
            each.flatten(1, 2).unflatten(2, (self.heads, -1)).transpose(1, 2)
            for each in (queries, keys, values)
        )
        seen = []
        for some in asking.split(QUERIES, 2):
            seen.append(F.scaled_dot_product_attention(some, keys, values))
            progress.check()
        result: Tensor = self.proj(torch.cat(seen, 2).transpose(1, 2).flatten(2).unflatten(1, grid))
        return result


class Perceptron(nn.Module):
    """Four times wider inside."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(
            (portioned.Linear(width, 4 * width), portioned.Linear(4 * width, width))
        )

    def forward(self, x: Tensor) -> Tensor:
        """...xC in and out."""
        widen, narrow = self.layers
        result: Tensor = narrow(F.gelu(widen(x)))
        return result


class Neck(nn.Module):
    """The encoder's maps at one width; a sixteenth's with what the smallest one says."""

    def __init__(self) -> None:
        super().__init__()
        self.convs = nn.ModuleList(
            nn.ModuleDict({"conv": portioned.Conv2d(width, WIDTH, 1)}) for width in WIDTHS[::-1]
        )

    def forward(self, maps: list[Tensor]) -> list[Tensor]:
        """Nx256xHxW of all maps but the smallest, the largest first."""
        *finer, sixteenth, smallest = (
            cast(nn.ModuleDict, self.convs[-1 - index])["conv"](each)
            for index, each in enumerate(maps)
        )
        wide = F.interpolate(smallest, scale_factor=2.0, mode="nearest")
        return [*finer, sixteenth + wide]


def halved(x: Tensor) -> Tensor:
    """The largest of each square of four places; NxHxWxC."""
    return F.max_pool2d(x.permute(0, 3, 1, 2), 2).permute(0, 2, 3, 1)
