"""`scripts/quality --coarse SPREAD`: what the second engine makes of a right alpha that was seen from afar.

The true alpha made smaller stands for the best that a network can say that sees so many pixels as one: with soft edges as
it is, and firm, nearly black and white, as networks give it that find subjects and no edges.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import cv2
import numpy as np
from tests.benchmarks.known import measured, sad

from flyaway import engines
from flyaway.engines.contract import Inputs
from flyaway.extraction import agreement, trimaps
from flyaway.images.arrays import UNKNOWN, Alpha, Trimap

if TYPE_CHECKING:
    from tests.benchmarks.quality import Photo

_FIRMNESS = 12
"""Of the curve that makes a soft alpha firm: 0.6 becomes 0.77."""


@dataclass(frozen=True, slots=True)
class Score:
    """One photo. Errors are sums over the whole picture (SAD), in thousands.

    Attributes:
        photo: its id.
        soft, firm: the network's alpha alone.
        soft_solved, firm_solved: after the second engine.
        soft_agreed: the same, made to agree with the network.
    """

    photo: str
    soft: float
    soft_solved: float
    soft_agreed: float
    firm: float
    firm_solved: float


def measure(photos: Iterable[Photo], engine: str, spread: float) -> list[Score]:
    """Solve the edges of every photo whose true alpha is known, and print what comes of it."""
    loaded = engines.load(engine)

    def score(photo: Photo, truth: Alpha, _trimap: Trimap) -> Score:
        figures: dict[str, float] = {}
        for kind in ("soft", "firm"):
            alpha = seen(truth, spread, is_firm=kind == "firm")
            trimap = trimaps.from_alpha(alpha, Inputs())
            fine = loaded.extract(photo.image, Inputs(trimap)).alpha
            figures[kind], figures[f"{kind}_solved"] = sad(alpha, truth), sad(fine, truth)
            if kind == "soft":
                agreeing = agreement.agreed(fine, alpha, trimap == UNKNOWN, spread)
                figures["soft_agreed"] = sad(agreeing, truth)
        return Score(photo.name, **figures)

    scores = measured(photos, score)
    if scores:
        worse = sum(score.soft_agreed > score.soft for score in scores)
        sys.stdout.write(f"soft_agreed is worse than soft alone on {worse} of {len(scores)}\n")
    return scores


def seen(truth: Alpha, spread: float, *, is_firm: bool) -> Alpha:
    """A true alpha as a network would give it that sees so many pixels as one."""
    height, width = truth.shape
    size = max(round(width / spread), 1), max(round(height / spread), 1)
    small = cv2.resize(truth, size, interpolation=cv2.INTER_AREA)
    if is_firm:
        small = 1 / (1 + np.exp(-_FIRMNESS * (small - 0.5)))
    return np.asarray(cv2.resize(small.astype(np.float32), (width, height)), np.float32)
