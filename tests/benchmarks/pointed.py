"""`scripts/quality --pointed`: what becomes of masks as networks make them that are pointed with.

Without trained weights their masks cannot be measured; what is made of a right one can. The true alpha is brought to
256 x 256, as small as those masks are: with its levels, as a network is unsure where hair is, and as black and white,
as if it were sure everywhere, which is the worst that a right mask can be.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from tests.benchmarks.known import measured, sad

from flyaway import engines
from flyaway.engines.contract import AnyEngine, Inputs
from flyaway.extraction import trimaps
from flyaway.images.arrays import UNKNOWN, Alpha, Image, Trimap

if TYPE_CHECKING:
    from tests.benchmarks.quality import Photo

MASK_PX = 256


@dataclass(frozen=True, slots=True)
class Score:
    """One photo. Errors are sums over the whole picture (SAD), in thousands.

    Attributes:
        photo: its id.
        true_trimap: our alpha from the true trimap.
        bare: the mask in black and white itself as the alpha.
        levels: our alpha from the mask with its levels.
        binary: our alpha from the mask in black and white.
        levels_unknown_percent, binary_unknown_percent: of the picture, which the edge's solver had to solve.
        seconds: planning and solving the mask with its levels.
    """

    photo: str
    true_trimap: float
    bare: float
    levels: float
    binary: float
    levels_unknown_percent: float
    binary_unknown_percent: float
    seconds: float


def measure(photos: Iterable[Photo], engine: str) -> list[Score]:
    """Plan and solve from a right mask of every photo whose true alpha and trimap are known, and print it."""
    loaded = engines.load(engine)

    def score(photo: Photo, truth: Alpha, trimap: Trimap) -> Score:
        perfect = sad(loaded.extract(photo.image, Inputs(trimap)).alpha, truth)
        binary = degraded(truth, is_binary=True)
        started_s = time.perf_counter()
        levels_sad, levels_percent = _solved(photo.image, truth, degraded(truth), loaded)
        seconds = time.perf_counter() - started_s
        binary_sad, binary_percent = _solved(photo.image, truth, binary, loaded)
        return Score(
            photo.name,
            perfect,
            sad((binary >= 0.5).astype(np.float32), truth),
            levels_sad,
            binary_sad,
            levels_percent,
            binary_percent,
            seconds,
        )

    scores = measured(photos, score)
    if scores:
        for kind in ("levels", "binary"):
            sys.stdout.write(f"{kind}: {ratio(scores, kind):.3f} of the true trimap's error\n")
    return scores


def ratio(scores: Iterable[Score], kind: str) -> float:
    """The error from masks of a kind as a share of that from the true trimaps."""
    pairs = [(getattr(score, kind), score.true_trimap) for score in scores]
    return sum(ours for ours, _ in pairs) / sum(true for _, true in pairs)


def degraded(truth: Alpha, is_binary: bool = False) -> Alpha:
    """A true alpha as a network's mask would show it."""
    height, width = truth.shape
    shown = (truth >= 0.5).astype(np.float32) if is_binary else truth
    small = cv2.resize(shown, (MASK_PX, MASK_PX), interpolation=cv2.INTER_AREA)
    if is_binary:
        small = (small >= 0.5).astype(np.float32)
    return np.asarray(cv2.resize(small, (width, height)), np.float32)


def _solved(image: Image, truth: Alpha, mask: Alpha, engine: AnyEngine) -> tuple[float, float]:
    """The error of the alpha from a mask, and how much of the picture was unknown, in percent."""
    trimap = trimaps.from_mask(image, mask, Inputs())
    alpha = engine.extract(image, Inputs(trimap)).alpha
    return sad(alpha, truth), 100 * float((trimap == UNKNOWN).mean())
