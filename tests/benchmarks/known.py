"""Photos whose true alpha is known, measured one after the other: a line each, and their mean."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterable, Mapping
from dataclasses import asdict
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

from flyaway.images.arrays import Alpha, Trimap

if TYPE_CHECKING:
    from tests.benchmarks.quality import Photo

Score = TypeVar("Score", bound=Any)


def measured(
    photos: Iterable[Photo], score: Callable[[Photo, Alpha, Trimap], Score]
) -> list[Score]:
    """Score every photo whose true alpha and trimap are known, and print what comes of it.

    Args:
        photos: those without are left out.
        score: makes a dataclass of figures, with the photo's name as `photo`, of a photo, its true alpha and trimap.
    """
    scores: list[Score] = []
    for photo in photos:
        if photo.truth is None or photo.trimap is None:
            continue
        scores.append(score(photo, photo.truth, photo.trimap))
        _write(photo.name, asdict(scores[-1]))
    if scores:
        rows = [asdict(one) for one in scores]
        names = [name for name in rows[0] if name != "photo"]
        _write("mean", {name: sum(row[name] for row in rows) / len(rows) for name in names})
    return scores


def sad(alpha: Alpha, truth: Alpha) -> float:
    """The sum of absolute differences, in thousands."""
    return float(np.abs(alpha - truth).sum(dtype=np.float64)) / 1000


def _write(name: str, figures: Mapping[str, float]) -> None:
    cells = [f"{column} {value:6.2f}" for column, value in figures.items() if column != "photo"]
    sys.stdout.write("  ".join((f"{name:<10}", *cells)) + "\n")
    sys.stdout.flush()
