"""Which kinds of edges are where: the classifier looks at tiles of the picture, and says it in words."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor
from torch.nn import functional as F

from flyaway.engines.semanticimagematting.network import KINDS
from flyaway.images import rectangles
from flyaway.images.rectangles import Window
from flyaway_client.wording import _, joined

TILES_PX = (320, 800)
"""Sides of the tiles that upstream looks at; all that it sees of a pixel is averaged."""

WORDS = (
    _("something out of focus"),
    _("fire"),
    _("fur"),
    _("glass or ice"),
    _("plain hair"),
    _("difficult hair"),
    _("an insect"),
    _("blur of motion"),
    _("a net"),
    _("a flower"),
    _("leaves"),
    _("a tree"),
    _("a plastic bag"),
    _("a sharp edge"),
    _("smoke or clouds"),
    _("a spider's web"),
    _("something with holes"),
    _("something smooth and sheer"),
    _("drops of water"),
    _("spray of water"),
)
"""The twenty kinds in upstream's order: defocus, fire, fur, glass_ice, hair_easy, hair_hard, insect, motion, net,
plant_flower, plant_leaf, plant_tree, plastic_bag, sharp, smoke_cloud, spider_web, texture_holed, texture_smooth,
water_drop, water_spray."""

LEAST_SHARE = 0.1
"""Of the edge: what shows in less of it is not told."""


_MADE_FOR = (
    ((2, 4, 5), _("ViTMatte is made for hair and fur: try that, too.")),
    (
        (1, 3, 12, 14, 17, 18, 19),
        _(
            "SDMatte is made for what lets light through: try that, too, and say that it is glass or a veil."
        ),
    ),
)
"""Hair and fur; fire, glass, plastic bags, smoke, what is sheer, and water: the kinds, and who is made for them."""


@dataclass(frozen=True, slots=True)
class Semantics:
    """What the classifier saw.

    Attributes:
        shown: 1x20xHxW, 0..1, how much each kind shows; 0 where the trimap is known.
        kinds: HxW, the number of the kind that shows most.
    """

    shown: Tensor
    kinds: NDArray[np.int64]


def semantics(
    classify: Callable[[Tensor], Tensor], weights: Tensor, planes: Tensor, unknown: Tensor
) -> Semantics:
    """Look at all tiles that hold unknown pixels.

    Args:
        classify: 1x4xhxw to 1x20xH/32xW/32.
        weights: what each kind has for it from the start, 20.
        planes: 1x4xHxW, normalised colours and trimap 0..1.
        unknown: HxW, True where the trimap is.
    """
    size = planes.shape[2:]
    total = planes.new_zeros((1, KINDS, *size))
    looks = planes.new_zeros((1, 1, *size))
    for rows, columns in tiles(unknown.cpu().numpy()):
        tile = planes[..., rows, columns]
        seen = F.interpolate(classify(tile), tile.shape[2:], mode="bilinear", align_corners=False)
        total[..., rows, columns] += seen
        looks[..., rows, columns] += 1
    total /= looks.clamp_min(1)
    kinds = (total[0] + weights[:, None, None]).argmax(0).cpu().numpy()
    least, most = total.min(), total.max()
    total.sub_(least).div_((most - least).clamp_min(torch.finfo(total.dtype).tiny))
    return Semantics(total.mul_(unknown), kinds)


def tiles(unknown: NDArray[np.bool_]) -> Iterator[Window]:
    """Upstream's tiles, half overlapping, that hold unknown pixels.

    Where a side is too short for the larger ones upstream fails; there all of the picture is one tile.
    """
    height, width = unknown.shape
    if min(height, width) < max(TILES_PX):
        yield rectangles.whole(unknown.shape)
        return
    for side in TILES_PX:
        for top in _starts(height, side):
            for left in _starts(width, side):
                rows, columns = slice(top, top + side), slice(left, left + side)
                if unknown[rows, columns].any():
                    yield rows, columns


def _starts(size: int, side: int) -> tuple[int, ...]:
    return (*range(0, size - side, side // 2), size - side)


def in_words(tally: NDArray[np.int64]) -> str:
    """A sentence on what an edge was taken for.

    Args:
        tally: how many pixels were taken for each kind.
    """
    shares = tally / tally.sum()
    order = [int(kind) for kind in np.argsort(-shares, kind="stable")]
    told = [kind for kind in order if shares[kind] >= LEAST_SHARE] or order[:1]
    kinds = joined(
        ", ",
        (_("{kind} ({share:.0%})").format(kind=WORDS[kind], share=shares[kind]) for kind in told),
    )
    return _("The uncertain edge was taken for {kinds}.").format(kinds=kinds)


def recommendation(tally: NDArray[np.int64]) -> str:
    """A sentence on the engine that is made for what most of an edge was taken for; "" where there is none.

    Args:
        tally: how many pixels were taken for each kind.
    """
    for kinds, sentence in _MADE_FOR:
        if 2 * tally[list(kinds)].sum() > tally.sum():
            return sentence
    return ""
