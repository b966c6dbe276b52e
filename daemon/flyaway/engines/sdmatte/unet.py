"""Stable Diffusion's network as SDMatte has it: the latents of picture and prompt in, those of the alpha out."""

from __future__ import annotations

import math
from typing import cast

import torch
from torch import Tensor, nn

from flyaway.engines.layers.portioned import Conv2d
from flyaway.engines.sdmatte.blocks import (
    GROUPS,
    Doubling,
    Focus,
    Halving,
    Residual,
    Transformer,
    activated,
)
from flyaway.engines.sdmatte.plan import Stages

LATENTS = 4

_EPSILON = 1e-5

_POINTS_WIDTH = 1680
"""How many numbers tell of points; it can be shared out among many counts of coordinates."""

_BOX_WIDTH = 320
"""How many numbers tell of each coordinate of a box."""


class Told(nn.Module):
    """Two products that make of numbers what all blocks are told."""

    def __init__(self, numbers: int, width: int) -> None:
        super().__init__()
        self.linear_1 = nn.Linear(numbers, width)
        self.linear_2 = nn.Linear(width, width)

    def forward(self, numbers: Tensor) -> Tensor:
        """1xN to 1xT."""
        result: Tensor = self.linear_2(activated(self.linear_1(numbers)))
        return result


class Stage(nn.Module):
    """Residual blocks at one size, each with a look around.

    Args:
        channels: what goes into each block, and what comes out of all.
        context: of what the blocks with attention look at; None where they have none.
        told: how many numbers say what is wanted.

    Attributes:
        downsamplers: what halves the result; not on the way up, nor at the end of the way down.
        upsamplers: likewise what doubles it.
    """

    downsamplers: nn.ModuleList
    upsamplers: nn.ModuleList

    def __init__(
        self, channels: tuple[tuple[int, ...], int], context: int | None, told: int
    ) -> None:
        super().__init__()
        ins, out = channels
        self.resnets = nn.ModuleList(Residual(each, out, _EPSILON, told) for each in ins)
        if context is not None:
            self.attentions = nn.ModuleList(Transformer(out, context) for _ in ins)

    def step(self, index: int, x: Tensor, told: Tensor, context: Tensor, focus: Focus) -> Tensor:
        """One block: 1xCxHxW to 1xOxHxW."""
        x = self.resnets[index](x, told)
        if hasattr(self, "attentions"):
            x = self.attentions[index](x, context, focus)
        return x


class Middle(nn.Module):
    """Between the two ways: two blocks, and a look around between them."""

    def __init__(self, width: int, context: int, told: int) -> None:
        super().__init__()
        self.attentions = nn.ModuleList([Transformer(width, context)])
        self.resnets = nn.ModuleList(Residual(width, width, _EPSILON, told) for _ in range(2))

    def forward(self, x: Tensor, told: Tensor, context: Tensor, focus: Focus) -> Tensor:
        """1xCxhxw in and out."""
        x = self.attentions[0](self.resnets[0](x, told), context, focus)
        result: Tensor = self.resnets[1](x, told)
        return result


class UNet(nn.Module):
    """The network.

    Args:
        stages: its size.
        context: width of the words' embedding, and of the prompt that the middle looks at.
    """

    def __init__(self, stages: Stages, context: int) -> None:
        super().__init__()
        widths, last = stages.widths, len(stages.widths) - 1
        told = 4 * widths[0]
        self.width = widths[0]
        self.conv_in = Conv2d(2 * LATENTS, widths[0], 3, padding=1)
        self.aux_conv_in = Conv2d(LATENTS, context, 3, padding=1)
        self.time_embedding = Told(widths[0], told)
        self.point_embedding = Told(_POINTS_WIDTH, told)
        self.bbox_embedding = Told(4 * _BOX_WIDTH, told)
        self.down_blocks = nn.ModuleList()
        kept = [widths[0]]  # channels of what the way up sees again
        for index, width in enumerate(widths):
            ins = (kept[-1], *[width] * (stages.layers - 1))
            seen = context if index < stages.attending else None
            stage = Stage((ins, width), seen, told)
            kept += [width] * stages.layers
            if index < last:
                stage.downsamplers = nn.ModuleList([Halving(width)])
                kept.append(width)
            self.down_blocks.append(stage)
        self.mid_block = Middle(widths[-1], context, told) if stages.has_middle else None
        self.up_blocks = nn.ModuleList()
        before = widths[-1]
        for index, width in reversed(list(enumerate(widths))):
            own = (before, *[width] * stages.layers)
            ins = tuple(each + kept.pop() for each in own)
            stage = Stage((ins, width), context if index < stages.attending else None, told)
            if index > 0:
                stage.upsamplers = nn.ModuleList([Doubling(width)])
            self.up_blocks.append(stage)
            before = width
        self.conv_norm_out = nn.GroupNorm(GROUPS, widths[0], _EPSILON)
        self.conv_out = Conv2d(widths[0], LATENTS, 3, padding=1)

    def forward(
        self, x: Tensor, told: Tensor, words: Tensor, prompt: Tensor, focus: Focus
    ) -> Tensor:
        """The alpha's latents.

        Args:
            x: 1x8xhxw, the picture's and the prompt's.
            told: what `told` made.
            words: 1xNxK, the embedding that all blocks but the middle look at.
            prompt: 1x4xhxw, its latents, which the middle looks at.
            focus: where places may look.
        """
        x = self.conv_in(x)
        kept = [x]
        for stage in _stages(self.down_blocks):
            for index in range(len(stage.resnets)):
                x = stage.step(index, x, told, words, focus)
                kept.append(x)
            if hasattr(stage, "downsamplers"):
                x = stage.downsamplers[0](x)
                kept.append(x)
        if self.mid_block is not None:
            context = self.aux_conv_in(prompt).flatten(2).transpose(1, 2)
            x = self.mid_block(x, told, context, focus)
        for stage in _stages(self.up_blocks):
            for index in range(len(stage.resnets)):
                x = stage.step(index, torch.cat((x, kept.pop()), 1), told, words, focus)
            if hasattr(stage, "upsamplers"):
                x = stage.upsamplers[0](x, (kept[-1].shape[2], kept[-1].shape[3]))
        result: Tensor = self.conv_out(activated(self.conv_norm_out(x)))
        return result

    def told(
        self, coordinates: Tensor, is_points: bool, is_opaque: bool, dtype: torch.dtype
    ) -> Tensor:
        """What all blocks are told, 1xT.

        Args:
            coordinates: N float32, shares of width and height: x, y of each point, or a box's left, top, right, bottom.
            is_points: whether they are points.
            is_opaque: whether the subject lets nothing through.
            dtype: of what comes of it.
        """
        opacity = waves(coordinates.new_tensor([float(is_opaque)]), self.width)
        if is_points:
            room = next(n for n in range(len(coordinates), _POINTS_WIDTH) if _POINTS_WIDTH % n == 0)
            padded = torch.nn.functional.pad(coordinates, (0, room - len(coordinates)))
            where = self.point_embedding(_row(waves(padded, _POINTS_WIDTH // room), dtype))
        else:
            where = self.bbox_embedding(_row(waves(coordinates, _BOX_WIDTH), dtype))
        result: Tensor = self.time_embedding(_row(opacity, dtype)) + where
        return result


def waves(numbers: Tensor, width: int) -> Tensor:
    """Cosines, then sines, of each number at falling frequencies: N to Nxwidth; a last 0 where that is odd."""
    half = width // 2
    steps = torch.arange(half, dtype=torch.float32, device=numbers.device)
    angles = numbers.float()[:, None] * torch.exp(-math.log(10_000) / half * steps)
    found = torch.cat((angles.cos(), angles.sin()), 1)
    return torch.nn.functional.pad(found, (0, width - 2 * half))


def _row(numbers: Tensor, dtype: torch.dtype) -> Tensor:
    return numbers.reshape(1, -1).to(dtype)


def _stages(blocks: nn.ModuleList) -> list[Stage]:
    return cast(list[Stage], list(blocks))
