"""BackgroundMattingV2 at work: the plate brought to the image, one coarse look, then strips of rows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

import numpy as np
import torch
from torch import Tensor

from flyaway.engines import pixels, plates, progress
from flyaway.engines.backgroundmattingv2.network import (
    PATCH_PX,
    STRIP_ROWS,
    BackgroundMattingV2,
    Coarse,
)
from flyaway.engines.contract import Extraction, Inputs, Report, silent
from flyaway.engines.layers import mobilenetv2, resnet
from flyaway.engines.memo import digest
from flyaway.engines.network import NetworkEngine
from flyaway.errors import RequestError
from flyaway.images import rectangles
from flyaway.images.arrays import Image
from flyaway.images.rectangles import Window
from flyaway_client.wording import _

COARSE_PX = 512
"""Longer side of what the backbone sees: upstream's quarter of HD and eighth of 4K."""


class Pictures:
    """An image and its plate, filled up to sides that are multiples of four, as the network asks."""

    def __init__(
        self, image: Image, plate: Image, device: torch.device, dtype: torch.dtype
    ) -> None:
        self._both = [_filled_up(picture) for picture in (image, plate)]
        self._device, self._dtype = device, dtype
        self.size: tuple[int, int] = self._both[0].shape[0], self._both[0].shape[1]

    def rows(self, first: int, last: int) -> Tensor:
        """Rows `first` to `last`: 1x6xrowsxW, 0..1."""
        planes = [pixels.to_planes(picture[first:last]) for picture in self._both]
        return torch.cat(planes, 1).to(self._device, self._dtype)

    def sampled(self, scale: float) -> Tensor:
        """Both at a smaller scale, 1x6xhxw."""
        height, width = (max(1, int(side * scale)) for side in self.size)
        planes = [pixels.sampled_bilinear(picture, width, height) for picture in self._both]
        return torch.cat(planes, 1).to(self._device, self._dtype)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What came of comparing an image with a plate.

    Attributes:
        key: tells the plate, and where and in what precision the network was, from others.
        pictures: both.
        coarse: the coarse result.
    """

    key: tuple[bytes, str]
    pictures: Pictures
    coarse: Coarse


@dataclass(slots=True)
class Scene:
    """An image HxWx3, and its comparison with the latest plate."""

    image: Image
    latest: Comparison | None = None


class BackgroundMattingV2Engine(NetworkEngine[Scene]):
    """A loaded BackgroundMattingV2."""

    network: BackgroundMattingV2

    def __init__(self, network: BackgroundMattingV2) -> None:
        super().__init__(network, mobilenetv2.InvertedResidual, resnet.Bottleneck)
        network.to(memory_format=torch.channels_last)  # type: ignore[call-overload] # faster everywhere
        network.refiner.mode = "thresholding"  # what upstream's manual names for stills

    def encode(self, image: Image, report: Report = silent) -> Scene:
        """Keep the image: nothing can be computed without the plate."""
        return Scene(image)

    def solve(
        self,
        features: Scene,
        inputs: Inputs,
        window: Window | None = None,
        report: Report = silent,
    ) -> Extraction:
        """Find what the image has and the plate has not; see `Engine.solve`."""
        if inputs.plate is None:
            raise RequestError(
                _(
                    "This engine compares the image with a plate: a picture of the same scene without the "
                    "subject. Choose a plate, or another engine."
                )
            )
        height, width = features.image.shape[:2]
        rows, columns = window or rectangles.whole((height, width))
        with torch.inference_mode():
            comparison = self._compared(features, inputs.plate, report)
            extraction = self._refined(comparison, rows, columns, report)
        inside = inputs.within((rows, columns))
        if inside.region is not None:
            extraction.alpha[~inside.region] = 0
        pixels.keep_known(extraction.alpha, inside.trimap)
        return extraction

    def _compared(self, scene: Scene, plate: Image, report: Report) -> Comparison:
        """The first part of the work, which a second solve with the same plate does without."""
        key = digest(plate), self.device
        if scene.latest is None or scene.latest.key != key:
            with progress.reporting(report, 1, 0.0, 0.1):
                plate = plates.aligned(plate, scene.image)
            pictures = Pictures(scene.image, plate, *self._at())
            with progress.reporting(report, self.steps, 0.1, 0.4):
                small = pictures.sampled(self._scale(scene.image.shape))
                scene.latest = Comparison(key, pictures, self.network.coarse(small))
        return scene.latest

    def _refined(
        self, comparison: Comparison, rows: slice, columns: slice, report: Report
    ) -> Extraction:
        """Alpha and foreground of a window; whole rows are refined, as the network does it."""
        pictures = comparison.pictures
        last_row = min(rows.stop + -rows.stop % PATCH_PX, pictures.size[0])
        part = slice(rows.start - rows.start % PATCH_PX, last_row)
        alpha = np.empty((part.stop - part.start, columns.stop - columns.start), np.float32)
        foreground = np.empty((*alpha.shape, 3), np.float32)
        strips = self.network.strips(comparison.coarse, pictures.size, pictures.rows, part)
        with progress.reporting(report, -(-len(alpha) // STRIP_ROWS), 0.4):
            for first, strip in strips:
                inside = strip[0, :, :, columns].permute(1, 2, 0)
                place = slice(first - part.start, first - part.start + len(inside))
                alpha[place] = inside[..., 0].float().cpu().numpy()
                foreground[place] = inside[..., 1:].float().cpu().numpy()
                progress.check(steps=1)
        wanted = slice(rows.start - part.start, rows.stop - part.start)
        return Extraction(alpha[wanted], foreground[wanted])

    def _scale(self, shape: tuple[int, ...]) -> float:
        """The backbone's: upstream's quarter up to HD, less for more."""
        return min(self.network.backbone_scale, COARSE_PX / max(shape[:2]))


def _filled_up(picture: Image) -> Image:
    """Repeat the last row and column until both sides are multiples of four."""
    room = [(0, -side % PATCH_PX) for side in picture.shape[:2]]
    if not any(map(any, room)):
        return picture
    return cast(Image, np.pad(picture, [*room, (0, 0)], mode="edge"))
