"""From an image's embedding and prompts to masks: a transformer that looks both ways (Kirillov et al. 2023, ICCV).

Upstream: facebookresearch/segment-anything at dca509f and facebookresearch/sam2 at 2b90b9f, Apache-2.0.
MobileSAM and RepViT-SAM have the former's, SAM 2 one with a token more and finer maps. What differs: all four
masks are always made, which costs nothing beside the transformer; the caller picks.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines.layers.channel_norm import ChannelNorm
from flyaway.engines.layers.prompt_encoder import WIDTH

MASKS = 4
"""The first one is for several prompts, the others for one that may mean a part, an object or all of it."""

HEADS = 8


class MaskDecoder(nn.Module):
    """Four masks at four times the embedding's size, and how well each is thought to fit.

    Args:
        is_second: SAM 2's: an object's token first, finer maps, fits that are probabilities.
    """

    def __init__(self, is_second: bool = False) -> None:
        super().__init__()
        self.is_second = is_second
        self.transformer = Transformer()
        self.iou_token = nn.Embedding(1, WIDTH)
        self.mask_tokens = nn.Embedding(MASKS, WIDTH)
        self.output_upscaling = nn.Sequential(
            nn.ConvTranspose2d(WIDTH, WIDTH // 4, 2, stride=2),
            ChannelNorm(WIDTH // 4),
            nn.GELU(),
            nn.ConvTranspose2d(WIDTH // 4, WIDTH // 8, 2, stride=2),
            nn.GELU(),
        )
        self.output_hypernetworks_mlps = nn.ModuleList(
            Perceptron(WIDTH, WIDTH, WIDTH, WIDTH // 8) for _ in range(MASKS)
        )
        self.iou_prediction_head = Perceptron(WIDTH, WIDTH, WIDTH, MASKS)
        if is_second:
            self.obj_score_token = nn.Embedding(1, WIDTH)
            self.conv_s0 = nn.Conv2d(WIDTH, WIDTH // 8, 1)
            self.conv_s1 = nn.Conv2d(WIDTH, WIDTH // 4, 1)

    def forward(
        self, embedding: Tensor, places: Tensor, prompts: Tensor, finer: tuple[Tensor, ...] = ()
    ) -> tuple[Tensor, Tensor]:
        """Logits Nx4x4Hx4W, and for each mask how well it fits, Nx4.

        Args:
            embedding: Nx256xHxW, what is known of an earlier mask added.
            places: 1x256xHxW, where its cells are.
            prompts: NxKx256.
            finer: the image's maps at 4H and 2H, of 32 and 64 channels, for SAM 2.
        """
        own = [self.iou_token.weight, self.mask_tokens.weight]
        if self.is_second:
            own.insert(0, self.obj_score_token.weight)
        first = len(own) - 1  # of the tokens of masks
        tokens = torch.cat((torch.cat(own).expand(len(prompts), -1, -1), prompts), 1)
        in_rows = (each.flatten(2).transpose(1, 2).contiguous() for each in (embedding, places))
        tokens, cells = self.transformer(*in_rows, tokens)
        filters = [
            make(tokens[:, first + index])
            for index, make in enumerate(self.output_hypernetworks_mlps)
        ]
        logits = self._logits(cells, torch.stack(filters, 2), embedding.shape[2:], finer)
        fits = self.iou_prediction_head(tokens[:, first - 1])
        return logits, fits.sigmoid() if self.is_second else fits

    def _logits(
        self, cells: Tensor, filters: Tensor, grid: tuple[int, ...], finer: tuple[Tensor, ...]
    ) -> Tensor:
        """Each cell becomes four, each of these four more, and a place's logits are its product with the filters.

        Cells stay what they are for matrix products, and are put in their places at the end: twice as fast as
        transposed convolutions.

        Args:
            cells: NxHWx256.
            filters: Nx32x4.
            grid: H and W.
            finer: as in `forward`.
        """
        widen, norm, _, widen_again, _ = self.output_upscaling
        x = _in_four(cells, widen)
        if finer:
            x = x + _by_cell(finer[1], grid, (2,))
        assert isinstance(norm, ChannelNorm)
        x = F.gelu(norm.last(x))
        x = _in_four(x.flatten(1, 2), widen_again)
        if finer:
            x = x + _by_cell(finer[0], grid, (2, 2)).flatten(1, 2)
        logits = F.gelu(x).flatten(1, 2) @ filters
        # image, row, column; then row and column among four, twice; then the mask
        places = logits.view(len(cells), *grid, 2, 2, 2, 2, MASKS).permute(0, 7, 1, 3, 5, 2, 4, 6)
        return places.reshape(len(cells), MASKS, 4 * grid[0], 4 * grid[1])


def _in_four(x: Tensor, layer: nn.Module) -> Tensor:
    """What a transposed convolution of two by two makes of each place: NxKx4xD of NxKxC."""
    assert isinstance(layer, nn.ConvTranspose2d)
    weight = layer.weight.permute(2, 3, 1, 0)  # row, column, out, in
    made = F.linear(x, weight.flatten(0, 2)).unflatten(2, (4, -1))
    return made if layer.bias is None else made + layer.bias


def _by_cell(maps: Tensor, grid: tuple[int, ...], steps: tuple[int, ...]) -> Tensor:
    """Finer maps 1xCxhxw with the places of each cell together: 1xHWx4xC, or 1xHWx4x4xC after two steps."""
    count = len(steps)
    cells = maps.view(1, -1, grid[0], *steps, grid[1], *steps)
    rows, columns = range(2, 3 + count), range(3 + count, 4 + 2 * count)
    pairs = [axis for pair in zip(rows, columns, strict=True) for axis in pair]
    return cells.permute(0, *pairs, 1).reshape(1, grid[0] * grid[1], *[4] * count, -1)


class Perceptron(nn.Module):
    """Linear layers with a ReLU between two."""

    def __init__(self, *widths: int) -> None:
        super().__init__()
        self.layers = nn.ModuleList(map(nn.Linear, widths, widths[1:]))

    def forward(self, x: Tensor) -> Tensor:
        *inner, last = self.layers
        for layer in inner:
            x = F.relu(layer(x))
        result: Tensor = last(x)
        return result


class Transformer(nn.Module):
    """Two blocks, and a last look of the tokens at the image."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.ModuleList(Block(is_first=index == 0) for index in range(2))
        self.final_attn_token_to_image = Attention(WIDTH // 2)
        self.norm_final_attn = nn.LayerNorm(WIDTH)

    def forward(self, cells: Tensor, places: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
        """The tokens and the image's cells, each NxKx256; `places` are the cells'."""
        asked = tokens
        for layer in self.layers:
            tokens, cells = layer(tokens, cells, asked, places)
        found = self.final_attn_token_to_image(tokens + asked, cells + places, cells)
        return self.norm_final_attn(tokens + found), cells


class Block(nn.Module):
    """The tokens look at each other and at the image, then the image at them."""

    def __init__(self, is_first: bool) -> None:
        super().__init__()
        self.is_first = is_first
        self.self_attn = Attention(WIDTH)
        self.norm1 = nn.LayerNorm(WIDTH)
        self.cross_attn_token_to_image = Attention(WIDTH // 2)
        self.norm2 = nn.LayerNorm(WIDTH)
        self.mlp = nn.ModuleDict({"lin1": nn.Linear(WIDTH, 2048), "lin2": nn.Linear(2048, WIDTH)})
        self.norm3 = nn.LayerNorm(WIDTH)
        self.norm4 = nn.LayerNorm(WIDTH)
        self.cross_attn_image_to_token = Attention(WIDTH // 2)

    def forward(
        self, tokens: Tensor, cells: Tensor, asked: Tensor, places: Tensor
    ) -> tuple[Tensor, Tensor]:
        """As `Transformer`; `asked` are the tokens as they came."""
        if self.is_first:  # they are what was asked, and only that: nothing is added
            tokens = self.self_attn(tokens, tokens, tokens)
        else:
            query = tokens + asked
            tokens = tokens + self.self_attn(query, query, tokens)
        tokens = self.norm1(tokens)
        placed = cells + places
        tokens = self.norm2(tokens + self.cross_attn_token_to_image(tokens + asked, placed, cells))
        tokens = self.norm3(tokens + self.mlp["lin2"](F.relu(self.mlp["lin1"](tokens))))
        return tokens, self.norm4(
            cells + self.cross_attn_image_to_token(placed, tokens + asked, tokens)
        )


class Attention(nn.Module):
    """Attention of eight heads, inside as wide as said."""

    def __init__(self, inner: int) -> None:
        super().__init__()
        self.q_proj, self.k_proj, self.v_proj = (nn.Linear(WIDTH, inner) for _ in range(3))
        self.out_proj = nn.Linear(inner, WIDTH)

    def forward(self, queries: Tensor, keys: Tensor, values: Tensor) -> Tensor:
        """NxKx256 each."""
        split = (
            layer(x).unflatten(2, (HEADS, -1)).transpose(1, 2)
            for layer, x in ((self.q_proj, queries), (self.k_proj, keys), (self.v_proj, values))
        )
        seen = F.scaled_dot_product_attention(*split)
        result: Tensor = self.out_proj(seen.transpose(1, 2).flatten(2))
        return result
