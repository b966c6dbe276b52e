"""What Stable Diffusion's networks are made of: residual blocks, attention, halving and doubling.

Parameter names are those of diffusers 0.30, with which the checkpoints were made. What differs, equal up to
rounding: activations are made in place, and attention goes over its queries in portions and leaves out places that
a prompt shuts out.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import progress
from flyaway.engines.layers.portioned import PRODUCTS_AT_ONCE, Conv2d, Linear

GROUPS = 32

HEAD_WIDTH = 64

_SHUT = 10_000.0
"""What upstream takes from the scores of places beside a prompt."""

_UNSEEN = 1_000.0
"""So far below the best places a score gives a weight of 0, whatever two places have to do with each other."""


class Residual(nn.Module):
    """Two normalised convolutions, added to what they are made of.

    Args:
        epsilon: of the normalisations: 1e-5 in the network between latents, 1e-6 in what makes them.
        told: how many numbers say what is wanted; 0 where nobody does.
    """

    def __init__(self, in_channels: int, channels: int, epsilon: float, told: int = 0) -> None:
        super().__init__()
        self.norm1 = nn.GroupNorm(GROUPS, in_channels, epsilon)
        self.conv1 = Conv2d(in_channels, channels, 3, padding=1)
        if told:
            self.time_emb_proj = nn.Linear(told, channels)
        self.norm2 = nn.GroupNorm(GROUPS, channels, epsilon)
        self.conv2 = Conv2d(channels, channels, 3, padding=1)
        if in_channels != channels:
            self.conv_shortcut = Conv2d(in_channels, channels, 1)

    def forward(self, x: Tensor, told: Tensor | None = None) -> Tensor:
        """1xCxHxW to 1xOxHxW; what is told is 1xT."""
        inner = self.conv1(activated(self.norm1(x)))
        if told is not None:
            inner += self.time_emb_proj(F.silu(told))[:, :, None, None]
        inner = self.conv2(activated(self.norm2(inner)))
        return inner.add_(self.conv_shortcut(x) if hasattr(self, "conv_shortcut") else x)


def activated(x: Tensor) -> Tensor:
    """SiLU in place."""
    progress.check()  # of a large picture a normalisation is a long step of its own
    return F.silu(x, inplace=True)


class Halving(nn.Module):
    """A convolution in steps of two.

    Args:
        padding: on all sides; 0 for a row and a column of zeros below and on the right alone.
    """

    def __init__(self, channels: int, padding: int = 1) -> None:
        super().__init__()
        self.conv = Conv2d(channels, channels, 3, stride=2, padding=padding)

    def forward(self, x: Tensor) -> Tensor:
        """1xCxHxW to 1xCxH/2xW/2."""
        result: Tensor = self.conv(x if self.conv.padding[0] else F.pad(x, (0, 1, 0, 1)))
        return result


class Doubling(nn.Module):
    """Each pixel four times, then a convolution."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv = Conv2d(channels, channels, 3, padding=1)

    def forward(self, x: Tensor, size: tuple[int, int] | None = None) -> Tensor:
        """1xCxHxW to 1xCx2Hx2W, or to a size near that."""
        size = size or (2 * x.shape[2], 2 * x.shape[3])
        result: Tensor = self.conv(F.interpolate(x, size))
        return result


@dataclass(slots=True)
class Focus:
    """Where the places of a picture may look: not beside what a prompt points at.

    Attributes:
        lit: 1x1xhxw, 0..1, how much each place of the latents is pointed at; None where nothing is.
    """

    lit: Tensor | None = None
    _at: dict[tuple[int, int], tuple[Tensor | None, Tensor | None]] = field(default_factory=dict)

    def at(self, size: tuple[int, int]) -> tuple[Tensor | None, Tensor | None]:
        """For a map of a height and width: the places that are seen, and what is added to their scores; None for all, 0."""
        if self.lit is None:
            return None, None
        if size not in self._at:
            self._at[size] = self._found(size)
        return self._at[size]

    def _found(self, size: tuple[int, int]) -> tuple[Tensor | None, Tensor | None]:
        assert self.lit is not None
        added = (F.interpolate(self.lit, size).float().flatten() - 1) * _SHUT
        seen = (added >= added.max() - _UNSEEN).nonzero()[:, 0]
        kept = added[seen] - added.max()  # a softmax sees differences alone
        places = None if len(seen) == len(added) else seen
        return places, kept.to(self.lit.dtype) if kept.any() else None


class Attention(nn.Module):
    """Places of a picture look at each other, or at something else.

    Args:
        width: of the places.
        context: of what they look at.
        heads: how many look at once.
        has_bias: whether the first three products have one.
    """

    def __init__(self, width: int, context: int, heads: int, has_bias: bool = False) -> None:
        super().__init__()
        self.heads = heads
        self.to_q = Linear(width, width, bias=has_bias)
        self.to_k = Linear(context, width, bias=has_bias)
        self.to_v = Linear(context, width, bias=has_bias)
        self.to_out = nn.ModuleList([Linear(width, width)])

    def forward(self, x: Tensor, context: Tensor, added: Tensor | None = None) -> Tensor:
        """1xNxC and 1xMxK to 1xNxC; what is added to the scores is M."""
        sides = self.to_q(x), self.to_k(context), self.to_v(context)
        query, key, value = (side.unflatten(2, (self.heads, -1)).transpose(1, 2) for side in sides)
        result: Tensor = self.to_out[0](attended(query, key, value, added))
        return result


def attended(query: Tensor, key: Tensor, value: Tensor, added: Tensor | None = None) -> Tensor:
    """Softmax attention of 1xHxNxD over 1xHxMxD: 1xNxHD, a portion of the queries at a time on a processor.

    Args:
        query: what looks.
        key: what is looked at.
        value: what is seen there.
        added: M, to the scores.
    """
    products = 2 * key[0].numel()  # of one query
    portion = query.shape[2] if query.is_cuda else max(16, PRODUCTS_AT_ONCE // products)
    mask = None if added is None else added.expand(1, 1, 1, -1)
    found = []
    for queries in query.split(portion, 2):
        rows = None if mask is None else mask.expand(-1, -1, queries.shape[2], -1)
        found.append(F.scaled_dot_product_attention(queries, key, value, rows))
        progress.check()
    return torch.cat(found, 2).transpose(1, 2).flatten(2)


class Gated(nn.Module):
    """Half of a product, as far as the other half lets it through."""

    def __init__(self, width: int, inner: int) -> None:
        super().__init__()
        self.proj = Linear(width, 2 * inner)

    def forward(self, x: Tensor) -> Tensor:
        """…xC to …xI."""
        values, gates = self.proj(x).chunk(2, -1)
        return values * F.gelu(gates)


class FeedForward(nn.Module):
    """Each place for itself; what stands between the two is for training."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.net = nn.ModuleList([Gated(width, 4 * width), nn.Identity(), Linear(4 * width, width)])

    def forward(self, x: Tensor) -> Tensor:
        """…xC in and out."""
        result: Tensor = self.net[2](self.net[0](x))
        return result


class TransformerBlock(nn.Module):
    """Places look at each other, then at a context, then each thinks for itself."""

    def __init__(self, width: int, context: int) -> None:
        super().__init__()
        heads = width // HEAD_WIDTH
        self.norm1 = nn.LayerNorm(width)
        self.attn1 = Attention(width, width, heads)
        self.norm2 = nn.LayerNorm(width)
        self.attn2 = Attention(width, context, heads)
        self.norm3 = nn.LayerNorm(width)
        self.ff = FeedForward(width)

    def forward(
        self, x: Tensor, context: Tensor, places: Tensor | None, added: Tensor | None
    ) -> Tensor:
        """1xNxC in and out; of the N those `places` are seen."""
        normed = self.norm1(x)
        x = x + self.attn1(normed, normed if places is None else normed[:, places], added)
        x = x.add_(self.attn2(self.norm2(x), context))
        return x.add_(self.ff(self.norm3(x)))


class Transformer(nn.Module):
    """Attention over a map, added to it."""

    def __init__(self, width: int, context: int) -> None:
        super().__init__()
        self.norm = nn.GroupNorm(GROUPS, width, 1e-6)
        self.proj_in = Linear(width, width)
        self.transformer_blocks = nn.ModuleList([TransformerBlock(width, context)])
        self.proj_out = Linear(width, width)

    def forward(self, x: Tensor, context: Tensor, focus: Focus) -> Tensor:
        """1xCxHxW in and out; the context is 1xMxK."""
        size = x.shape[2], x.shape[3]
        tokens = self.proj_in(self.norm(x).flatten(2).transpose(1, 2))
        for block in self.transformer_blocks:
            tokens = block(tokens, context, *focus.at(size))
        return x + self.proj_out(tokens).transpose(1, 2).unflatten(2, size)
