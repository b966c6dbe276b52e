"""What happens to one request: pixels to sRGB, selection to trimap, trimap to alpha, alpha to bytes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from flyaway.engines.contract import Extraction, Inputs, Report
from flyaway.engines.records import EngineRecord
from flyaway.errors import NoSubjectError
from flyaway.extraction import trimaps
from flyaway.extraction.catalogue import Choice
from flyaway.extraction.keeper import Keeper
from flyaway.extraction.trimaps import Plan
from flyaway.images import encoding
from flyaway.images.arrays import UNKNOWN, Alpha, Image, Samples, Trimap
from flyaway.serving.jobs import Job

NO_ENGINE = "none"
"""The engine named in a reply where the trimap left nothing to solve."""

_READ, _FOUND, _SOLVED = 0.05, 0.5, 0.9
"""How far the whole is once pixels are read, the subject is found, its edge is solved."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What goes out, and who made it.

    Attributes:
        alpha: HxW uint8, uint16 (full range) or float32 (0..1), C-contiguous.
        engine: the names of the engines in the order of their work, joined by " + ", or `NO_ENGINE`.
        device: where they ran, in words; "" if nothing ran.
        notes: sentences for the user.
        foreground: HxWx3 sRGB, uint8 or uint16, C-contiguous, if it was asked for.
    """

    alpha: Samples
    engine: str
    device: str
    notes: tuple[str, ...] = ()
    foreground: Samples | None = None


def extract(job: Job, choice: Choice, keeper: Keeper, may_use_cpu: bool = True) -> Outcome:
    """Do what a job asks.

    Args:
        job: an extraction with all its pixels.
        choice: the engines to use.
        keeper: lends them.
        may_use_cpu: whether work may move to the processor when the device's memory is full.

    Raises:
        FlyawayError: it cannot be done; the text says why and what to do.
    """
    is_clear = encoding.clear_pixels(job.request.image, job.parts["image"])
    plan = _plan(job, is_clear)
    if plan.trimap is not None and plan.is_known:
        note = "The trimap left nothing to solve: the mask is the selection itself."
        return _outcome(job, Solved(plan.trimap, (NO_ENGINE,), "", (note,)))
    solved = _Bench(job, keeper, may_use_cpu).solve(choice, plan)
    if is_clear is not None:
        solved.alpha[is_clear] = 0
    return _outcome(job, solved)


def is_settled(job: Job) -> bool:
    """Whether a job's trimap leaves nothing to solve, so that no engine need be loaded for it."""
    if job.request.selection is None:
        return False
    return _plan(job, encoding.clear_pixels(job.request.image, job.parts["image"])).is_known


@dataclass(frozen=True, slots=True)
class Solved:
    """What the engines of a request made.

    Attributes:
        alpha: HxW float32 0..1, or the trimap itself where it left nothing to solve.
        engines: the names of those that worked.
        device: where, in words.
        notes: sentences for the user.
        foreground: HxWx3 float32 0..1 sRGB from an engine that has it.
    """

    alpha: Alpha | Trimap
    engines: tuple[str, ...]
    device: str
    notes: tuple[str, ...]
    foreground: Alpha | None = None


class _Bench:
    """Puts the engines of one job to work, one after the other."""

    def __init__(self, job: Job, keeper: Keeper, may_use_cpu: bool) -> None:
        self._job = job
        self._keeper = keeper
        self._may_use_cpu = may_use_cpu
        self._image = _image(job)
        self._devices: list[str] = []
        self._notes: list[str] = []

    def solve(self, choice: Choice, plan: Plan) -> Solved:
        """Find the subject if it must be found, then solve its edge if an engine was chosen for that."""
        trimap, found = plan.trimap, None
        if choice.coarse is not None:
            end = _SOLVED if choice.fine is None else _FOUND
            found = self._run(
                choice.coarse, plan, "Finding the subject", _READ, end, _plate(self._job)
            )
            if not (found.alpha >= 0.5).any():
                raise NoSubjectError(
                    f"{choice.coarse.title} found no subject. Draw a rough region around it and try "
                    "again, or choose another engine."
                )
            trimap = trimaps.from_alpha(found.alpha, plan.trimap)
        used = choice.names
        if choice.fine is not None and trimap is not None and (trimap == UNKNOWN).any():
            begin = _FOUND if found else _READ
            edge = Plan(trimap, None, plan.kind)
            found = self._run(choice.fine, edge, "Solving the edge", begin, _SOLVED)
        elif choice.coarse is not None:
            used = (choice.coarse.name,)
        assert (
            found is not None
        )  # a choice has an engine, and an edge without unknown pixels is known
        devices = ", ".join(dict.fromkeys(self._devices))
        return Solved(found.alpha, used, devices, tuple(self._notes), found.foreground)

    def _run(
        self,
        record: EngineRecord,
        plan: Plan,
        stage: str,
        begin: float,
        end: float,
        plate: Image | None = None,
    ) -> Extraction:
        """Let one engine work, its progress told as the part of the whole from `begin` to `end`."""
        from flyaway.extraction import (
            economy,
        )  # deferred: brings torch, which a settled trimap does without

        report = _relay(self._job.report, stage, begin, end)
        with self._keeper.lend(record.name) as warm:

            def work() -> Extraction:
                inputs = Inputs(plan.trimap, plan.region, plate).only(record.accepts)
                return warm.engine.extract(self._image, inputs, report)

            extraction, savings = economy.run(
                warm, work, self._may_use_cpu, self._job.request.image.pixels
            )
            self._devices.append(warm.device)
        self._notes += [*savings, *extraction.notes]
        return extraction


def _plan(job: Job, is_clear: NDArray[np.bool_] | None) -> Plan:
    request = job.request
    return trimaps.plan(_selection(job), request.selection_is, request.edge_width_px, is_clear)


def _image(job: Job) -> Image:
    return encoding.read(job.request.image, job.parts["image"], job.request.colour, _icc(job))


def _plate(job: Job) -> Image | None:
    header = job.request.plate
    if header is None:
        return None
    return encoding.read(header, job.parts["plate"], job.request.colour, _icc(job))


def _icc(job: Job) -> bytes:
    return bytes(job.parts["icc"][:]) if job.request.icc_bytes else b""


def _selection(job: Job) -> Samples | None:
    header = job.request.selection
    if header is None:
        return None
    levels: Samples = encoding.samples(header, job.parts["selection"])[..., 0]
    return levels


def _outcome(job: Job, solved: Solved) -> Outcome:
    """Alpha, and the foreground if it is wanted, as they go out."""
    request = job.request
    foreground = _foreground(job, solved) if request.wants_foreground else None
    if solved.alpha.dtype == np.uint8 and request.output_dtype == "u8":
        alpha: Samples = solved.alpha  # a trimap with nothing unknown is its own alpha
    else:
        alpha = encoding.encode(encoding.as_float(solved.alpha), request.output_dtype)
    return Outcome(alpha, " + ".join(solved.engines), solved.device, solved.notes, foreground)


def _foreground(job: Job, solved: Solved) -> Samples:
    """The subject's own colours: the engine's, else estimated from the alpha."""
    foreground = solved.foreground
    if foreground is None:
        import cv2  # deferred: seldom wanted

        from flyaway.engines.builtin.foreground import estimate

        report = _relay(job.report, "Cleaning colours", _SOLVED, 1.0)
        alpha = encoding.as_float(solved.alpha)
        # As many threads as the loader allows.
        foreground = estimate(_image(job), alpha, report, threads=cv2.getNumThreads())
    return encoding.encode(foreground, "u8" if job.request.image.dtype == "u8" else "u16")


def _relay(report: Callable[[str, float], None], stage: str, begin: float, end: float) -> Report:
    """An engine's own progress as part of the job's."""

    def relay(fraction: float, preview: Alpha | None = None) -> None:
        report(stage, begin + (end - begin) * min(max(fraction, 0.0), 1.0))

    return relay
