"""`scripts/quality --retouch`: an automatic retoucher mends what a lasso gave, a stroke at a time, from the truth.

It tries the three kinds of stroke where the error is largest, and keeps the best; each is refined as the daemon
refines a patch.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from types import ModuleType
from typing import TYPE_CHECKING

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.benchmarks.known import sad

from flyaway import engines
from flyaway.engines.contract import AnyEngine, Inputs
from flyaway.engines.records import Role
from flyaway.extraction import planning, retouching
from flyaway.extraction.refinement import Strokes
from flyaway.extraction.request import Step
from flyaway.extraction.retouching import Patch
from flyaway.extraction.sessions import Picture

if TYPE_CHECKING:
    from tests.benchmarks.quality import Photo

STROKES = 8
_WIDTH_SHARE = 0.02
"""A stroke's width, of the picture's longer side."""

_LENGTH_SHARE = 1.0
"""How long a stroke may be, of the same: along one side of a subject."""

_CERTAIN = 0.02
"""So near to 0 or 1 the truth must be where a retoucher says that it is certain."""

_GAP_WIDTHS = 3
"""How far a brush goes on to the next error, in its widths."""

_SEEN = 0.1
"""Errors from which a retoucher sees them."""

Plane = NDArray[np.float32]
Drawn = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Score:
    """One photo. Errors are sums over the whole picture (SAD), in thousands.

    Attributes:
        photo: its id.
        seed: the hand's.
        curve: the error before the first stroke, and after each.
        kinds: of the strokes.
        true_trimap: the error from the true trimap.
        drawn_over: the error where all that the lasso had selected is drawn over as unknown in the first stroke.
    """

    photo: str
    seed: int
    curve: tuple[float, ...]
    kinds: tuple[str, ...]
    true_trimap: float
    drawn_over: float


def measure(
    photos: Iterable[Photo], hands: ModuleType, seeds: Iterable[int], engine: str
) -> list[Score]:
    """Retouch every photo whose true alpha and trimap are known, and print the curves."""
    loaded = engines.load(engine)
    scores = []
    for photo in photos:
        if photo.truth is None or photo.trimap is None:
            continue
        perfect = sad(loaded.extract(photo.image, Inputs(photo.trimap)).alpha, photo.truth)
        for seed in seeds:
            selection = hands.lasso(photo.truth, seed)
            plan = planning.plan(photo.image, selection, "guess", None, None)
            alpha = loaded.extract(photo.image, Inputs(plan.trimap, plan.region)).alpha
            retoucher = _Retoucher(photo.image, photo.truth, loaded, engine)
            over = sad(retoucher.drawn_over(alpha, selection > 0), photo.truth)
            score = Score(photo.name, seed, *retoucher.mend(alpha), perfect, over)
            scores.append(score)
            _write(score.photo, [score])
    if scores:
        _write("mean", scores)
    return scores


class _Retoucher:
    """Knows the truth, and has a brush."""

    def __init__(
        self, image: NDArray[np.uint8], truth: Plane, engine: AnyEngine, name: str
    ) -> None:
        self._picture = Picture(image)
        self._truth = truth
        self._engine = engine
        self._step = Step(engines.record(name), Role.SOLVE)
        side_px = max(truth.shape)
        self._width_px = max(3, round(side_px * _WIDTH_SHARE)) | 1
        self._length_px = round(side_px * _LENGTH_SHARE)
        nothing = np.zeros(truth.shape, np.bool_)
        self._strokes = Strokes(nothing, nothing, nothing)

    @contextmanager
    def lend(self, name: str) -> Iterator[AnyEngine]:
        """The one engine."""
        yield self._engine

    def drawn_over(self, alpha: Plane, selected: Drawn) -> Plane:
        """The mask after one stroke over all that is selected."""
        nothing = np.zeros(selected.shape, np.bool_)
        whole = slice(0, alpha.shape[0]), slice(0, alpha.shape[1])
        patch = Patch(whole, alpha, selected, Strokes(nothing, nothing, selected))
        return retouching.refine(Picture(self._picture.image), patch, self._step, self).alpha

    def mend(self, alpha: Plane) -> tuple[tuple[float, ...], tuple[str, ...]]:
        """The error before and after each stroke, and the kinds of the strokes."""
        curve, kinds = [sad(alpha, self._truth)], list[str]()
        for _ in range(STROKES):
            kind, alpha = self._best(alpha)
            kinds.append(kind)
            curve.append(sad(alpha, self._truth))
        return tuple(curve), tuple(kinds)

    def _best(self, alpha: Plane) -> tuple[str, Plane]:
        """What the best of the strokes makes of a mask."""
        path = self._path(np.abs(alpha - self._truth))
        tries = []
        for kind in ("keep", "remove", "unknown"):
            strokes = self._with(kind, path)
            refined = self._refined(alpha, strokes, path)
            tries.append((sad(refined, self._truth), kind, refined, strokes))
        _, kind, refined, self._strokes = min(tries, key=lambda one: one[0])
        return kind, refined

    def _path(self, error: Plane) -> Drawn:
        """A stroke through the errors around the largest: a brush that follows them for a stroke's length."""
        width = self._width_px
        brush = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (width, width))
        left_over = np.where(error > _SEEN, error, 0).astype(np.float32)
        wide = cv2.GaussianBlur(left_over, (0, 0), 2 * width)
        row, column = np.unravel_index(int(np.where(left_over > 0, wide, 0).argmax()), wide.shape)
        drawn = np.zeros(error.shape, np.uint8)
        drawn_px = width
        while drawn_px < self._length_px:
            cv2.circle(drawn, (int(column), int(row)), width // 2, 1, -1)
            left_over[drawn > 0] = 0
            reach = _GAP_WIDTHS * width
            top, left = max(0, row - reach), max(0, column - reach)
            around = left_over[top : row + reach + 1, left : column + reach + 1]
            felt = cv2.filter2D(
                around, -1, brush.astype(np.float32), borderType=cv2.BORDER_CONSTANT
            )
            if felt.max() < _SEEN * width:
                break
            step = np.unravel_index(int(felt.argmax()), felt.shape)
            begin = int(column), int(row)
            row, column = top + step[0], left + step[1]
            cv2.line(drawn, begin, (int(column), int(row)), 1, width)
            drawn_px += round(np.hypot(row - begin[1], column - begin[0]))
        return drawn > 0

    def _with(self, kind: str, path: Drawn) -> Strokes:
        """The strokes so far with one more; it is certain only where the truth is."""
        keep, remove, unknown = self._strokes.keep, self._strokes.remove, self._strokes.unknown
        if kind == "keep":
            keep = keep | (path & (self._truth > 1 - _CERTAIN))
        elif kind == "remove":
            remove = remove | (path & (self._truth < _CERTAIN))
        else:
            unknown = unknown | path
        return Strokes(keep, remove, unknown & ~keep & ~remove)

    def _refined(self, alpha: Plane, strokes: Strokes, path: Drawn) -> Plane:
        """A mask solved again around a stroke."""
        reach = 2 * self._width_px + 1
        inside = cv2.dilate(path.view(np.uint8), np.ones((reach, reach), np.uint8)) > 0
        whole = slice(0, alpha.shape[0]), slice(0, alpha.shape[1])
        patch = Patch(whole, alpha, inside, strokes)
        return retouching.refine(self._picture, patch, self._step, self).alpha


def _write(name: str, scores: list[Score]) -> None:
    """A line with their means."""
    figures = " ".join(f"{value:7.2f}" for value in np.mean([one.curve for one in scores], axis=0))
    perfect = np.mean([one.true_trimap for one in scores])
    over = np.mean([one.drawn_over for one in scores])
    sys.stdout.write(f"{name:<10}{figures}   true trimap {perfect:.2f}   drawn over {over:.2f}\n")
    sys.stdout.flush()
