"""Blocks that are small U-nets themselves, nested in a large one: what U2-Net and IS-Net are made of.

Sources: Qin et al. 2020 (Pattern Recognition), xuebinqin/U-2-Net at ac7e1c8; Qin et al. 2022 (ECCV),
xuebinqin/DIS at b6764e2.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines.layers import portioned

Widths = tuple[int, int, int]
"""Channels into a block, within it, and out of it."""


@dataclass(frozen=True, slots=True)
class Plan:
    """The widths of a network.

    Attributes:
        encoder: of the stages 1 to 6.
        decoder: of the stages 5 to 1.
    """

    encoder: tuple[Widths, ...]
    decoder: tuple[Widths, ...]


FULL = Plan(
    ((3, 32, 64), (64, 32, 128), (128, 64, 256), (256, 128, 512), (512, 256, 512), (512, 256, 512)),
    ((1024, 256, 512), (1024, 128, 256), (512, 64, 128), (256, 32, 64), (128, 16, 64)),
)
SMALL = Plan(((3, 16, 64), *[(64, 16, 64)] * 5), ((128, 16, 64),) * 5)


class Convolution(nn.Module):
    """Convolution, normalisation and ReLU."""

    def __init__(self, before: int, after: int, dilation: int = 1) -> None:
        super().__init__()
        self.conv_s1 = portioned.Conv2d(before, after, 3, padding=dilation, dilation=dilation)
        self.bn_s1 = nn.BatchNorm2d(after)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(self.bn_s1(self.conv_s1(x)), inplace=True)


class Block(nn.Module):
    """A residual U-block: so many convolutions down and up again, added to what came in.

    Args:
        height: convolutions on the way down.
        widths: its channels.
        dilations: of those convolutions; where they grow, the block does not shrink its input.
    """

    def __init__(self, height: int, widths: Widths, dilations: tuple[int, ...] = ()) -> None:
        super().__init__()
        before, within, after = widths
        self.height, self.is_flat = height, bool(dilations)
        downwards = dilations or (*[1] * (height - 1), 2)
        self.rebnconvin = Convolution(before, after)
        for number, dilation in enumerate(downwards, 1):
            entering = after if number == 1 else within
            self.add_module(f"rebnconv{number}", Convolution(entering, within, dilation))
        for number in range(height - 1, 0, -1):
            dilation = downwards[number - 1] if self.is_flat else 1
            leaving = after if number == 1 else within
            self.add_module(f"rebnconv{number}d", Convolution(2 * within, leaving, dilation))

    def forward(self, x: Tensor) -> Tensor:
        entered = x = self.rebnconvin(x)
        kept = []
        for number in range(1, self.height):
            x = self.get_submodule(f"rebnconv{number}")(x)
            kept.append(x)
            if not self.is_flat and number < self.height - 1:
                x = halved(x)
        x = self.get_submodule(f"rebnconv{self.height}")(x)
        for number in range(self.height - 1, 0, -1):
            partner = kept.pop()
            x = torch.cat((sized_like(x, partner), partner), 1)
            x = self.get_submodule(f"rebnconv{number}d")(x)
        return x + entered


class NestedU(nn.Module):
    """The large U, and a map of the subject from the side of each of its stages.

    Args:
        plan: its widths.
        entering: channels of what its first stage sees.
    """

    def __init__(self, plan: Plan, entering: int) -> None:
        super().__init__()
        (_, *rest), *others = plan.encoder
        for stage, widths in enumerate(((entering, *rest), *others), 1):
            self.add_module(f"stage{stage}", _block(stage, (widths[0], widths[1], widths[2])))
        for stage, widths in zip(range(5, 0, -1), plan.decoder, strict=True):
            self.add_module(f"stage{stage}d", _block(stage, widths))
        sides = (*(widths[2] for widths in reversed(plan.decoder)), plan.encoder[-1][2])
        for stage, width in enumerate(sides, 1):
            self.add_module(f"side{stage}", nn.Conv2d(width, 1, 3, padding=1))

    def stages(self, x: Tensor) -> list[Tensor]:
        """The features of the decoder's stages 1 to 5, and of the deepest one."""
        x = x.contiguous(memory_format=torch.channels_last)  # a quarter faster on CPUs
        kept = []
        for stage in range(1, 7):
            x = self.get_submodule(f"stage{stage}")(x if stage == 1 else halved(x))
            kept.append(x)
        found = [kept.pop()]
        for stage in range(5, 0, -1):
            partner = kept.pop()
            x = torch.cat((sized_like(x, partner), partner), 1)
            x = self.get_submodule(f"stage{stage}d")(x)
            found.insert(0, x)
        return found

    def side(self, stage: int, features: Tensor) -> Tensor:
        """A stage's map before the sigmoid, at its own size."""
        side: Tensor = self.get_submodule(f"side{stage}")(features)
        return side


def halved(x: Tensor) -> Tensor:
    """The largest of each four; an odd rest counts as well."""
    return F.max_pool2d(x, 2, 2, ceil_mode=True)


def sized_like(x: Tensor, other: Tensor) -> Tensor:
    """Bilinear, to the height and width of another."""
    if x.shape[2:] == other.shape[2:]:
        return x
    return F.interpolate(x, other.shape[2:], mode="bilinear", align_corners=False)


def _block(stage: int, widths: Widths) -> Block:
    if stage < 5:
        return Block(8 - stage, widths)
    return Block(4, widths, (1, 2, 4, 8))
