"""`scripts/quality --hand`: what becomes of selections as people draw them, through the editors' own planning.

The hands are in a Python file outside of the repository: functions of a true alpha (HxW, 0..1) and a seed that
return a selection (HxW, 0 or 255), named as --hand names them, and `near_frame`, the subject's body there.

A rough region is told of both ways: as colours alone find the subject in it, and as the box that a network is pointed
with. Without trained weights that is the best it can be: the network is taken to find the right mask, at its 256 pixels.
"""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray
from tests.benchmarks import pointed
from tests.benchmarks.known import sad

from flyaway import engines
from flyaway.engines.contract import AnyEngine, Inputs
from flyaway.engines.records import EngineRecord
from flyaway.errors import FlyawayError
from flyaway.extraction import planning, trimaps
from flyaway.images.arrays import UNKNOWN

if TYPE_CHECKING:
    from tests.benchmarks.quality import Photo

HANDS = ("lasso", "loose", "rectangle")

DEFAULT = Path(__file__).parents[3] / "shared" / "hands" / "hands.py"
"""Beside the repository."""

_COLUMNS = (
    "bare",
    "ours",
    "boxed",
    "true_trimap",
    "body_lost_percent",
    "unknown_percent",
    "seconds",
)


class NoHandsError(Exception):
    """The file of hands cannot be used; the text says why."""


@dataclass(frozen=True, slots=True)
class Score:
    """One photo, one hand. Errors are sums over the whole picture (SAD), in thousands.

    Attributes:
        photo: its id.
        seed: the hand's.
        taken_for: what the planning says of the selection.
        bare: the selection itself as the alpha.
        ours: our alpha; None where the planning or the engine refused.
        boxed: our alpha where a network that is pointed with finds the right mask in the region; None for no region.
        true_trimap: our alpha from the true trimap.
        body_lost_percent: of the subject's body close to the picture's frame; None where it has none there.
        unknown_percent: of the picture, which the edge's solver had to solve; None for a region.
        seconds: planning and solving.
    """

    photo: str
    seed: int
    taken_for: str
    bare: float
    ours: float | None
    boxed: float | None
    true_trimap: float | None
    body_lost_percent: float | None
    unknown_percent: float | None
    seconds: float


def load(file: Path) -> ModuleType:
    """Read a file of hands.

    Raises:
        NoHandsError: it is not there, or is no such file.
    """
    spec = importlib.util.spec_from_file_location("hands_of_people", file)
    if spec is None or spec.loader is None or not file.is_file():
        raise NoHandsError(f"There are no hands in {file}: name their file with --hands.")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    missing = [name for name in (*HANDS, "near_frame") if not hasattr(module, name)]
    if missing:
        raise NoHandsError(f"{file} has no {', '.join(missing)}.")
    return module


def measure(
    photos: Iterable[Photo], hands: ModuleType, hand: str, seeds: Iterable[int], engine: str
) -> list[Score]:
    """Let a hand draw on every photo whose true alpha is known, and print what becomes of it."""
    loaded = engines.load(engine)
    known = engines.record(engine)
    scores = []
    for photo in photos:
        if photo.truth is None:
            continue
        perfect = None
        if photo.trimap is not None:
            perfect = sad(loaded.extract(photo.image, Inputs(photo.trimap)).alpha, photo.truth)
        for seed in seeds:
            selection = getattr(hands, hand)(photo.truth, seed)
            body = hands.near_frame(photo.truth)
            score = _score(photo, seed, selection, body, loaded, known, perfect)
            scores.append(score)
            sys.stdout.write(_line(score.photo, asdict(score)) + f"  {score.taken_for}\n")
            sys.stdout.flush()
    if scores:
        means = {name: _mean([getattr(score, name) for score in scores]) for name in _COLUMNS}
        sys.stdout.write(_line("mean", means) + "\n")
    return scores


def _score(
    photo: Photo,
    seed: int,
    selection: NDArray[np.uint8],
    body: NDArray[np.bool_],
    engine: AnyEngine,
    record: EngineRecord,
    perfect: float | None,
) -> Score:
    truth = photo.truth
    assert truth is not None  # `measure` saw to it
    ours = boxed = lost = unknown = None
    started_s = time.perf_counter()
    try:
        plan = planning.plan(photo.image, selection, "guess", None, None)
        inputs = Inputs(plan.trimap, plan.region).only(record.accepts)
        alpha = engine.extract(photo.image, inputs).alpha
    except FlyawayError as error:
        taken_for = str(error)
    else:
        taken_for = plan.sentence
        ours = sad(alpha, truth)
        lost = 100 * float((1 - alpha[body]).mean()) if body.any() else None
        if plan.trimap is not None:
            unknown = 100 * float((plan.trimap == UNKNOWN).mean())
    seconds = time.perf_counter() - started_s
    if ours is not None and plan.region is not None:
        mask = pointed.degraded(truth)
        trimap = trimaps.from_mask(photo.image, mask, Inputs(region=plan.region))
        boxed = sad(engine.extract(photo.image, Inputs(trimap)).alpha, truth)
    bare = sad((selection / 255).astype(np.float32), truth)
    return Score(photo.name, seed, taken_for, bare, ours, boxed, perfect, lost, unknown, seconds)


def _mean(values: list[float | None]) -> float | None:
    there = [value for value in values if value is not None]
    return sum(there) / len(there) if there else None


def _line(name: str, figures: dict[str, float | None]) -> str:
    cells = [f"{name:<10}"]
    for column in _COLUMNS:
        value = figures[column]
        cells.append(f"{column} {'-' if value is None else format(value, '.2f'):>6}")
    return "  ".join(cells)
