"""What an engine is, what it is given and what it gives back. Needs no torch; what is known of one: records.py."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass, fields, replace
from typing import TYPE_CHECKING, Any, Generic, Literal, Protocol, TypeVar

import numpy as np
from numpy.typing import NDArray

from flyaway.engines.records import Input
from flyaway.images.arrays import Alpha, Image, Region, Trimap
from flyaway.images.rectangles import Window

if TYPE_CHECKING:
    import torch


class Report(Protocol):
    """How an engine reports where it is. Call it at least every 0.3 s of work.

    Raises:
        CancelledError: the client does not want the result any more; let it pass.
    """

    def __call__(self, fraction: float, preview: Alpha | None = None) -> None:
        """Report that `fraction` (0..1) is done; `preview` is an early alpha of the image, of its size or smaller."""


def silent(fraction: float, preview: Alpha | None = None) -> None:
    """A `Report` for callers who do not listen."""


def part(report: Report, begin: float, end: float) -> Report:
    """A report for a piece of work that takes `report` from `begin` to `end` (0..1)."""

    def report_part(fraction: float, preview: Alpha | None = None) -> None:
        report(begin + (end - begin) * min(max(fraction, 0.0), 1.0), preview)

    return report_part


Point = tuple[float, float]
"""x from the left and y from the top, in the image's pixels: the first one's middle is at 0, 0."""

Box = tuple[float, float, float, float]
"""Left, top, right and bottom, likewise; the last two are those of the last pixels inside."""

SIZES = ("part", "object", "whole")
"""What one click may mean, the smallest first."""


@dataclass(frozen=True, slots=True)
class Prompts:
    """Where the user pointed.

    Attributes:
        keep: points on the subject.
        remove: points beside it.
        boxes: around a subject each; what is in any of them is wanted.
        size: which of `SIZES` one click means; "" for what fits best.
    """

    keep: tuple[Point, ...] = ()
    remove: tuple[Point, ...] = ()
    boxes: tuple[Box, ...] = ()
    size: str = ""

    @property
    def is_ambiguous(self) -> bool:
        """Whether it is one click, which may mean a part, an object or more."""
        return len(self.keep) == 1 and not self.remove and not self.boxes


@dataclass(frozen=True, slots=True)
class Inputs:
    """What a request brings beside the image; arrays of the image's size, or None.

    Attributes:
        trimap: HxW 0/128/255; its known pixels come back as they are.
        region: HxW, True inside a rough outline around the subject; outside is background.
        plate: HxWx3 sRGB, the same scene without the subject.
        prompts: where the user pointed.
        transparent: the subject lets something through, as glass, veils and smoke do; None for nothing known of that.
    """

    trimap: Trimap | None = None
    region: Region | None = None
    plate: Image | None = None
    prompts: Prompts | None = None
    transparent: Literal[True] | None = None

    @property
    def given(self) -> frozenset[Input]:
        """The names of those that are there."""
        return frozenset(
            Input(field.name) for field in fields(self) if getattr(self, field.name) is not None
        )

    def only(self, names: frozenset[Input]) -> Inputs:
        """These inputs without those that are not in `names`."""
        return replace(self, **{str(name): None for name in self.given - names})

    def within(self, window: Window) -> Inputs:
        """What arrays say of a window of the image; views, not copies."""
        arrays = self.given - {Input.PROMPTS, Input.TRANSPARENT}
        parts = {str(name): getattr(self, name)[window] for name in arrays}
        return Inputs(**parts, transparent=self.transparent)


NOTHING = Inputs()
"""For a request that brings an image alone."""


ROUGH_BELOW = 0.7
"""Confidence below which a subject that was found is a rough guess, and the user is told to help."""


@dataclass(frozen=True, slots=True)
class Extraction:
    """What an engine gives back: the alpha, and beside it what some engines have to give.

    What is beside the alpha goes to the client field by field; the next such field is added here.

    Attributes:
        alpha: HxW float32 0..1; exactly 0 and 1 where a trimap says so.
        foreground: HxWx3 float32 0..1 sRGB, the subject's own colours.
        confidence: 0..1 for a subject that was found, None where a trimap left nothing to find.
        notes: sentences the user should see, such as a fallback.
        spread: pixels of the image, along a side, for one that was seen of it; 1 where all were.
    """

    alpha: Alpha
    foreground: NDArray[np.float32] | None = None
    confidence: float | None = None
    notes: tuple[str, ...] = ()
    spread: float = 1.0

    def refined(self, finer: Extraction) -> Extraction:
        """This extraction with the alpha of a finer one, which adds what it has to give."""
        return Extraction(
            finer.alpha,
            self.foreground if finer.foreground is None else finer.foreground,
            self.confidence if finer.confidence is None else finer.confidence,
            tuple(dict.fromkeys((*self.notes, *finer.notes))),
            finer.spread,
        )


Features = TypeVar("Features")


class Engine(ABC, Generic[Features]):
    """A loaded engine. Not for use by several threads at once.

    Where it works and in which precision is its own affair; callers may only ask it to need less.

    Attributes:
        is_makeshift: it is not to be lent again: it was put on the processor because the device had no room, which it may have
            another time, or the device that it was on is gone.
    """

    is_makeshift = False

    def place(self, device: torch.device, precision: str) -> None:
        """Go to where to work from now on; `engines.load` calls it. One that must not, stays where it is.

        Args:
            device: where.
            precision: see `engines.load`.
        """

    @property
    @abstractmethod
    def device(self) -> str:
        """Where it works now and how, in words for people: "CPU (2 threads)", "CUDA: …, half precision"."""

    @abstractmethod
    def encode(self, image: Image, report: Report = silent) -> Features:
        """Do the part of the work that depends on the image alone; the result may be kept and solved again.

        Args:
            image: HxWx3 sRGB; must not change as long as the features are used.
            report: told how far the work is; may raise CancelledError.
        """

    @abstractmethod
    def solve(
        self,
        features: Features,
        inputs: Inputs,
        window: Window | None = None,
        report: Report = silent,
    ) -> Extraction:
        """Find the alpha of the subject.

        Args:
            features: what `encode` made of the image.
            inputs: of the whole image's size.
            window: the part of the image to solve; None for all of it.
            report: told how far the work is; may raise CancelledError.

        Returns:
            An extraction of the window's size.

        Raises:
            RequestError: what was given cannot be worked on; the text says what to do.
            EngineError: the engine failed.
        """

    def extract(
        self, image: Image, inputs: Inputs = NOTHING, report: Report = silent
    ) -> Extraction:
        """Encode an image and solve all of it; see `solve`."""
        return self.solve(self.encode(image, report), inputs, None, report)

    @property
    def held_bytes(self) -> int:
        """What it holds in memory while nothing is asked of it: its weights."""
        return 0

    def kept_bytes(self, features: Features) -> int:
        """What features take in memory beside the image itself."""
        return 0

    def economise(self, picture_px: int, may_use_cpu: bool) -> str | None:
        """Need less memory from now on: smaller windows, then half precision, then the processor.

        Args:
            picture_px: how many pixels the picture has for which memory ran out.
            may_use_cpu: whether the last step is allowed.

        Returns:
            A sentence on what changed; None where nothing is left to save.
        """
        return None

    def restore(self) -> None:
        """Undo what `economise` did, for the next picture may be smaller.

        Raises:
            DeviceError: the device has no memory for that now; the engine works on as it was.
        """


AnyEngine = Engine[Any]
"""An engine whose features are its own affair."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """What the user may have pointed at.

    Attributes:
        mask: hxw float32 0..1, the whole image in small.
        score: 0..1, how well the engine thinks that it fits.
        size: one of `SIZES`; "object" where there is but one.
    """

    mask: Alpha
    score: float
    size: str


class PointingEngine(Engine[Features]):
    """An engine that finds what the user points at: `solve` takes the candidate that was meant."""

    @abstractmethod
    def candidates(
        self, features: Features, prompts: Prompts, report: Report = silent
    ) -> tuple[Candidate, ...]:
        """What the prompts may mean, the smallest first; empty where they show nothing.

        Args:
            features: what `encode` made of the image.
            prompts: with at least one point to keep, or a box.
            report: told how far the work is; may raise CancelledError.

        Raises:
            RequestError: they point at nothing; the text says what to do.
        """
