"""What networks share that glance at all of a picture, focus on its edges, and put both together.

GFM (Li et al. 2022, IJCV) began it, AIM and P3M-Net are made alike: one encoder, a decoder that tells what
is subject and what is edge, and one for the edge. Sizes and strategies are those of the authors' tests.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from enum import Enum
from typing import cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from flyaway.engines import pixels, progress
from flyaway.engines.automatic import AutomaticEngine
from flyaway.images.arrays import Image
from flyaway.images.encoding import as_float
from flyaway_client.wording import _

SHORT_SIDE_PX = 1080
"""Upstream shrinks larger photos to that before anything else."""

LONG_SIDE_PX = 8192
"""Where the other side is still longer, a strip becomes no photo of a hundred megapixels."""

MULTIPLE_PX, LARGEST_PX = 32, 1600
"""Of the sides that the network sees."""

CERTAIN = 1e-9
"""So near to a known level a pixel is known: what interpolation makes of equal levels."""


class Glance(Enum):
    """What the glance's maps tell apart: the authors' "Representation of Semantic and Transition Area"."""

    TRANSITION = "TT"
    """Background, edge and foreground; the focus is the edge's alpha."""
    FOREGROUND = "FT"
    """Foreground and all else; the focus is what the edge adds to it."""
    BACKGROUND = "BT"
    """Background and all else; the focus is what the edge takes from that."""

    @property
    def maps(self) -> int:
        """How many there are."""
        return 3 if self is Glance.TRANSITION else 2

    @property
    def levels(self) -> NDArray[np.uint8]:
        """What each map that wins is in a picture of the glance."""
        levels = [0, 128, 255] if self is Glance.TRANSITION else [0, 255]
        return np.array(levels, np.uint8)

    def fused(self, glance: Tensor, focus: Tensor) -> Tensor:
        """Alpha of a picture of the glance, 0..1, and the focus."""
        if self is Glance.FOREGROUND:
            return (glance + focus).clamp_(max=1)
        if self is Glance.BACKGROUND:
            return (glance - focus).clamp_(min=0)
        alpha = torch.where(glance <= CERTAIN, torch.zeros_like(focus), focus)
        return torch.where(glance >= 1 - CERTAIN, torch.ones_like(focus), alpha)


class GlancingNetwork(nn.Module, ABC):
    """A network that can be run for its glance or its focus alone."""

    kind = Glance.TRANSITION

    @abstractmethod
    def glance(self, planes: Tensor) -> Tensor:
        """How much speaks for each map, NxMxHxW, of a picture Nx3xHxW, sides multiples of 32."""

    @abstractmethod
    def focus(self, planes: Tensor) -> Tensor:
        """What the edge looks like, Nx1xHxW, 0..1."""

    @abstractmethod
    def both(self, planes: Tensor) -> tuple[Tensor, Tensor]:
        """Glance and focus of one picture."""

    def forward(self, planes: Tensor) -> Tensor:
        """Alpha Nx1xHxW."""
        glance, focus = self.both(planes)
        last = self.kind.maps - 1
        return self.kind.fused(glance.argmax(1, keepdim=True).to(focus) / last, focus)


@dataclass(frozen=True, slots=True)
class Scales:
    """To which share of a photo's size the network sees it.

    Attributes:
        once: where one look is all (upstream's RESIZE).
        glance, focus: where there are two (HYBRID): from farther it sees the whole, from nearer the edge.
    """

    once: float
    glance: float
    focus: float


class GlancingEngine(AutomaticEngine):
    """A loaded network.

    Attributes:
        looks_twice: whether glance and focus are of two sizes, as upstream recommends.
    """

    network: GlancingNetwork

    def __init__(
        self,
        network: nn.Module,
        scales: Scales,
        *steps: type[nn.Module],
        looks_twice: bool = True,
    ) -> None:
        super().__init__(network, *steps)
        self.scales = scales
        self.looks_twice = self._usual = looks_twice
        if looks_twice:  # all of the encoder
            named = self.network.named_modules()
            self.steps += sum(
                isinstance(part, steps) for name, part in named if name.startswith("encoder")
            )

    def spread(self, shown: tuple[int, int], seen: tuple[int, int]) -> float:
        """The look at the edge is from farther than its alpha's size says."""
        nearest = self.scales.focus if self.looks_twice else self.scales.once
        return super().spread(shown, seen) / nearest

    @abstractmethod
    def prepared(self, levels: Tensor) -> Tensor:
        """The network's input of colours 1x3xHxW, 0..255."""

    def look(self, image: Image) -> Tensor:
        """The alpha of an image at its own size, or at that of `limited_size`."""
        seen = limited(image)
        size = seen.shape[0], seen.shape[1]
        if not self.looks_twice:
            alpha = self.network(self.sent(self.shown(seen, self.scales.once)))
            return _resized(alpha, size).float().clamp_(0, 1)
        maps = self.network.glance(self.sent(self.shown(seen, self.scales.glance)))
        kind = self.network.kind
        levels = kind.levels[maps.argmax(1)[0].cpu().numpy()]
        glance = torch.from_numpy(_enlarged(levels * (1 / 255), size))[None, None]
        focus = self.network.focus(self.sent(self.shown(seen, self.scales.focus)))
        return kind.fused(glance, _resized(focus, size).to(glance)).float()

    def shown(self, seen: Image, share: float) -> Tensor:
        """The network's input: a picture resized as scikit-image does to a share of its size."""
        height, width = (side_at(side, share) for side in seen.shape[:2])
        levels = np.empty((1, 3, height, width), np.float32)
        for channel in range(3):
            values = seen[..., channel]
            plane = values * (1 / 255) if values.dtype == np.uint8 else as_float(values)
            levels[0, channel] = 255 * pixels.resized_blurred(
                plane.astype(np.float64), height, width
            )
            progress.check()
        return self.prepared(torch.from_numpy(levels))

    def enlarged(self, alpha: Tensor, size: tuple[int, int]) -> Tensor:
        """Bilinear, as OpenCV does."""
        return torch.from_numpy(pixels.resized_plainly(alpha[0, 0].numpy(), *size))[None, None]

    def economise(self, picture_px: int, may_use_cpu: bool) -> str | None:
        """A single look from farther before anything else; see `Engine.economise`."""
        if not self.looks_twice or self.scales.once >= self.scales.focus:
            return super().economise(picture_px, may_use_cpu)
        self.looks_twice = False
        return _("Memory was short, so the photo's edges were seen coarsely.")

    def restore(self) -> None:
        """Back to as many looks as usual, and where it was placed; see `Engine.restore`."""
        self.looks_twice = self._usual
        super().restore()


def side_at(side: int, share: float) -> int:
    """How long the network sees a side; upstream makes nothing of small ones."""
    scaled = int(side * share)
    return max(MULTIPLE_PX, min(LARGEST_PX, scaled - scaled % MULTIPLE_PX))


def limited_size(height: int, width: int) -> tuple[int, int]:
    """The size that all else is a share of."""
    short, long = sorted((height, width))
    limited_short = min(short, SHORT_SIDE_PX)
    limited_long = min(int(limited_short * long / short), LONG_SIDE_PX)
    return (limited_short, limited_long) if height <= width else (limited_long, limited_short)


def limited(image: Image) -> Image:
    """An image of no more than that, as upstream shrinks it: without antialiasing."""
    return cast(Image, pixels.resized_plainly(image, *limited_size(*image.shape[:2])))


def _resized(plane: Tensor, size: tuple[int, int]) -> Tensor:
    return torch.from_numpy(_enlarged(plane[0, 0].float().cpu().numpy(), size))[None, None]


def _enlarged(plane: NDArray[np.floating], size: tuple[int, int]) -> NDArray[np.floating]:
    progress.check()
    enlarged = pixels.resized_blurred(plane, *size)
    progress.check()
    return enlarged
