"""GFM's encoders under upstream's names. No picture is shrunk before the first of their stages.

Each has the parts `encoder0` to `encoder4`; that of two more blocks `encoder5` and `encoder6` as well.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import progress
from flyaway.engines.layers import portioned, resnet

GROWTH, NARROWED = 32, 128
"""Channels that a layer of DenseNet adds, and what it narrows all before to."""


def parts(backbone: str) -> dict[str, nn.Module]:
    """The parts of an encoder by their names."""
    if backbone == "d121":
        return _dense()
    if backbone == "r101":
        stages = [
            resnet.stage(64, 64, 3),
            resnet.stage(256, 128, 4, stride=2),
            resnet.stage(512, 256, 23, stride=2),
            resnet.stage(1024, 512, 3, stride=2),
        ]
    else:
        stages = [
            resnet.basic_stage(64, 64, 3),
            resnet.basic_stage(64, 128, 4, stride=2),
            resnet.basic_stage(128, 256, 6, stride=2),
            resnet.basic_stage(256, 512, 3, stride=2),
        ]
    first: nn.Module = portioned.Conv2d(3, 64, 7, 2, 3, bias=False)
    if backbone == "r34_2b":
        first = portioned.Conv2d(3, 64, 3, padding=1)
        deeper = [
            nn.Sequential(Halved(), *(resnet.BasicBlock(512, 512) for _ in range(3)))
            for _ in range(2)
        ]
        stages += deeper
    else:
        stages[0] = nn.Sequential(nn.MaxPool2d(3, 2, 1), stages[0])
    stem = nn.Sequential(first, nn.BatchNorm2d(64), nn.ReLU(inplace=True))
    return {f"encoder{number}": part for number, part in enumerate((stem, *stages))}


class Halved(nn.Module):
    """The largest of each four; an odd rest counts as well."""

    def forward(self, x: Tensor) -> Tensor:
        return F.max_pool2d(x, 2, 2, ceil_mode=True)


class DenseLayer(nn.Module):
    """Normalise and convolve twice; what comes of it is put behind what came in."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm1 = nn.BatchNorm2d(channels)
        self.conv1 = portioned.Conv2d(channels, NARROWED, 1, bias=False)
        self.norm2 = nn.BatchNorm2d(NARROWED)
        self.conv2 = portioned.Conv2d(NARROWED, GROWTH, 3, padding=1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        inner = self.conv1(F.relu_(self.norm1(x)))
        progress.check()
        inner = self.conv2(F.relu_(self.norm2(inner)))
        return torch.cat((x, inner), 1)


class Transition(nn.Module):
    """Half the channels and half the size, by averages."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels)
        self.conv = portioned.Conv2d(channels, channels // 2, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        return F.avg_pool2d(self.conv(F.relu_(self.norm(x))), 2, 2)


def _dense() -> dict[str, nn.Module]:
    """DenseNet-121 (Huang et al. 2017), torchvision's layers under upstream's parts; the last is narrowed."""
    stem = nn.Sequential(
        portioned.Conv2d(3, 64, 7, 2, 3, bias=False), nn.BatchNorm2d(64), nn.ReLU(inplace=True)
    )
    built: dict[str, nn.Module] = {"encoder0": stem}
    channels = 64
    for stage, count in enumerate((6, 12, 24, 16), 1):
        block = nn.Sequential()
        for number in range(1, count + 1):
            block.add_module(f"denselayer{number}", DenseLayer(channels))
            channels += GROWTH
        if stage < 4:
            built[f"encoder{stage}"] = nn.Sequential(block, Transition(channels))
            channels //= 2
    narrowed = portioned.Conv2d(channels, 512, 3, padding=1)
    built["encoder4"] = nn.Sequential(
        block, narrowed, nn.BatchNorm2d(512), nn.ReLU(inplace=True), Halved()
    )
    return built
