"""Residual networks (He et al. 2016) and what they are made of, without their classifier, under torchvision's names."""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines.layers import portioned

DEPTHS = {"resnet50": (3, 4, 6, 3), "resnet101": (3, 4, 23, 3)}


class ResNet(nn.Module):
    """Features at 1/2, 1/4, 1/8 and 1/16: the last stage is dilated instead of halved."""

    def __init__(self, variant: str, in_channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(in_channels, 64, 7, 2, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(64)
        first, second, third, fourth = DEPTHS[variant]
        self.layer1 = stage(64, 64, first)
        self.layer2 = stage(256, 128, second, stride=2)
        self.layer3 = stage(512, 256, third, stride=2)
        self.layer4 = stage(1024, 512, fourth, dilation=2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        half = F.relu_(self.bn1(self.conv1(x)))
        quarter = self.layer1(F.max_pool2d(half, 3, 2, 1))
        eighth = self.layer2(quarter)
        return half, quarter, eighth, self.layer4(self.layer3(eighth))


class Bottleneck(nn.Module):
    """Narrow, convolve, widen; added to its input."""

    def __init__(self, in_channels: int, inner: int, stride: int, dilation: int) -> None:
        super().__init__()
        self.conv1 = portioned.Conv2d(in_channels, inner, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(inner)
        self.conv2 = portioned.Conv2d(inner, inner, 3, stride, dilation, dilation, bias=False)
        self.bn2 = nn.BatchNorm2d(inner)
        self.conv3 = portioned.Conv2d(inner, 4 * inner, 1, bias=False)
        self.bn3 = nn.BatchNorm2d(4 * inner)
        self.downsample = nn.Sequential()  # nothing, where the input can be added as it is
        if stride != 1 or in_channels != 4 * inner:
            convolution = portioned.Conv2d(in_channels, 4 * inner, 1, stride, bias=False)
            self.downsample.extend((convolution, nn.BatchNorm2d(4 * inner)))

    def forward(self, x: Tensor) -> Tensor:
        inner = F.relu_(self.bn1(self.conv1(x)))
        inner = F.relu_(self.bn2(self.conv2(inner)))
        return F.relu_(self.bn3(self.conv3(inner)) + self.downsample(x))


class BasicBlock(nn.Module):
    """Convolve twice; added to its input."""

    def __init__(self, in_channels: int, channels: int, stride: int = 1) -> None:
        super().__init__()
        self.conv1 = portioned.Conv2d(in_channels, channels, 3, stride, 1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = portioned.Conv2d(channels, channels, 3, 1, 1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)
        self.downsample = nn.Sequential()  # nothing, where the input can be added as it is
        if stride != 1 or in_channels != channels:
            convolution = portioned.Conv2d(in_channels, channels, 1, stride, bias=False)
            self.downsample.extend((convolution, nn.BatchNorm2d(channels)))

    def forward(self, x: Tensor) -> Tensor:
        inner = F.relu_(self.bn1(self.conv1(x)))
        inner = self.bn2(self.conv2(inner))
        inner += self.downsample(x)
        return F.relu_(inner)


def basic_stage(in_channels: int, channels: int, count: int, stride: int = 1) -> nn.Sequential:
    """A stage of ResNet-18 or ResNet-34."""
    rest = (BasicBlock(channels, channels) for _ in range(count - 1))
    return nn.Sequential(BasicBlock(in_channels, channels, stride), *rest)


def stage(
    in_channels: int,
    inner: int,
    count: int,
    stride: int = 1,
    dilation: int = 1,
    first_dilation: int = 1,
) -> nn.Sequential:
    """A stage; the first block of a dilated one is dilated less, by torchvision not at all."""
    rest = (Bottleneck(4 * inner, inner, 1, dilation) for _ in range(count - 1))
    return nn.Sequential(Bottleneck(in_channels, inner, stride, first_dilation), *rest)
