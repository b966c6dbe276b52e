"""Semantic Image Matting at work: what both networks are given of a piece of a picture."""

from __future__ import annotations

from typing import cast

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from flyaway.engines import pixels, progress
from flyaway.engines.layers.resnet import Bottleneck
from flyaway.engines.semanticimagematting.network import SemanticImageMatting
from flyaway.engines.semanticimagematting.semantics import (
    Semantics,
    in_words,
    recommendation,
    semantics,
    tiles,
)
from flyaway.engines.windows import Division, Solved, TrimapEngine
from flyaway.errors import WeightsError
from flyaway.images.arrays import BACKGROUND, FOREGROUND, Alpha, Image, Trimap
from flyaway.images.encoding import full
from flyaway_client.wording import _

MULTIPLE_PX = 8

REACHES_PX = (6.4, 25.6, 51.2)
"""How far the three hints of each known part of the trimap reach: upstream's 2, 8 and 16 % of 320."""

DIVISION = Division(
    whole_px=1600 * 1600,
    side_px=1024,
    overlap_px=320,
    margin_px=64,
    context_px=288,  # the pyramid's widest look
    grid_px=32,  # what the classifier halves to
)
"""Up to `whole_px` a picture is solved at once, as upstream does; each piece of a larger one is a picture of its own."""


class SemanticImageMattingEngine(TrimapEngine):
    """Both networks, loaded."""

    title = "Semantic Image Matting"
    network: SemanticImageMatting

    def __init__(self, network: SemanticImageMatting) -> None:
        super().__init__(network, DIVISION, Bottleneck)

    def solve_piece(self, image: Image, trimap: Trimap, wanted: NDArray[np.bool_]) -> Alpha:
        """Run both networks on the piece."""
        return pixels.to_alpha(self.raw(image, trimap)[0])

    def solve_wanted(self, image: Image, trimap: Trimap, wanted: NDArray[np.bool_]) -> Solved:
        """Run both networks on the piece, and count what the wanted pixels are taken for."""
        raw, seen = self.raw(image, trimap)
        kinds = seen.kinds[: trimap.shape[0], : trimap.shape[1]][wanted]
        tally = np.bincount(kinds, minlength=seen.shown.shape[1])
        return Solved(pixels.to_alpha(raw)[wanted], tally)

    def remarks(self, tally: NDArray[np.int64]) -> tuple[str, ...]:
        """What the edge was taken for, and who is made for that."""
        return tuple(filter(None, (in_words(tally), recommendation(tally))))

    def steps_of(self, wanted: NDArray[np.bool_]) -> int:
        """The blocks of the one network, and of the other for each tile."""
        of_one_run = self.steps // 2  # both have as many
        looks = sum(1 for _ in tiles(np.pad(wanted, _room(wanted.shape))))
        return of_one_run * (1 + looks)

    def raw(self, image: Image, trimap: Trimap) -> tuple[Tensor, Semantics]:
        """Alpha 1x1xHxW, not limited to 0..1, and what the classifier saw of the piece filled up to whole eights."""
        if not hasattr(self.network, "classifier") or not hasattr(self.network, "encoder"):
            raise WeightsError(
                _(
                    "Semantic Image Matting needs two files, its matting network and its classifier; one "
                    "is missing. Fetch both and run `flyaway models import` with them."
                )
            )
        height, width = trimap.shape
        room = _room(trimap.shape)
        colours = _colours(cast(Image, np.pad(image, [*room, (0, 0)], mode="symmetric")))
        normalised = self.sent(pixels.normalised(colours).float())
        trimap = np.pad(trimap, room, mode="symmetric")
        seen = self._seen(normalised, trimap)
        hinted = self.sent(torch.from_numpy(hints(trimap))[None])
        progress.check()
        alpha = self.network(self.sent(colours), normalised, hinted, seen.shown)
        return alpha[:, :, :height, :width], seen

    def _seen(self, normalised: Tensor, trimap: Trimap) -> Semantics:
        classifier = self.network.classifier
        known = self.sent(torch.from_numpy(trimap.astype(np.float32) / 255)[None, None])
        unknown = torch.from_numpy((trimap != BACKGROUND) & (trimap != FOREGROUND))
        planes = torch.cat((normalised, known), 1)
        return semantics(classifier, classifier.fc.bias, planes, unknown.to(planes.device))


def hints(trimap: Trimap) -> NDArray[np.float32]:
    """8xHxW: how near the background is, three times, then the foreground, then where each is."""
    found = np.zeros((8, *trimap.shape), np.float32)
    for index, value in enumerate((BACKGROUND, FOREGROUND)):
        inside = trimap == value
        found[6 + index] = inside
        if inside.any():
            far = cv2.distanceTransform((~inside).astype(np.uint8), cv2.DIST_L2, 0)
            for scale, reach in enumerate(REACHES_PX):
                found[3 * index + scale] = np.exp(-(far**2) / (2 * reach**2))
    return found


def _colours(image: Image) -> Tensor:
    """1x3xHxW float64 0..1: upstream normalises in double precision, and the classifier shows the difference."""
    return torch.from_numpy(image.transpose(2, 0, 1).astype(np.float64) / full(image))[None]


def _room(shape: tuple[int, ...]) -> list[tuple[int, int]]:
    """How much is filled up below and on the right; upstream always adds something."""
    return [(0, MULTIPLE_PX - side % MULTIPLE_PX) for side in shape[:2]]
