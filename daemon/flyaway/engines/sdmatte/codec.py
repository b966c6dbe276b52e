"""What makes latents of a picture, and a picture of latents: Stable Diffusion's autoencoder, and TAESD for the light network."""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import progress
from flyaway.engines.layers.portioned import Conv2d
from flyaway.engines.sdmatte.blocks import (
    GROUPS,
    Attention,
    Doubling,
    Halving,
    Residual,
    activated,
)
from flyaway.engines.sdmatte.plan import Codec
from flyaway.engines.sdmatte.unet import LATENTS

_EPSILON = 1e-6

_SCALE = 0.18215
"""Brings Stable Diffusion's latents to a deviation of 1."""


class Look(Attention):
    """All places of a map look at each other; the result is added to it."""

    def __init__(self, width: int) -> None:
        super().__init__(width, width, 1, has_bias=True)
        self.group_norm = nn.GroupNorm(GROUPS, width, _EPSILON)

    def over(self, x: Tensor) -> Tensor:
        """1xCxHxW in and out."""
        tokens = self.group_norm(x).flatten(2).transpose(1, 2)
        return x + self(tokens, tokens).transpose(1, 2).unflatten(2, x.shape[2:])


class Middle(nn.Module):
    """Two blocks, and a look around between them."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.attentions = nn.ModuleList([Look(width)])
        self.resnets = nn.ModuleList(Residual(width, width, _EPSILON) for _ in range(2))

    def forward(self, x: Tensor) -> Tensor:
        """1xCxHxW in and out."""
        (look,) = self.attentions
        assert isinstance(look, Look)
        result: Tensor = self.resnets[1](look.over(self.resnets[0](x)))
        return result


class Stage(nn.Module):
    """Blocks at one size."""

    def __init__(self, in_channels: int, width: int, layers: int) -> None:
        super().__init__()
        ins = (in_channels, *[width] * (layers - 1))
        self.resnets = nn.ModuleList(Residual(each, width, _EPSILON) for each in ins)

    def forward(self, x: Tensor) -> Tensor:
        """1xCxHxW to 1xOxhxw."""
        for block in self.resnets:
            x = block(x)
        for kind in ("downsamplers", "upsamplers"):
            if hasattr(self, kind):
                x = getattr(self, kind)[0](x)
        return x


class Encoder(nn.Module):
    """A picture to its latents' means and deviations."""

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        widths = codec.widths
        self.conv_in = Conv2d(3, widths[0], 3, padding=1)
        self.down_blocks = nn.ModuleList()
        for before, width in pairwise((widths[0], *widths)):
            self.down_blocks.append(Stage(before, width, codec.layers))
        for stage, width in list(zip(self.down_blocks, widths, strict=True))[:-1]:
            stage.downsamplers = nn.ModuleList([Halving(width, padding=0)])
        self.mid_block = Middle(widths[-1])
        self.conv_norm_out = nn.GroupNorm(GROUPS, widths[-1], _EPSILON)
        self.conv_out = Conv2d(widths[-1], 2 * LATENTS, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """1x3xHxW to 1x8xH/8xW/8."""
        x = self.conv_in(x)
        for stage in self.down_blocks:
            x = stage(x)
        result: Tensor = self.conv_out(activated(self.conv_norm_out(self.mid_block(x))))
        return result


class Decoder(nn.Module):
    """Latents to a picture."""

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        widths = codec.widths[::-1]
        self.conv_in = Conv2d(LATENTS, widths[0], 3, padding=1)
        self.up_blocks = nn.ModuleList()
        for before, width in pairwise((widths[0], *widths)):
            self.up_blocks.append(Stage(before, width, codec.layers + 1))
        for stage, width in list(zip(self.up_blocks, widths, strict=True))[:-1]:
            stage.upsamplers = nn.ModuleList([Doubling(width)])
        self.mid_block = Middle(widths[0])
        self.conv_norm_out = nn.GroupNorm(GROUPS, widths[-1], _EPSILON)
        self.conv_out = Conv2d(widths[-1], 3, 3, padding=1)

    def forward(self, x: Tensor) -> Tensor:
        """1x4xhxw to 1x3x8hx8w."""
        x = self.mid_block(self.conv_in(x))
        for stage in self.up_blocks:
            x = stage(x)
        result: Tensor = self.conv_out(activated(self.conv_norm_out(x)))
        return result


class Autoencoder(nn.Module):
    """Stable Diffusion's (Rombach et al. 2022)."""

    def __init__(self, codec: Codec) -> None:
        super().__init__()
        self.encoder = Encoder(codec)
        self.decoder = Decoder(codec)
        self.quant_conv = Conv2d(2 * LATENTS, 2 * LATENTS, 1)
        self.post_quant_conv = Conv2d(LATENTS, LATENTS, 1)

    def encode(self, picture: Tensor) -> Tensor:
        """The means of the latents, 1x4xH/8xW/8, of a picture 1x3xHxW, -1..1."""
        found: Tensor = self.quant_conv(self.encoder(picture))
        return found[:, :LATENTS] * _SCALE

    def decode(self, latents: Tensor) -> Tensor:
        """A picture 1x3xHxW, about -1..1, of latents."""
        result: Tensor = self.decoder(self.post_quant_conv(latents / _SCALE))
        return result


class TinyBlock(nn.Module):
    """Three convolutions, added to what they are made of."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv = nn.ModuleDict(
            {str(index): Conv2d(width, width, 3, padding=1) for index in (0, 2, 4)}
        )

    def forward(self, x: Tensor) -> Tensor:
        """1xCxHxW in and out."""
        inner = F.relu_(self.conv["2"](F.relu_(self.conv["0"](x))))
        return F.relu_(self.conv["4"](inner).add_(x))


class _Layers(nn.Module):
    """Layers one after the other, under upstream's numbers."""

    def __init__(self, *layers: nn.Module) -> None:
        super().__init__()
        self.layers = nn.Sequential(*layers)

    def forward(self, x: Tensor) -> Tensor:
        for layer in self.layers:
            x = layer(x)
            progress.check()
        return x


class TinyAutoencoder(nn.Module):
    """TAESD (madebyollin/taesd), with its one size."""

    WIDTH = 64

    def __init__(self) -> None:
        super().__init__()
        width = self.WIDTH
        coding: list[nn.Module] = [Conv2d(3, width, 3, padding=1), TinyBlock(width)]
        for _ in range(3):
            coding.append(Conv2d(width, width, 3, stride=2, padding=1, bias=False))
            coding += [TinyBlock(width) for _ in range(3)]
        self.encoder = _Layers(*coding, Conv2d(width, LATENTS, 3, padding=1))
        drawing: list[nn.Module] = [Conv2d(LATENTS, width, 3, padding=1), nn.ReLU(inplace=True)]
        for _ in range(3):
            drawing += [TinyBlock(width) for _ in range(3)]
            drawing.append(nn.Upsample(scale_factor=2))
            drawing.append(Conv2d(width, width, 3, padding=1, bias=False))
        self.decoder = _Layers(*drawing, TinyBlock(width), Conv2d(width, 3, 3, padding=1))

    def encode(self, picture: Tensor) -> Tensor:
        """The latents, 1x4xH/8xW/8, of a picture 1x3xHxW, -1..1."""
        # upstream brings it to 0..1 before this does so once more, and has trained with that
        result: Tensor = self.encoder((picture + 3) / 4)
        return result

    def decode(self, latents: Tensor) -> Tensor:
        """A picture 1x3xHxW, about -1..1, of latents."""
        result: Tensor = self.decoder(torch.tanh(latents / 3) * 3)
        return result * 2 - 1
