"""MobileNetV2 (Sandler et al. 2018), features only, in the two namings its checkpoints come in."""

from __future__ import annotations

from torch import Tensor, nn

STAGES = (
    (1, 16, 1, 1),
    (6, 24, 2, 2),
    (6, 32, 3, 2),
    (6, 64, 4, 2),
    (6, 96, 3, 1),
    (6, 160, 3, 2),
    (6, 320, 1, 1),
)
"""Expansion, channels, blocks, stride of the first block."""


def features(in_channels: int, *, nested: bool, last_channels: int | None = None) -> nn.Sequential:
    """The layers of MobileNetV2 in order.

    Args:
        in_channels: of the image.
        nested: each convolution of a block is a sequence of its own, as torchvision names them;
            otherwise a block is one flat sequence.
        last_channels: of the closing 1x1 convolution, None to leave it out.
    """
    channels = 32
    blocks: list[nn.Module] = [nn.Sequential(*_convolution(in_channels, channels, 3, stride=2))]
    for expansion, out_channels, count, stride in STAGES:
        for index in range(count):
            step = stride if index == 0 else 1
            blocks.append(InvertedResidual(channels, out_channels, step, expansion, nested=nested))
            channels = out_channels
    if last_channels is not None:
        blocks.append(nn.Sequential(*_convolution(channels, last_channels, 1)))
    return nn.Sequential(*blocks)


class InvertedResidual(nn.Module):
    """Widen, convolve each channel by itself, narrow; added to its input where the shapes agree."""

    def __init__(
        self, in_channels: int, out_channels: int, stride: int, expansion: int, *, nested: bool
    ) -> None:
        super().__init__()
        hidden = in_channels * expansion
        widen = _convolution(in_channels, hidden, 1) if expansion > 1 else []
        each = _convolution(hidden, hidden, 3, stride=stride, groups=hidden)
        narrow = [nn.Conv2d(hidden, out_channels, 1, bias=False), nn.BatchNorm2d(out_channels)]
        parts = (
            [nn.Sequential(*part) for part in (widen, each) if part] if nested else [*widen, *each]
        )
        self.conv = nn.Sequential(*parts, *narrow)
        self.adds = stride == 1 and in_channels == out_channels

    def forward(self, x: Tensor) -> Tensor:
        return x + self.conv(x) if self.adds else self.conv(x)


def _convolution(
    in_channels: int, out_channels: int, size: int, stride: int = 1, groups: int = 1
) -> list[nn.Module]:
    return [
        nn.Conv2d(in_channels, out_channels, size, stride, size // 2, groups=groups, bias=False),
        nn.BatchNorm2d(out_channels),
        nn.ReLU6(inplace=True),
    ]
