"""A patch of a picture that is being retouched: refined in the session's picture, with a coarse look first.

What is solved again and how it goes into the mask, `refinement` says. As `pipeline`, this knows no message.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial

import cv2
import numpy as np

from flyaway.engines.contract import AnyEngine, Extraction, Inputs, part
from flyaway.extraction import economy, interruptible, refinement
from flyaway.extraction.pipeline import NO_ENGINE, Lender, Outcome, StageReport, silent
from flyaway.extraction.refinement import Refinement, Strokes
from flyaway.extraction.request import Step, untold
from flyaway.extraction.sessions import Picture, Solved
from flyaway.images import encoding, rectangles
from flyaway.images.arrays import (
    BACKGROUND,
    FOREGROUND,
    UNKNOWN,
    Alpha,
    Image,
    Region,
    Samples,
    Trimap,
)
from flyaway.images.rectangles import Window
from flyaway_client.wording import _

STAGE = _("Refining the edge")

_CONTEXT_PX = 64
"""What a coarse look takes in around what is solved."""

_SLOW_UNKNOWN = 30_000
"""Unknown pixels from which a solution takes over 0.3 s on one core: a coarse look comes first."""

_COARSE_UNKNOWN = 5_000
"""Unknown pixels of a coarse look, at the most: 50 ms on one core."""

_NEAR_PX = 48
"""What lies so near to a change of the trimap is solved anew; within as much again, the last solution goes over into that."""

_KEPT_PX = 4_000_000
"""Pixels of a window up to which its solution is kept for the next patch: 20 MB."""

_COARSE_DONE = 0.1
"""How far the whole is once a coarse look was shown."""


@dataclass(frozen=True, slots=True)
class Patch:
    """What a retoucher has and wants in a rectangle of an image; each array is HxW of the rectangle's size.

    Attributes:
        place: the rectangle. The more of the mask is in it around `inside`, the better an engine understands it.
        mask: the mask as it is, uint8, uint16 or float32.
        inside: True where it is to be solved again, and nothing else changes; None: under the strokes.
        strokes: all that hold here, also those that were solved before; None where there are none.
    """

    place: Window
    mask: Samples
    inside: Region | None = None
    strokes: Strokes | None = None


def refine(
    picture: Picture,
    patch: Patch,
    step: Step,
    lender: Lender,
    report: StageReport = silent,
    may_use_cpu: bool = True,
    *,
    transparent: bool = False,
) -> Outcome:
    """The mask of a patch, refined.

    Args:
        picture: the whole image, and what engines made of it.
        patch: a part of it.
        step: the engine that solves.
        lender: has the engine.
        report: told how far it is, with a coarse result where the final one takes long; may raise CancelledError.
        may_use_cpu: whether work may move to the processor when the device's memory is full.
        transparent: whether light shines through the subject.

    Raises:
        FlyawayError: it cannot be done; the text says why and what to do.
    """

    def report_fraction(fraction: float, preview: Alpha | None = None) -> None:
        report(STAGE, 0.0)

    inside = _within_frame(patch, picture.image.shape)
    seen = picture.image[patch.place]
    plan, trimap = refinement.plan(
        seen, patch.mask, inside, patch.strokes, None, report_fraction, inside_alone=True
    )
    wanted = (trimap == UNKNOWN) & (plan.weight > 0)
    if not wanted.any():
        return Outcome(plan.merged(encoding.as_float(trimap)), NO_ENGINE, "")

    lent = lender.lend(step.record.name)
    with interruptible.entered(lent, partial(report, _("Loading the engine"), 0.0)) as engine:
        work = _Work(picture, patch, plan, trimap, wanted, engine, report, transparent)
        extraction = economy.run(engine, work.do, trimap.size, may_use_cpu)
        device = engine.device
    return Outcome(
        plan.merged(extraction.alpha),
        step.record.name,
        device,
        notes=(*extraction.notes, *(untold((step,)) if transparent else ())),
        titles=(step.record.title,),
    )


@dataclass(frozen=True, slots=True)
class _Work:
    """One engine at work on one patch. Arrays are of the plan's window of the patch."""

    picture: Picture
    patch: Patch
    plan: Refinement
    trimap: Trimap
    wanted: Region
    engine: AnyEngine
    report: StageReport
    transparent: bool

    @property
    def place(self) -> Window:
        """The plan's window in the image."""
        return rectangles.outside(self.plan.window, self.patch.place)

    def do(self) -> Extraction:
        """A coarse look if the solution takes long, then the solution, of what has changed since the last one."""
        report = part(self._report_fraction, _COARSE_DONE, 1.0)
        features = self.picture.encoded(self.engine, report)
        alpha, newness = self._last()
        changed = self.wanted & (newness > 0)
        extraction = Extraction(alpha)
        if changed.any():
            window = rectangles.around(changed)
            if np.count_nonzero(changed) > _SLOW_UNKNOWN:
                self.report(STAGE, _COARSE_DONE, self._preview(self._coarse(window), window))
            whole, place = (
                self._inputs(self._whole_trimap()),
                rectangles.outside(window, self.place),
            )
            extraction = self.engine.solve(features, whole, place, report)
            alpha[window] += newness[window] * (extraction.alpha - alpha[window])
        self.picture.weigh(self.engine)
        is_small = alpha.size <= _KEPT_PX
        solved = (
            Solved(self.place, self.transparent, self.trimap, alpha.copy()) if is_small else None
        )
        self.picture.solved = solved
        return replace(extraction, alpha=alpha)

    def _inputs(self, trimap: Trimap) -> Inputs:
        return Inputs(trimap, transparent=self.transparent or None)

    def _last(self) -> tuple[Alpha, Alpha]:
        """What was solved last here, and how much a new solution counts: 1 near what has changed, 0 far from it."""
        last = self.picture.solved
        alpha = encoding.as_float(self.trimap)
        if last is None or last.transparent != self.transparent:
            return alpha, np.ones(alpha.shape, np.float32)
        here, there = _overlap(self.place, last.place)
        is_same = np.zeros(alpha.shape, np.uint8)
        is_same[here] = self.trimap[here] == last.trimap[there]
        alpha[here] = np.where(is_same[here], last.alpha[there], alpha[here])
        distance_px = cv2.distanceTransform(is_same, cv2.DIST_L2, cv2.DIST_MASK_5)
        return alpha, np.clip(2 - distance_px / _NEAR_PX, 0, 1).astype(np.float32)

    def _coarse(self, window: Window) -> Alpha:
        """A window as a small picture shows it."""
        around = rectangles.grown(window, _CONTEXT_PX, self.trimap.shape)
        trimap, image = (
            self.trimap[around],
            self.picture.image[rectangles.outside(around, self.place)],
        )
        factor = int(np.ceil((np.count_nonzero(trimap == UNKNOWN) / _COARSE_UNKNOWN) ** 0.5))
        size = tuple(max(1, side // factor) for side in trimap.shape[::-1])
        small: Image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment] # as image
        known = np.asarray(cv2.resize(trimap, size, interpolation=cv2.INTER_AREA), np.uint8)
        known[(known != BACKGROUND) & (known != FOREGROUND)] = UNKNOWN
        extraction = self.engine.extract(
            small, self._inputs(known), part(self._report_fraction, 0.0, _COARSE_DONE)
        )
        alpha = cv2.resize(extraction.alpha, trimap.shape[::-1], interpolation=cv2.INTER_LINEAR)
        return np.asarray(alpha[rectangles.inside(window, around)], np.float32)

    def _preview(self, coarse: Alpha, window: Window) -> Alpha:
        """The whole patch with a coarse alpha of a window, for the eye."""
        alpha, _ = self._last()
        np.copyto(alpha[window], coarse, where=self.wanted[window])
        return encoding.as_float(self.plan.merged(alpha))

    def _whole_trimap(self) -> Trimap:
        """The trimap in one of the image's size, which goes on beyond it as it ends."""
        height, width = self.picture.image.shape[:2]
        if self.picture.trimap is None:
            self.picture.trimap = np.empty((height, width), np.uint8)
        rows, columns = self.place
        borders = (rows.start, height - rows.stop, columns.start, width - columns.stop)
        cv2.copyMakeBorder(self._certain(), *borders, cv2.BORDER_REPLICATE, dst=self.picture.trimap)
        self.picture.trimap[self.place] = self.trimap
        return self.picture.trimap

    def _certain(self) -> Trimap:
        """Background and foreground, where unknown the mask's nearer one."""
        nearer = refinement.nearer(self.patch.mask[self.plan.window])
        return np.where(self.trimap == UNKNOWN, nearer, self.trimap)

    def _report_fraction(self, fraction: float, preview: Alpha | None = None) -> None:
        """Of an engine's previews none is shown: the coarse look was."""
        self.report(STAGE, fraction)


def _within_frame(patch: Patch, shape: tuple[int, ...]) -> Region | None:
    """What is inside, but for the patch's outermost pixels where the image goes on beyond: there is a border too."""
    if patch.inside is None:
        return None
    inside = patch.inside.copy()
    rows, columns = patch.place
    for at_end, line in (
        (rows.start == 0, np.s_[:1]),
        (rows.stop == shape[0], np.s_[-1:]),
        (columns.start == 0, np.s_[:, :1]),
        (columns.stop == shape[1], np.s_[:, -1:]),
    ):
        if not at_end:
            inside[line] = False
    return inside


def _overlap(one: Window, other: Window) -> tuple[Window, Window]:
    """What two windows share, in the coordinates of each; may be empty."""
    starts = [max(a.start, b.start) for a, b in zip(one, other, strict=True)]
    stops = [min(a.stop, b.stop) for a, b in zip(one, other, strict=True)]
    rows, columns = (slice(a, max(a, b)) for a, b in zip(starts, stops, strict=True))
    shared = rows, columns
    return rectangles.inside(shared, one), rectangles.inside(shared, other)
