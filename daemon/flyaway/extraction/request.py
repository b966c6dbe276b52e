"""A request as the work on it sees it: what is wanted, and all that it means once its pixels are there.

No wire, no file and no editor is known here: whoever has pixels can make one and have `pipeline` do it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from flyaway.engines.contract import Inputs
from flyaway.engines.records import EngineRecord, Input, Role
from flyaway.extraction.refinement import Refinement
from flyaway.images.arrays import Image, Region, Samples
from flyaway_client.paid_work import PaidWork
from flyaway_client.wording import _, joined

if TYPE_CHECKING:
    from flyaway.extraction.sessions import Encoding

AUTO, NONE = "auto", "none"
"""Engine names that leave the choice to Flyaway, or want no such engine."""


@dataclass(frozen=True, slots=True)
class Wishes:
    """Which engines the user wants.

    Attributes:
        engine: a name, or `AUTO`.
        fine_engine: what solves the edge that `engine` leaves uncertain: a name, `AUTO` or `NONE`.
        paid_work: what has to allow paid work.
    """

    engine: str = AUTO
    fine_engine: str = AUTO
    paid_work: PaidWork = PaidWork.ANY


@dataclass(frozen=True, slots=True)
class Output:
    """What shall come back: the sample types of alpha and of foreground, None where that is not wanted.

    Attributes:
        alpha_dtype: "u8", "u16" or "f32".
        foreground_dtype: the photo's own, one of those or "f16".
        foreground_amount: how far the subject's own colours take the place of the photo's, 0..1.
    """

    alpha_dtype: str = "u8"
    foreground_dtype: str | None = None
    foreground_amount: float = 1.0


@dataclass(frozen=True, slots=True)
class Step:
    """One engine's part of the work."""

    record: EngineRecord
    role: Role


def untold(steps: tuple[Step, ...]) -> tuple[str, ...]:
    """A sentence where the user says that light shines through, and no engine that works listens."""
    if not steps or any(Input.TRANSPARENT in step.record.accepts for step in steps):
        return ()
    titles = joined(" + ", dict.fromkeys(step.record.title for step in steps))
    text = _(
        "{titles} can make nothing of the hint that light shines through the subject; SDMatte can."
    )
    return (text.format(titles=titles),)


@dataclass(frozen=True, slots=True)
class ResolvedRequest:
    """All that a request means; nothing about it is decided later.

    Attributes:
        image: HxWx3 sRGB.
        inputs: what helps to tell the subject.
        steps: the engines in the order of their work; none where the trimap leaves nothing to solve.
        output: what shall come back.
        colours: HxWx1 (grey) or HxWx3 in the photo's own space and range, where a foreground is wanted;
            None where `image` is that.
        is_clear: HxW, True where the layer is wholly transparent; None if it is so nowhere.
        notes: sentences for the user on how the request was understood.
        understood: what the selection was taken for and why, for people.
        refinement: the mask that the alpha goes into; `image` and all else are then of its window.
        alpha: HxW as it goes out, where it is known already and only the subject's own colours are wanted.
        pointed: what an engine that is pointed with made of the same image before, or room for it; None keeps nothing.
    """

    image: Image
    inputs: Inputs
    steps: tuple[Step, ...]
    output: Output = Output()
    colours: Samples | None = None
    is_clear: Region | None = None
    notes: tuple[str, ...] = ()
    understood: str = ""
    refinement: Refinement | None = None
    alpha: Samples | None = None
    pointed: Encoding | None = None

    @property
    def engines(self) -> tuple[str, ...]:
        """The names of the engines, in the order of their work."""
        return tuple(step.record.name for step in self.steps)
