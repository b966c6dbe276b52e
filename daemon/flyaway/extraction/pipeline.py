"""The work on one request: engine after engine, alpha to trimap in between, alpha and colours as they go out."""

from __future__ import annotations

from contextlib import AbstractContextManager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Protocol

import numpy as np

from flyaway.engines.contract import ROUGH_BELOW, AnyEngine, Extraction, Inputs, Report, part
from flyaway.engines.records import EngineRecord, Role
from flyaway.errors import DeviceLostError, EngineError, NoSubjectError
from flyaway.extraction import agreement, economy, interruptible, trimaps
from flyaway.extraction.request import ResolvedRequest, Step
from flyaway.images import encoding
from flyaway.images.arrays import UNKNOWN, Alpha, Samples, Trimap
from flyaway_client.wording import _

NO_ENGINE = "none"
"""The engine named in a reply where the trimap left nothing to solve."""

_BEGUN, _FOUND, _LOOKED, _SOLVED = 0.05, 0.5, 0.55, 0.9
"""How far the whole is when the engines begin, once the subject is found, once the edge of what was pointed at was looked
at, and once the edge is solved."""

_STAGES = {
    Role.FIND: _("Finding the subject"),
    Role.COMPARE: _("Finding the subject"),
    Role.POINT: _("Finding the subject"),
    Role.SOLVE: _("Solving the edge"),
}


_NO_ALPHA: Alpha = np.zeros((0, 0), np.float32)
"""In the place of one that another engine makes."""

_OTHER_WAY = {
    Role.POINT: _("Point at another place of it, draw a box around it and a little more"),
}
"""What else to try where an engine has found nothing."""


class Lender(Protocol):
    """Lends loaded engines."""

    def lend(self, name: str) -> AbstractContextManager[AnyEngine]:
        """An engine for the length of a `with`.

        Raises:
            FlyawayError: it cannot be had.
        """


class StageReport(Protocol):
    """How the work on a request reports where it is.

    Raises:
        CancelledError: the client does not want the result any more.
    """

    def __call__(self, stage: str, fraction: float, preview: Alpha | None = None) -> None:
        """Report the stage in words for people, the done fraction (0..1) of the whole, and an early alpha."""


def silent(stage: str, fraction: float, preview: Alpha | None = None) -> None:
    """A `StageReport` for callers who do not listen."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What goes out, and who made it.

    Attributes:
        alpha: HxW uint8, uint16 (full range) or float32 (0..1), C-contiguous.
        engine: the names of the engines in the order of their work, joined by " + ", or `NO_ENGINE`.
        device: where they ran, in words; "" if nothing ran.
        notes: sentences for the user.
        foreground: HxWx1 (grey) or HxWx3 in the photo's own space, range and sample type, C-contiguous, if it
            was asked for.
        confidence: 0..1 where the subject had to be found.
        understood: what the selection was taken for and why, for people.
        titles: the engines' names for people, in the order of their work.
    """

    alpha: Samples
    engine: str
    device: str
    notes: tuple[str, ...] = ()
    foreground: Samples | None = None
    confidence: float | None = None
    understood: str = ""
    titles: tuple[str, ...] = ()

    @property
    def is_rough(self) -> bool:
        """Whether the subject could only be guessed."""
        return self.confidence is not None and self.confidence < ROUGH_BELOW


def extract(
    request: ResolvedRequest,
    lender: Lender,
    report: StageReport = silent,
    may_use_cpu: bool = True,
) -> Outcome:
    """Do what a request asks.

    Args:
        request: all that is wanted.
        lender: has the engines.
        report: told how far the work is; may raise CancelledError.
        may_use_cpu: whether work may move to the processor when the device's memory is full.

    Raises:
        FlyawayError: it cannot be done; the text says why and what to do.
    """
    if not request.steps:
        return _known(request, report)
    work = _Work(request, lender, report, may_use_cpu)
    extraction = work.do()
    if request.is_clear is not None:
        extraction.alpha[request.is_clear] = 0
    return Outcome(
        alpha=_alpha(request, extraction.alpha),
        engine=" + ".join(record.name for record in work.engines),
        titles=tuple(record.title for record in work.engines),
        device=", ".join(dict.fromkeys(work.devices)),
        notes=(*request.notes, *extraction.notes),
        foreground=_foreground(request, extraction, report),
        confidence=extraction.confidence,
        understood=request.understood,
    )


def _known(request: ResolvedRequest, report: StageReport) -> Outcome:
    """A mask that stays as it is, or a trimap that is its own alpha."""
    if request.alpha is not None:
        extraction = Extraction(encoding.as_float(np.nan_to_num(request.alpha)).clip(0, 1))
        colours = _foreground(request, extraction, report)
        return Outcome(request.alpha, NO_ENGINE, "", foreground=colours)
    trimap = request.inputs.trimap
    assert trimap is not None  # nothing else makes engines superfluous
    dtype = request.output.alpha_dtype
    alpha = encoding.as_float(trimap)
    return Outcome(
        alpha=trimap if dtype == "u8" and not request.refinement else _alpha(request, alpha),
        engine=NO_ENGINE,
        device="",
        notes=(
            *request.notes,
            _("The trimap left nothing to solve: the mask is the selection itself."),
        ),
        foreground=_foreground(request, Extraction(alpha), report),
        understood=request.understood,
    )


def _alpha(request: ResolvedRequest, alpha: Alpha) -> Samples:
    """The alpha as it goes out."""
    if request.refinement is not None:
        return request.refinement.merged(alpha)
    return encoding.encode(alpha, request.output.alpha_dtype)


@dataclass(slots=True)
class _Work:
    """The engines of one request at work, one after the other; who worked, and where."""

    request: ResolvedRequest
    lender: Lender
    report: StageReport
    may_use_cpu: bool
    engines: list[EngineRecord] = field(default_factory=list)
    devices: list[str] = field(default_factory=list)

    def do(self) -> Extraction:
        """Find the subject if it must be found, then solve its edge if that is a step of its own."""
        first, *later = self.request.steps
        if self.request.inputs.trimap is not None and self.request.refinement is None:
            planned = encoding.as_float(encoding.thinned(self.request.inputs.trimap))
            self.report(_STAGES[first.role], _BEGUN, planned)  # a first look, before any work
        end = _FOUND if later else _SOLVED
        known = self.request.inputs
        extraction = self._run(first, known, _BEGUN, end)
        if first.role is not Role.SOLVE and not (extraction.alpha >= 0.5).any():
            way = _OTHER_WAY.get(first.role, _("Draw a rough region around it and try again"))
            raise NoSubjectError(
                _("{title} found no subject. {way}, or choose another engine.").format(
                    title=first.record.title, way=way
                )
            )
        previous, begin = first, _FOUND
        for index, step in enumerate(later):
            # Measured of engines without trained weights alone: those may add what no network sees from afar.
            is_soft = previous.record.has_soft_edges and step.record.weights is None
            if is_soft and extraction.spread <= agreement.NATIVE:
                continue
            is_rough = previous.role is Role.POINT and not previous.record.has_soft_edges
            trimap = self._trimap(is_rough, extraction.alpha, known)
            is_known = not (trimap == UNKNOWN).any()
            if is_rough:  # its own edge is a guess at best, and takes memory
                sure = encoding.as_float(trimap) if is_known else _NO_ALPHA
                extraction = replace(extraction, alpha=sure)
                begin = _LOOKED
            if is_known:
                continue
            end = begin + (_SOLVED - begin) / (len(later) - index)
            finer = self._run(step, Inputs(trimap, transparent=known.transparent), begin, end)
            if is_soft:
                unknown = trimap == UNKNOWN
                alpha = agreement.agreed(finer.alpha, extraction.alpha, unknown, extraction.spread)
                finer = replace(finer, alpha=alpha)
            extraction = extraction.refined(finer)
            previous, begin, known = step, end, replace(known, trimap=trimap)
        return extraction

    def _trimap(self, is_rough: bool, alpha: Alpha, known: Inputs) -> Trimap:
        """What is left to solve of what a step has found; of a rough mask the edge is looked at."""
        if not is_rough:
            return trimaps.from_alpha(alpha, known)
        look = part(_of_stage(self.report, _("Looking at the edge")), _FOUND, _LOOKED)
        return trimaps.from_mask(self.request.image, alpha, known, look)

    def _run(self, step: Step, inputs: Inputs, begin: float, end: float) -> Extraction:
        """Let one engine work; where its device is lost, once more on the processor."""
        try:
            return self._run_once(step, inputs, begin, end)
        except DeviceLostError as error:
            if not self.may_use_cpu:
                raise
            note = str(error)
        extraction = self._run_once(step, inputs, begin, end)
        return replace(extraction, notes=(note, *extraction.notes))

    def _run_once(self, step: Step, inputs: Inputs, begin: float, end: float) -> Extraction:
        """Let one engine work, its progress reported as the part of the whole from `begin` to `end`."""
        image = self.request.image
        report = part(_of_stage(self.report, _STAGES[step.role]), begin, end)

        look = partial(self.report, _("Loading the engine"), begin)
        with interruptible.entered(self.lender.lend(step.record.name), look) as engine:

            def work() -> Extraction:
                given = inputs.only(step.record.accepts)
                kept = self.request.pointed if step.role is Role.POINT else None
                if kept is None:
                    extraction = engine.extract(image, given, report)
                else:
                    features = kept.made(engine, image, report)
                    extraction = engine.solve(features, given, None, report)
                _check_numbers(extraction, step)
                self.devices.append(engine.device)
                return extraction

            picture_px = image.shape[0] * image.shape[1]
            extraction = economy.run(engine, work, picture_px, self.may_use_cpu)
            if engine.is_makeshift:
                note = _(
                    "The graphics card had no room for {title}, so the processor did its work."
                ).format(title=step.record.title)
                extraction = replace(extraction, notes=(note, *extraction.notes))
        self.engines.append(step.record)
        return extraction


def _check_numbers(extraction: Extraction, step: Step) -> None:
    """Refuse an alpha or colours with values that are no numbers; written out they would be holes.

    Raises:
        EngineError: it has such values.
    """
    values = (extraction.alpha, extraction.foreground)
    if not all(np.isfinite(each).all() for each in values if each is not None):
        raise EngineError(
            _(
                "{title} gave values that are no numbers, so its mask was dropped. Set precision to "
                '"full" in the settings if it worked in half precision, or choose another engine.'
            ).format(title=step.record.title)
        )


def _of_stage(report: StageReport, stage: str) -> Report:
    """A report of fractions alone, all of one stage."""
    return lambda fraction, preview=None: report(stage, fraction, preview)


def _foreground(
    request: ResolvedRequest, extraction: Extraction, report: StageReport
) -> Samples | None:
    """The subject's own colours, if they are wanted."""
    dtype = request.output.foreground_dtype
    if dtype is None:
        return None
    from flyaway.extraction import colours  # deferred: seldom wanted

    report_part = part(_of_stage(report, _("Cleaning colours")), _SOLVED, 1.0)
    return encoding.encode(colours.of_subject(request, extraction, report_part), dtype)
