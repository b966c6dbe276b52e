"""RepViT-SAM: MobileSAM's masks with an encoder of convolutions alone (Wang et al. 2023, arXiv 2312.05760).

Upstream: THU-MIG/RepViT at 298f420, folder sam/, Apache-2.0. What differs: `fuse` makes one convolution of
each mixer's three branches once they are loaded; only rounding changes.
"""

from __future__ import annotations

from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines.layers import portioned
from flyaway.engines.layers.channel_norm import neck
from flyaway.engines.layers.folding import scale_and_shift
from flyaway.engines.layers.normed import Normed, normed
from flyaway.engines.layers.prompt_encoder import WIDTH

_GATED_THEN_NOT = (True, False)

STAGES = (
    (80, (*_GATED_THEN_NOT * 3, False)),
    (160, (False, *_GATED_THEN_NOT * 3, False)),
    (320, (False, *_GATED_THEN_NOT * 17, False)),
    (640, (False, True, False)),
)
"""Width of each stage, and which of its blocks are gated."""


class RepViT(nn.Module):
    """A sixteenth of the picture's size, 256 channels."""

    def __init__(self) -> None:
        super().__init__()
        first = STAGES[0][0]
        stem = nn.Sequential(
            normed(3, first // 2, 3, 2), nn.GELU(), normed(first // 2, first, 3, 2)
        )
        blocks = [(width, is_gated) for width, gates in STAGES for is_gated in gates]
        chain = pairwise([(first, False), *blocks])
        self.features = nn.ModuleList(
            (stem, *(Block(before, width, is_gated) for (before, _), (width, is_gated) in chain))
        )
        self.neck = neck(STAGES[-1][0], WIDTH)

    def forward(self, x: Tensor) -> Tensor:
        """Nx256xH/16xW/16 of Nx3xHxW."""
        for feature in self.features:
            x = feature(x)
        result: Tensor = self.neck(x)
        return result


class Block(nn.Module):
    """Places are mixed, then channels; the first block of a stage brings its width."""

    def __init__(self, width: int, next_width: int, is_gated: bool) -> None:
        super().__init__()
        if width == next_width:
            mixer: list[nn.Module] = [Mixer(width), Gate(width) if is_gated else nn.Identity()]
        else:
            stride = 1 if next_width == STAGES[-1][0] else 2
            whole = normed(width, width, 3, stride, groups=width)
            mixer = [whole, nn.Identity(), normed(width, next_width)]
        self.token_mixer = nn.Sequential(*mixer)
        inner = (normed(next_width, 2 * next_width), nn.GELU(), normed(2 * next_width, next_width))
        self.channel_mixer = nn.ModuleDict({"m": nn.Sequential(*inner)})

    def forward(self, x: Tensor) -> Tensor:
        """NxCxHxW in, the next width out."""
        x = self.token_mixer(x)
        result: Tensor = x + self.channel_mixer["m"](x)
        return result


class Mixer(nn.Module):
    """Each channel convolved, scaled and as it is, together normalised."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.conv: Normed = normed(width, width, 3, groups=width)
        self.conv1 = nn.Conv2d(width, width, 1, groups=width)
        self.bn = nn.BatchNorm2d(width)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self.bn(self.conv(x) + self.conv1(x) + x)
        return result

    def fused(self) -> nn.Conv2d:
        """One convolution that does all of it."""
        scale, shift = scale_and_shift(self.conv.bn)
        weight = self.conv.c.weight * scale[:, None, None, None]
        middle = self.conv1.weight + 1
        weight = weight + F.pad(middle, (1, 1, 1, 1))
        assert self.conv1.bias is not None
        bias = shift + self.conv1.bias
        scale, shift = scale_and_shift(self.bn)
        width = len(weight)
        with torch.device("meta"):
            whole = portioned.Conv2d(width, width, 3, padding=1, groups=width)
        whole.weight = nn.Parameter(weight * scale[:, None, None, None], requires_grad=False)
        whole.bias = nn.Parameter(bias * scale + shift, requires_grad=False)
        return whole


class Gate(nn.Module):
    """Channels are let through as far as the whole picture says."""

    def __init__(self, width: int) -> None:
        super().__init__()
        inner = (width // 4 + 4) // 8 * 8
        self.fc1 = nn.Conv2d(width, inner, 1)
        self.fc2 = nn.Conv2d(inner, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = x * self.fc2(F.relu(self.fc1(x.mean((2, 3), keepdim=True)))).sigmoid()
        return result


def fuse(network: nn.Module) -> None:
    """Let every mixer of a filled network be one convolution."""
    for block in list(network.modules()):
        if isinstance(block, Block) and isinstance(block.token_mixer[0], Mixer):
            block.token_mixer[0] = block.token_mixer[0].fused()
