"""What all networks share that find the subject by themselves: where they look, and how sure they are."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor

from flyaway.engines import pixels, progress
from flyaway.engines.contract import Extraction, Inputs, Report, silent
from flyaway.engines.memo import Memo
from flyaway.engines.network import NetworkEngine
from flyaway.images import rectangles
from flyaway.images.arrays import BACKGROUND, Alpha, Image
from flyaway.images.rectangles import Window

CONFIDENCE_PX = 1024
"""Longer side, about, of what confidence is taken from."""

LOOKS_BYTES = 64 << 20
"""For what a network made of several windows of a picture: sixteen alphas of 1024 pixels a side."""


@dataclass(frozen=True, slots=True)
class Looks:
    """An image, and what the network made of the windows of it that it has seen.

    Attributes:
        image: HxWx3.
        alphas: window (first and last row, first and last column) to the network's own alpha, 1x1xhxw.
    """

    image: Image
    alphas: Memo[Tensor] = field(default_factory=lambda: Memo(LOOKS_BYTES))


class AutomaticEngine(NetworkEngine[Looks]):
    """A network that sees everything at one size, and finds the subject in that.

    It is shown only where the subject can be, the window of the region or of the trimap's inside: a
    smaller window shows it more of the subject. That is why nothing can be computed from the image alone.
    """

    @abstractmethod
    def look(self, image: Image) -> Tensor:
        """The network's own alpha of an image of any size: 1x1xhxw float32 in main memory, 0..1."""

    @abstractmethod
    def enlarged(self, alpha: Tensor, size: tuple[int, int]) -> Tensor:
        """An alpha of `look` brought to height and width of the image, 1x1xHxW."""

    def encode(self, image: Image, report: Report = silent) -> Looks:
        """Keep the image; what the network sees of it depends on the region."""
        return Looks(image)

    def solve(
        self,
        features: Looks,
        inputs: Inputs,
        window: Window | None = None,
        report: Report = silent,
    ) -> Extraction:
        """Find the subject; see `Engine.solve`. The network runs only for a window it has not seen."""
        with torch.inference_mode(), progress.reporting(report, self.steps):
            found, spread = self._found(features, inputs)
            alpha = pixels.keep_known(found, inputs.trimap)
            progress.check()
            sure = confidence(alpha)
        wanted = alpha if window is None else alpha[window].copy()
        return Extraction(wanted, confidence=sure, spread=spread)

    def spread(self, shown: tuple[int, int], seen: tuple[int, int]) -> float:
        """Pixels of the image for one that the network saw, of heights and widths; see `Extraction.spread`."""
        return max(1.0, shown[0] / seen[0], shown[1] / seen[1])

    def _found(self, looks: Looks, inputs: Inputs) -> tuple[Alpha, float]:
        """The alpha of the image, 0 outside the region, and how much of it was one pixel for the network."""
        inside = inputs.region
        if inside is None and inputs.trimap is not None:
            inside = inputs.trimap > BACKGROUND
        shape = looks.image.shape[:2]
        rows, columns = rectangles.whole(shape) if inside is None else pixels.window_around(inside)
        key = (rows.start, rows.stop, columns.start, columns.stop)
        small = looks.alphas.get(key, lambda: self.look(looks.image[rows, columns]))
        size = (rows.stop - rows.start, columns.stop - columns.start)
        seen = pixels.to_alpha(self.enlarged(small, size))
        progress.check()
        spread = self.spread(size, (small.shape[-2], small.shape[-1]))
        if inside is None:
            return seen, spread
        alpha = np.zeros(shape, np.float32)
        alpha[rows, columns] = seen
        alpha[~inside] = 0
        return alpha, spread


def confidence(alpha: Alpha) -> float:
    """How decided an alpha is, 0..1: the mean distance from one half where there may be a subject."""
    step = max(1, max(alpha.shape) // CONFIDENCE_PX)
    seen = alpha[::step, ::step]  # an average needs no more
    maybe = seen[seen > 0.05]
    if not maybe.size or float(maybe.max()) < 0.5:
        return 0.0
    return float(np.abs(2 * maybe - 1).mean())
