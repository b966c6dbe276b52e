"""Classical matting: graph cut for the subject, affinities and samples for its edge."""

from __future__ import annotations

import numpy as np
import torch

from flyaway.engines.builtin import guess, matting, trial
from flyaway.engines.builtin.band import known_alpha
from flyaway.engines.builtin.beside import in_own_thread
from flyaway.engines.builtin.pyramid import Box
from flyaway.engines.builtin.workers import Workers
from flyaway.engines.contract import Engine, Extraction, Inputs, Report, part, silent
from flyaway.engines.device import describe
from flyaway.errors import RequestError
from flyaway.images import rectangles
from flyaway.images.arrays import BACKGROUND, FOREGROUND, UNKNOWN, Image, Region, Trimap
from flyaway.images.rectangles import Window
from flyaway_client.wording import _

_GUESS_SHARE = 0.2
"""Part of the work that finding the subject takes before its edge is solved."""

_GUESSED_WHOLE_UNKNOWN = 65_000
"""Unknown pixels up to which the edge of a guess is solved in one piece: it is wide, most of it clear."""

_CONTEXT_PX = 64
"""What is looked at around a window that was asked for, at least: where its colours come from."""

_PROCESSOR = torch.device("cpu")


class BuiltinEngine(Engine[Image]):
    """The engine that needs no weights. What it makes of an image depends on the trimap from the first step on.

    Args:
        threads: that solve an edge on a processor.
        device: where edges are solved.
    """

    def __init__(self, threads: int = 1, device: torch.device = _PROCESSOR) -> None:
        self._threads = threads
        self._device = self._home = device

    @property
    def device(self) -> str:
        """Where edges are solved, in words."""
        return describe(self._device)

    def place(self, device: torch.device, precision: str) -> None:
        """Solve edges on a device, if it finds there what a processor does; always in full precision."""
        self._device = self._home = trial.trusted(device)

    def economise(self, picture_px: int, may_use_cpu: bool) -> str | None:
        """Go to the processor; see `Engine.economise`."""
        if self._device.type == "cpu" or not may_use_cpu:
            return None
        where, self._device = self.device, _PROCESSOR
        return _("There was not enough memory on {device}, so the processor did the work.").format(
            device=where
        )

    def restore(self) -> None:
        """Go back to where it was placed."""
        self._device = self._home

    def encode(self, image: Image, report: Report = silent) -> Image:
        """The image itself: its pixels are turned to float where and when they are needed."""
        return image

    def solve(
        self,
        features: Image,
        inputs: Inputs,
        window: Window | None = None,
        report: Report = silent,
    ) -> Extraction:
        """Find the alpha of the subject; see `Engine.solve`."""
        _check_size(features, inputs)
        trimap = inputs.trimap
        if trimap is None or (trimap[0, 0] == UNKNOWN and (trimap == UNKNOWN).all()):
            return in_own_thread(
                lambda step: self._find(features, inputs.region, window, step), report
            )
        return in_own_thread(lambda step: self._solve(features, trimap, window, step), report)

    def _find(
        self, image: Image, region: Region | None, window: Window | None, report: Report
    ) -> Extraction:
        found = guess.find(image, region, part(report, 0.0, _GUESS_SHARE), self._threads)
        solved = self._solve(
            image, found.trimap, window, part(report, _GUESS_SHARE, 1.0), _GUESSED_WHOLE_UNKNOWN
        )
        return Extraction(
            solved.alpha, confidence=found.confidence, notes=found.notes + solved.notes
        )

    def _solve(
        self,
        image: Image,
        trimap: Trimap,
        window: Window | None,
        report: Report,
        whole_unknown: int = matting.WHOLE_UNKNOWN,
    ) -> Extraction:
        inner = window or rectangles.whole(trimap.shape)
        if not (trimap[inner] == UNKNOWN).any():
            return Extraction(known_alpha(trimap[inner]))
        # Who has but a part solved again need not be told what the whole lacks.
        notes = tuple(_missing_sides(trimap)) if window is None else ()
        if window is not None:
            box = _around(trimap, window)
            image, trimap = image[box.slices], trimap[box.slices]
            inner = rectangles.inside(window, box.slices)
        workers = Workers(self._device, self._threads)
        alpha = matting.extract(image, trimap, report, workers, whole_unknown)
        return Extraction(np.ascontiguousarray(alpha[inner]), notes=notes)


def _around(trimap: Trimap, window: Window) -> Box:
    """A window with so much around it that both sides are known there, if they are anywhere."""
    rows, columns = window
    box = Box(rows.start, rows.stop, columns.start, columns.stop)
    sides = _sides(trimap)
    margin = _CONTEXT_PX
    while True:
        grown = box.grown(margin, trimap.shape)
        if grown.shape == trimap.shape or _sides(trimap[grown.slices]) == sides:
            return grown
        margin *= 2


def _sides(trimap: Trimap) -> tuple[bool, bool]:
    """Whether some foreground is known, and some background."""
    return bool((trimap == FOREGROUND).any()), bool((trimap == BACKGROUND).any())


def _check_size(image: Image, inputs: Inputs) -> None:
    for name, given in ((_("trimap"), inputs.trimap), (_("region"), inputs.region)):
        if given is not None and given.shape != image.shape[:2]:
            sizes = (given.shape[::-1], image.shape[1::-1])
            given_size, image_size = (f"{width}x{height}" for width, height in sizes)
            raise RequestError(
                _(
                    "The {name} is {size} pixels, the image {image_size}. Give both the same size."
                ).format(name=name, size=given_size, image_size=image_size)
            )


def _missing_sides(trimap: Trimap) -> list[str]:
    has_foreground, has_background = _sides(trimap)
    notes: list[str] = []
    if not has_foreground:
        notes.append(
            _(
                "The selection marks nothing as certainly inside the subject, so little or nothing "
                "could be found: mark a part of the subject as foreground."
            )
        )
    if not has_background:
        notes.append(
            _(
                "The selection marks nothing as certainly background, so all of it counts as subject: "
                "leave a part of the background out of the selection."
            )
        )
    return notes
