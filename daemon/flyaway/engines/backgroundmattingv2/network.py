"""BackgroundMattingV2: alpha and foreground from a plate of the empty scene (Lin et al. 2021, CVPR).

Upstream: PeterL1n/BackgroundMattingV2 at a8e82df, code and weights MIT. Parameter names and the settings
of the network (`backbone_scale`, `refiner.mode`, `sample_pixels`, `threshold`) are upstream's.

What differs: any image size; top-k never asks for more patches than there are; patches are refined and
the coarse result is enlarged in strips of rows, so that memory beyond the result stays small.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from flyaway.engines import pixels, progress
from flyaway.engines.layers import mobilenetv2, resnet
from flyaway.engines.layers.pyramid import Pyramid

PATCH_PX = 4

DILATIONS = (3, 6, 9)
"""Of the pyramid over the deepest features."""

STRIP_ROWS = 256
PATCHES_AT_ONCE = 2048

Rows = Callable[[int, int], Tensor]
"""Rows `first` to `last` of image and plate in one: 1x6xrowsxW, 0..1."""


@dataclass(frozen=True, slots=True)
class Coarse:
    """What the network makes of the small pictures.

    Attributes:
        alpha: 1x1xhxw, 0..1.
        colours: 1x3xhxw, foreground less image.
        error: 1x1xhxw, 0..1, how wrong `alpha` is thought to be.
        hidden: 1x32xhxw, what the refiner wants to know.
    """

    alpha: Tensor
    colours: Tensor
    error: Tensor
    hidden: Tensor


class BackgroundMattingV2(nn.Module):
    """A coarse look at both pictures, then patches refined where that was thought to be wrong."""

    def __init__(self, backbone: str) -> None:
        super().__init__()
        self.backbone_scale = 0.25
        if backbone == "mobilenetv2":
            self.backbone: nn.Module = MobileNetV2()
            deepest, skips = 320, (32, 24, 16, 6)
        else:
            self.backbone = resnet.ResNet(backbone, in_channels=6)
            deepest, skips = 2048, (512, 256, 64, 6)
        self.aspp = Pyramid(deepest, DILATIONS)
        self.decoder = Decoder(skips)
        self.refiner = Refiner()

    def forward(self, image: Tensor, plate: Tensor) -> tuple[Tensor, ...]:
        """What upstream's gives: alpha, foreground, both coarse, the error and the refined patches.

        Args:
            image: 1x3xHxW, 0..1, sides multiples of four.
            plate: likewise.
        """
        both = torch.cat((image, plate), 1)
        size = both.shape[2], both.shape[3]
        small = [int(side * self.backbone_scale) for side in size]
        seen = F.interpolate(both, small, mode="bilinear", align_corners=False)
        coarse = self.coarse(seen)
        strips = self.strips(coarse, size, lambda first, last: both[:, :, first:last])
        whole = torch.cat([strip for _, strip in strips], 2)
        colours = (seen[:, :3] + coarse.colours).clamp(0, 1)
        chosen = self.refiner.chosen(coarse.error, size)
        return whole[:, :1], whole[:, 1:], coarse.alpha, colours, coarse.error, chosen

    def coarse(self, both: Tensor) -> Coarse:
        """The coarse result for both pictures in one, 1x6xhxw."""
        both = both.contiguous(memory_format=torch.channels_last)
        half, quarter, eighth, deepest = self.backbone(both)
        x = self.decoder(self.aspp(deepest), eighth, quarter, half, both)
        alpha, colours, error, hidden = x.split((1, 3, 1, 32), 1)
        return Coarse(alpha.clamp(0, 1), colours, error.clamp(0, 1), hidden.relu())

    def strips(
        self, coarse: Coarse, size: tuple[int, int], rows: Rows, part: slice | None = None
    ) -> Iterator[tuple[int, Tensor]]:
        """The refined result from top to bottom.

        Args:
            coarse: of the whole.
            size: height and width of the whole.
            rows: gives rows of both pictures in one, 1x6xrowsxW.
            part: the rows that are wanted, both ends multiples of four; None for all.

        Yields:
            The first row of a strip, and alpha and foreground there in one: 1x4xrowsxW, 0..1.
        """
        chosen = self.refiner.chosen(coarse.error, size)
        part = part or slice(0, size[0])
        for first in range(part.start, part.stop, STRIP_ROWS):
            last = min(first + STRIP_ROWS, part.stop)
            strip = self.refiner(coarse, chosen, size, first, last, rows)
            strip[:, 1:] += rows(first, last)[:, :3]
            yield first, strip.clamp_(0, 1)


class MobileNetV2(nn.Module):
    """Features at 1/2, 1/4, 1/8 and 1/16: the last stage is dilated instead of halved."""

    def __init__(self) -> None:
        super().__init__()
        self.features = mobilenetv2.features(6, nested=True)
        for index, block in enumerate(cast(nn.Sequential, self.features[14:18])):
            each = cast(nn.Conv2d, block.get_submodule("conv.1.0"))
            each.stride = (1, 1)
            if index:
                each.dilation = each.padding = (2, 2)

    def forward(self, x: Tensor) -> tuple[Tensor, Tensor, Tensor, Tensor]:
        half = self.features[:2](x)
        quarter = self.features[2:4](half)
        eighth = self.features[4:7](quarter)
        return half, quarter, eighth, self.features[7:](eighth)


class Decoder(nn.Module):
    """Enlarge step by step, with what the backbone saw at each size."""

    def __init__(self, skips: tuple[int, int, int, int]) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(256 + skips[0], 128, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(128)
        self.conv2 = nn.Conv2d(128 + skips[1], 64, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(64)
        self.conv3 = nn.Conv2d(64 + skips[2], 48, 3, padding=1, bias=False)
        self.bn3 = nn.BatchNorm2d(48)
        self.conv4 = nn.Conv2d(48 + skips[3], 1 + 3 + 1 + 32, 3, padding=1)

    def forward(
        self, x: Tensor, eighth: Tensor, quarter: Tensor, half: Tensor, whole: Tensor
    ) -> Tensor:
        x = F.relu_(self.bn1(self.conv1(_beside(x, eighth))))
        x = F.relu_(self.bn2(self.conv2(_beside(x, quarter))))
        x = F.relu_(self.bn3(self.conv3(_beside(x, half))))
        return self.conv4(_beside(x, whole))


def _beside(x: Tensor, seen: Tensor) -> Tensor:
    """`x` enlarged to the size of `seen`, and that behind it."""
    enlarged = F.interpolate(x, seen.shape[2:], mode="bilinear", align_corners=False)
    return torch.cat((enlarged, seen), 1)


class Refiner(nn.Module):
    """Solves patches of 4x4 pixels again, from the pictures themselves.

    Attributes:
        mode: "thresholding" patches whose error is above `threshold`, "sampling" the `sample_pixels`
            worst, "full" all.
    """

    def __init__(self) -> None:
        super().__init__()
        self.mode = "sampling"
        self.sample_pixels = 80_000
        self.threshold = 0.1
        self.prevent_oversampling = True
        self.conv1 = nn.Conv2d(32 + 6 + 4, 24, 3, bias=False)
        self.bn1 = nn.BatchNorm2d(24)
        self.conv2 = nn.Conv2d(24, 16, 3, bias=False)
        self.bn2 = nn.BatchNorm2d(16)
        self.conv3 = nn.Conv2d(16 + 6, 12, 3, bias=False)
        self.bn3 = nn.BatchNorm2d(12)
        self.conv4 = nn.Conv2d(12, 4, 3)

    def chosen(self, error: Tensor, size: tuple[int, int]) -> Tensor:
        """1x1xH/4xW/4, 1 for each patch to be refined, of a coarse error."""
        patches = [side // PATCH_PX for side in size]
        error = F.interpolate(error, patches, mode="bilinear", align_corners=False)
        if self.mode == "full":
            return torch.ones_like(error)
        if self.mode == "thresholding":
            return error.gt(self.threshold).to(error)
        count = min(self.sample_pixels // PATCH_PX**2, error.numel())
        worst = error.flatten().topk(count, sorted=False).indices
        chosen = torch.zeros_like(error).flatten().index_fill_(0, worst, 1).view_as(error)
        return chosen * error.gt(0) if self.prevent_oversampling else chosen

    def forward(
        self,
        coarse: Coarse,
        chosen: Tensor,
        size: tuple[int, int],
        first: int,
        last: int,
        rows: Rows,
    ) -> Tensor:
        """Alpha and foreground less image of a strip, 1x4xrowsxW, chosen patches refined."""
        alpha_and_colours = torch.cat((coarse.alpha, coarse.colours), 1)
        strip = pixels.upsampled_rows(alpha_and_colours, size, first, last)
        down, across = torch.nonzero(
            chosen[0, 0, first // PATCH_PX : last // PATCH_PX], as_tuple=True
        )
        if not len(down):
            return strip
        progress.check()
        halves, full = self._around(coarse, size, first, last, rows)
        refined = strip[0].unflatten(1, (-1, PATCH_PX)).unflatten(3, (-1, PATCH_PX))
        for some in torch.arange(len(down), device=down.device).split(PATCHES_AT_ONCE):
            place = down[some], across[some]
            patches = self._refined(_patches(halves, place, 2, 8), _patches(full, place, 4, 8))
            refined[:, place[0], :, place[1]] = patches
            progress.check()
        return strip

    def _around(
        self, coarse: Coarse, size: tuple[int, int], first: int, last: int, rows: Rows
    ) -> tuple[Tensor, Tensor]:
        """All that the patches of a strip see: at half size and at full size, zeros off the picture."""
        top, bottom = max(0, first - 6), min(size[0], last + 6)
        both = rows(top, bottom)
        progress.check()
        seen = torch.cat((coarse.hidden, coarse.alpha, coarse.colours), 1)
        half_size = size[0] // 2, size[1] // 2
        seen = pixels.upsampled_rows(seen, half_size, top // 2, bottom // 2)
        halves = torch.cat((seen, F.avg_pool2d(both, 2)), 1)
        above, below = top - (first - 6), last + 6 - bottom
        halves = F.pad(halves, (3, 3, above // 2, below // 2))
        full = F.pad(both, (2, 2, above, below))[:, :, 4:-4]
        progress.check()
        return halves, full

    def _refined(self, halves: Tensor, full: Tensor) -> Tensor:
        """Patches Px42x8x8 at half size and Px6x8x8 at full size to Px4x4x4."""
        x = F.relu_(self.bn1(self.conv1(halves)))
        x = F.relu_(self.bn2(self.conv2(x)))
        x = torch.cat((F.interpolate(x, scale_factor=2, mode="nearest"), full), 1)
        x = F.relu_(self.bn3(self.conv3(x)))
        return self.conv4(x)


def _patches(x: Tensor, place: tuple[Tensor, Tensor], step: int, side: int) -> Tensor:
    """Square patches of 1xCxHxW at multiples of `step`: PxCxsidexside."""
    windows = x[0].unfold(1, side, step).unfold(2, side, step)
    # channels last in memory: convolutions over many small patches take half the time on CPUs
    return windows.permute(1, 2, 3, 4, 0)[place].permute(0, 3, 1, 2)
