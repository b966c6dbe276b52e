"""What users point at: prompts of the wire for engines, and what an engine finds there in a session's picture.

As `retouching`, the work knows no message but those that it reads and answers.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import partial

from flyaway.engines.candidates import box_of
from flyaway.engines.contract import AnyEngine, Box, Candidate, PointingEngine, Prompts, part
from flyaway.errors import EngineError
from flyaway.extraction import economy, interruptible
from flyaway.extraction.pipeline import Lender, StageReport, silent
from flyaway.extraction.request import Step
from flyaway.extraction.sessions import Picture
from flyaway.images import encoding
from flyaway.images.arrays import Region, Samples
from flyaway_client import prompts as wire
from flyaway_client.wording import _

LOOKING, FINDING = _("Looking at the image"), _("Finding what you point at")

_LOOKED = 0.9
"""How far the whole is once the image was looked at."""


@dataclass(frozen=True, slots=True)
class Found:
    """What the user may have pointed at.

    Attributes:
        engine: by name.
        candidates: the smallest first.
        boxes: around each, in the image's pixels.
        masks: hxw uint8 of each, the whole image in small.
    """

    engine: str
    candidates: tuple[Candidate, ...] = ()
    boxes: tuple[Box, ...] = ()
    masks: tuple[Samples, ...] = ()


def read(prompts: wire.Prompts) -> Prompts:
    """Prompts of the wire as engines take them."""
    keep, remove = (
        tuple((point.x, point.y) for point in prompts.points if point.keep == kind)
        for kind in (True, False)
    )
    boxes = tuple((box.left, box.top, box.right, box.bottom) for box in prompts.boxes)
    return Prompts(keep, remove, boxes, prompts.size)


def around(region: Region) -> Prompts:
    """The box of a rough region, which is not empty."""
    return Prompts(boxes=(box_of(region),))


def find(
    picture: Picture,
    prompts: Prompts,
    step: Step,
    lender: Lender,
    report: StageReport = silent,
    may_use_cpu: bool = True,
) -> Found:
    """What the prompts may mean in a picture; nothing where there are none, but the picture is made ready.

    Args:
        picture: the whole image, and what engines made of it.
        prompts: where the user pointed.
        step: the engine that finds it.
        lender: has the engine.
        report: told how far it is; may raise CancelledError.
        may_use_cpu: whether work may move to the processor when the device's memory is full.

    Raises:
        FlyawayError: it cannot be done; the text says why and what to do.
    """
    lent = lender.lend(step.record.name)
    with interruptible.entered(lent, partial(report, _("Loading the engine"), 0.0)) as engine:
        height, width = picture.image.shape[:2]
        work = partial(_candidates, picture, prompts, engine, report)
        candidates, _changes = economy.attempt(engine, work, height * width, may_use_cpu)
    boxes = tuple(_box(candidate, width, height) for candidate in candidates)
    masks = tuple(encoding.encode(candidate.mask, "u8") for candidate in candidates)
    return Found(step.record.name, candidates, boxes, masks)


def _candidates(
    picture: Picture, prompts: Prompts, engine: AnyEngine, report: StageReport
) -> tuple[Candidate, ...]:
    if not isinstance(engine, PointingEngine):
        raise EngineError(_("This engine cannot be pointed with. Choose another one."))
    looking = part(lambda fraction, preview=None: report(LOOKING, fraction), 0.0, _LOOKED)
    finding = part(lambda fraction, preview=None: report(FINDING, fraction), _LOOKED, 1.0)
    features = picture.pointed.made(engine, picture.image, looking)
    if not (prompts.keep or prompts.boxes):
        return ()
    found: tuple[Candidate, ...] = engine.candidates(features, prompts, finding)
    return found


def _box(candidate: Candidate, width: int, height: int) -> Box:
    """Around a candidate, in pixels of an image of that size."""
    rows, columns = candidate.mask.shape
    left, top, right, bottom = box_of(candidate.mask >= 0.5)
    across, down = width / columns, height / rows
    return (
        left * across,
        top * down,
        min((right + 1) * across, width) - 1,
        min((bottom + 1) * down, height) - 1,
    )
