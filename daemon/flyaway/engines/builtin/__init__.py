"""The built-in engine: alpha from a trimap, a rough region or nothing, without weights.

The method and its sources: docs/builtin-engine.md.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import torch
from numpy.typing import NDArray

from flyaway.engines.base import EngineRecord, Extraction, Report, silent
from flyaway.engines.builtin import guess, matting, trial
from flyaway.engines.builtin.band import known_alpha
from flyaway.engines.builtin.progress import watched
from flyaway.engines.builtin.workers import Workers
from flyaway.errors import RequestError
from flyaway.images.arrays import FOREGROUND, UNKNOWN, Image, Trimap

__all__ = ["BuiltinEngine", "load"]

_GUESS_SHARE = 0.2
"""Part of the work that finding the subject takes before its edge is solved."""

_GUESSED_WHOLE_UNKNOWN = 65_000
"""Unknown pixels up to which the edge of a guess is solved in one piece: it is wide, most of it clear."""


def load(
    record: EngineRecord, tensors: Mapping[str, torch.Tensor] | None, device: torch.device
) -> BuiltinEngine:
    """Build the engine; it has no tensors to load, but tries the device."""
    return BuiltinEngine(torch.get_num_threads(), trial.settled(device))


class BuiltinEngine:
    """Classical matting: graph cut for the subject, affinities and samples for its edge.

    `network` is None: nothing here is a torch module.

    Attributes:
        device: where the edge is solved; may be changed between requests.
    """

    network = None

    def __init__(self, threads: int = 1, device: torch.device | None = None) -> None:
        self._threads = threads
        self.device = device or torch.device("cpu")

    def extract(
        self,
        image: Image,
        *,
        trimap: Trimap | None = None,
        region: NDArray[np.bool_] | None = None,
        plate: Image | None = None,
        report: Report = silent,
    ) -> Extraction:
        """Find the alpha of the subject, see base.Engine; a plate is not used."""
        _check_size(image, trimap, region)
        if trimap is None or (trimap == UNKNOWN).all():
            return watched(lambda note: self._find(image, region, note), report)
        return watched(lambda note: self._solve(image, trimap, note), report)

    def _solve(
        self,
        image: Image,
        trimap: Trimap,
        report: Report,
        whole_unknown: int = matting.WHOLE_UNKNOWN,
    ) -> Extraction:
        if not (trimap == UNKNOWN).any():
            return Extraction(known_alpha(trimap))
        notes = tuple(_missing_sides(trimap))
        alpha = matting.extract(
            image, trimap, report, Workers(self.device, self._threads), whole_unknown
        )
        return Extraction(alpha, notes=notes)

    def _find(self, image: Image, region: NDArray[np.bool_] | None, report: Report) -> Extraction:
        def first(fraction: float, preview: NDArray[np.float32] | None = None) -> None:
            report(fraction * _GUESS_SHARE, preview)

        def second(fraction: float, preview: NDArray[np.float32] | None = None) -> None:
            report(_GUESS_SHARE + fraction * (1 - _GUESS_SHARE), preview)

        found = guess.find(image, region, first, self._threads)
        solved = self._solve(image, found.trimap, second, _GUESSED_WHOLE_UNKNOWN)
        return Extraction(
            solved.alpha, confidence=found.confidence, notes=found.notes + solved.notes
        )


def _check_size(image: Image, trimap: Trimap | None, region: NDArray[np.bool_] | None) -> None:
    for name, given in (("trimap", trimap), ("region", region)):
        if given is not None and given.shape != image.shape[:2]:
            raise RequestError(
                f"The {name} is {given.shape[1]}x{given.shape[0]} pixels, the image "
                f"{image.shape[1]}x{image.shape[0]}. Give both the same size."
            )


def _missing_sides(trimap: Trimap) -> list[str]:
    notes = []
    if not (trimap == FOREGROUND).any():
        notes.append(
            "The selection marks nothing as certainly inside the subject, so little or nothing "
            "could be found: mark a part of the subject as foreground."
        )
    if not (trimap == 0).any():
        notes.append(
            "The selection marks nothing as certainly background, so all of it counts as subject: "
            "leave a part of the background out of the selection."
        )
    return notes
