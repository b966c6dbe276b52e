"""What clients ask the daemon to work on: how far it is, how it is ended, and what they are answered."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum
from typing import TYPE_CHECKING

from flyaway.errors import CancelledError
from flyaway_client import protocol
from flyaway_client.messages import (
    AdjustRequest,
    DescribeRequest,
    Description,
    DownloadReply,
    DownloadRequest,
    DrawnRow,
    DrawRow,
    EngineInfo,
    ExtractRequest,
    ExtractResult,
    ImageHeader,
    Message,
    OpenSession,
    Pointed,
    PointRequest,
    Preview,
    RefineRequest,
    SessionOpened,
    Strip,
)
from flyaway_client.prompts import Box, Candidate
from flyaway_client.wording import _

if TYPE_CHECKING:
    import mmap

    from flyaway.extraction.keeper import Reservation
    from flyaway.extraction.metering import Meter
    from flyaway.extraction.pipeline import Outcome
    from flyaway.extraction.pointing import Found
    from flyaway.extraction.request import ResolvedRequest, Step
    from flyaway.extraction.sessions import Session
    from flyaway.images.arrays import Alpha, Samples
    from flyaway.images.encoding import Block

Reply = tuple[Message, memoryview | None]
"""A message to a client, and its payload if it has one."""


class Urgency(IntEnum):
    """Who goes first where several wait."""

    DRAWN = 0
    """Somebody's pen is lifted, or their mouse was clicked."""

    USUAL = 1
    BATCH = 2
    """Nobody looks at it."""

    AHEAD = 3
    """Nobody has asked for it yet; it ends for anything else."""


@dataclass(slots=True, eq=False)
class Task(ABC):
    """Work for a client. A worker's thread writes how far it is, the server's thread reads it.

    Attributes:
        peer: whoever asked, opaque here.
        id: the request's.
        stage, fraction: where the work is, in words and 0..1.
        seconds: how long it has been worked on.
        is_cancelled: set to make the work end.
        parting: what the client reads if the work is ended.
        client: the other computer that it is for; "" for this one. They take turns.
        nbytes: of the pixels that came with it.
        turn: where it stands among those that wait with it; the queue's own.
    """

    peer: bytes
    id: str
    stage: str = field(default=_("Waiting"), init=False)
    fraction: float = field(default=0.0, init=False)
    seconds: float = field(default=0.0, init=False)
    is_running: bool = field(default=False, init=False)
    is_cancelled: threading.Event = field(default_factory=threading.Event, init=False)
    parting: str = field(default=_("The request was cancelled."), init=False)
    client: str = field(default="", init=False)
    nbytes: int = field(default=0, init=False)
    turn: int = field(default=0, init=False)

    def report(self, stage: str, fraction: float, preview: Alpha | None = None) -> None:
        """Note how far the work is.

        Raises:
            CancelledError: the client wants no more of it.
        """
        if self.is_cancelled.is_set():
            raise CancelledError(self.parting)
        self.stage, self.fraction = stage, fraction

    def take_preview(self) -> Reply | None:
        """An early result to be sent, if there is a new one; called twice a second at most."""
        return None

    @property
    def urgency(self) -> Urgency:
        """Whom it goes before."""
        return Urgency.USUAL

    @property
    @abstractmethod
    def subject(self) -> str:
        """What the work is on, for the log."""

    @property
    @abstractmethod
    def result(self) -> str:
        """What came of it, for the log."""

    @abstractmethod
    def replies(self) -> Iterator[Reply]:
        """The messages that tell the client what came of finished work. Once the first is taken, the task may be closed."""

    def close(self) -> None:  # noqa: B027 - most have nothing to give back
        """Give back what the work holds but the result; called once, however it ended."""


@dataclass(slots=True, eq=False)
class EngineTask(Task):
    """Work for engines.

    Attributes:
        reservation: the engines that are held for it.
    """

    reservation: Reservation | None = field(default=None, init=False)

    @property
    @abstractmethod
    def engines(self) -> tuple[str, ...]:
        """The names of the engines it needs, in the order of their work."""

    def close(self) -> None:
        """Give back the engines."""
        if self.reservation is not None:
            self.reservation.close()


@dataclass(slots=True, eq=False)
class AlphaTask(EngineTask):
    """Work whose result is an alpha.

    Attributes:
        preview_u8: an early alpha, hxw, that was not sent yet.
        outcome: what came of it.
    """

    preview_u8: Samples | None = field(default=None, init=False)
    outcome: Outcome | None = field(default=None, init=False)

    @property
    @abstractmethod
    def wants_preview(self) -> bool:
        """Whether the client wants early results."""

    @abstractmethod
    def header(self, outcome: Outcome) -> ExtractResult:
        """What to answer before the pixels."""

    def report(self, stage: str, fraction: float, preview: Alpha | None = None) -> None:
        """Note how far the work is, and keep the preview if the client wants it; see `Task.report`."""
        Task.report(self, stage, fraction)
        if preview is not None and self.wants_preview:
            from flyaway.images import encoding  # deferred: hello must not wait for numpy

            self.preview_u8 = encoding.preview(preview)

    def take_preview(self) -> Reply | None:
        """The latest early alpha, small and in 8 bits."""
        preview, self.preview_u8 = self.preview_u8, None
        if preview is None:
            return None
        height, width = preview.shape
        header = Preview(self.id, ImageHeader(width, height, "gray", "u8"))
        return header, preview.data.cast("B")

    @property
    def result(self) -> str:
        """Who did it, and where."""
        if self.outcome is None:
            return "nothing"
        return f"done by {self.outcome.engine} on {self.outcome.device or 'nothing'}"

    def replies(self) -> Iterator[Reply]:
        """The result's header, then the strips of alpha and foreground; their pixels are not copied."""
        outcome = self.outcome
        assert outcome is not None  # the last station leaves one
        yield self.header(outcome), None
        yield from strips(self.id, "alpha", outcome.alpha.data.cast("B"))
        if outcome.foreground is not None:
            yield from strips(self.id, "foreground", outcome.foreground.data.cast("B"))


@dataclass(slots=True, eq=False)
class ExtractionTask(AlphaTask):
    """One extraction.

    Attributes:
        request: its header.
        parts: its pixels; let go once they are in `resolved`.
        resolved: all that it means.
        loading_s: how much of its seconds went into loading engines.
        meter: measures its memory, where it wants to know.
        advised: an engine worth fetching.
    """

    request: ExtractRequest
    parts: Mapping[str, Block]
    resolved: ResolvedRequest | None = field(default=None, init=False)
    loading_s: float = field(default=0.0, init=False)
    meter: Meter | None = field(default=None, init=False)
    advised: EngineInfo | None = field(default=None, init=False)

    @property
    def urgency(self) -> Urgency:
        """Behind everybody's requests where it is one of a batch."""
        return Urgency.BATCH if self.request.is_batch else Urgency.USUAL

    @property
    def engines(self) -> tuple[str, ...]:
        """Those of the resolved request."""
        assert self.resolved is not None  # the first station leaves one
        return self.resolved.engines

    @property
    def wants_preview(self) -> bool:
        """As the request says; but a refinement's would be of its window alone."""
        return self.request.wants_preview and self.request.mask is None

    @property
    def subject(self) -> str:
        """Its size; never pixels."""
        image = self.request.image
        return f"{image.width}x{image.height} {image.dtype}"

    def header(self, outcome: Outcome) -> ExtractResult:
        """All that the daemon tells of an extraction."""
        image = self.request.image
        return ExtractResult(
            id=self.id,
            alpha=ImageHeader(image.width, image.height, "gray", self.request.output_dtype),
            engine=outcome.engine,
            device=outcome.device,
            seconds=self.seconds,
            notes=outcome.notes,
            foreground=self.request.foreground,
            confidence=outcome.confidence,
            understood=outcome.understood,
            advised=self.advised,
            titles=outcome.titles,
            loading_s=self.loading_s,
            memory_bytes=self.meter.taken_bytes if self.meter is not None else None,
        )

    def close(self) -> None:
        """Give back the engines, and the memory of the pixels."""
        EngineTask.close(self)
        self.parts, self.resolved = {}, None


@dataclass(slots=True, eq=False)
class RefinementTask(AlphaTask):
    """A patch of a session's image, to be solved again.

    Attributes:
        request: its header.
        parts: its planes.
        session: of which it is.
        on_preview: called in the worker's thread when there is an early result.
    """

    request: RefineRequest
    parts: dict[str, mmap.mmap]
    session: Session
    on_preview: Callable[[], None]

    @property
    def urgency(self) -> Urgency:
        """Before whole photos: somebody waits for it with the pen in hand."""
        return Urgency.DRAWN

    @property
    def engines(self) -> tuple[str, ...]:
        """The session's one."""
        return (self.session.step.record.name,)

    @property
    def wants_preview(self) -> bool:
        """As the request says."""
        return self.request.wants_preview

    @property
    def subject(self) -> str:
        """Its size; never pixels."""
        mask = self.request.mask
        return f"patch of {mask.width}x{mask.height} {mask.dtype}"

    def report(self, stage: str, fraction: float, preview: Alpha | None = None) -> None:
        """As `AlphaTask.report`; an early result shall not wait for anything."""
        AlphaTask.report(self, stage, fraction, preview)
        if preview is not None:
            self.on_preview()

    def header(self, outcome: Outcome) -> ExtractResult:
        """Who made the patch."""
        return ExtractResult(
            id=self.id,
            alpha=self.request.mask,
            engine=outcome.engine,
            device=outcome.device,
            seconds=self.seconds,
            notes=outcome.notes,
            titles=outcome.titles,
        )

    def close(self) -> None:
        """Give back the engine, and the memory of the planes."""
        EngineTask.close(self)
        self.parts = {}


@dataclass(slots=True, eq=False)
class PointingTask(EngineTask):
    """Clicks and boxes in a session's image.

    Attributes:
        request: its header.
        session: in which it is.
        step: the engine that is pointed with.
        found: what they may mean.
    """

    request: PointRequest
    session: Session
    step: Step
    found: Found | None = field(default=None, init=False)

    @property
    def urgency(self) -> Urgency:
        """Before whole photos: somebody waits for it with the pen in hand. A first look, before any click, is after all."""
        return Urgency.DRAWN if self.request.prompts.have_subject else Urgency.AHEAD

    @property
    def engines(self) -> tuple[str, ...]:
        """The one that is pointed with."""
        return (self.step.record.name,)

    @property
    def subject(self) -> str:
        """How much was pointed; never where."""
        prompts = self.request.prompts
        return f"{len(prompts.points)} points and {len(prompts.boxes)} boxes"

    @property
    def result(self) -> str:
        """How many things they may mean."""
        return "nothing" if self.found is None else f"{len(self.found.candidates)} found"

    def replies(self) -> Iterator[Reply]:
        """The candidates, with their masks as the payload."""
        found = self.found
        assert found is not None  # the last station leaves it
        candidates = tuple(
            Candidate(one.size, one.score, Box(*box))
            for one, box in zip(found.candidates, found.boxes, strict=True)
        )
        mask = None
        if found.masks:
            height, width = found.masks[0].shape
            mask = ImageHeader(width, height, "gray", "u8")
        payload = b"".join(each.tobytes() for each in found.masks)
        answer = Pointed(self.id, self.request.session, found.engine, candidates, mask)
        yield answer, memoryview(payload) if payload else None


@dataclass(slots=True, eq=False)
class OpeningTask(Task):
    """A session's image, to be made ready for engines.

    Attributes:
        request: its header.
        parts: its pixels.
        engine: the name of the engine that will solve.
    """

    request: OpenSession
    parts: dict[str, mmap.mmap]
    engine: str = field(default="", init=False)

    @property
    def subject(self) -> str:
        """Its size; never pixels."""
        image = self.request.image
        return f"session on {image.width}x{image.height} {image.dtype}"

    @property
    def result(self) -> str:
        """Nothing but that it is done."""
        return "open"

    def replies(self) -> Iterator[Reply]:
        """That it is open."""
        yield SessionOpened(self.id, self.request.session, self.engine), None

    def close(self) -> None:
        """Give back the memory of the pixels, but for what the session has."""
        self.parts = {}


@dataclass(slots=True, eq=False)
class AdjustmentTask(Task):
    """A mask to be adjusted as a whole.

    Attributes:
        request: its header.
        parts: its mask.
        mask: what became of it.
    """

    request: AdjustRequest
    parts: dict[str, mmap.mmap]
    mask: Samples | None = field(default=None, init=False)

    @property
    def subject(self) -> str:
        """Its size; never pixels."""
        mask = self.request.mask
        return f"mask of {mask.width}x{mask.height} {mask.dtype}"

    @property
    def result(self) -> str:
        """Nothing but that it is done."""
        return "adjusted"

    def replies(self) -> Iterator[Reply]:
        """The result's header, then the strips of the mask."""
        assert self.mask is not None  # the station leaves one
        mask = self.mask.data.cast("B")
        yield ExtractResult(self.id, self.request.mask, "none", "", self.seconds), None
        yield from strips(self.id, "alpha", mask)

    def close(self) -> None:
        """Give back the memory of the mask."""
        self.parts, self.mask = {}, None


@dataclass(slots=True, eq=False)
class DrawingTask(Task):
    """A row of a comparison to be drawn.

    Attributes:
        request: its header.
        parts: its pixels; none where it is words alone.
        row: the picture, HxWx3 sRGB.
    """

    request: DrawRow
    parts: dict[str, mmap.mmap]
    row: Samples | None = field(default=None, init=False)

    @property
    def subject(self) -> str:
        """Its size; never pixels or words."""
        image = self.request.image
        return f"row of a comparison on {image.width}x{image.height} {image.dtype}"

    @property
    def result(self) -> str:
        """Nothing but that it is done."""
        return "drawn"

    def replies(self) -> Iterator[Reply]:
        """The row's size, then its strips."""
        assert self.row is not None  # the station leaves one
        height, width, _ = self.row.shape
        row = self.row.data.cast("B")
        yield DrawnRow(self.id, ImageHeader(width, height, "rgb", "u8")), None
        yield from strips(self.id, "row", row)

    def close(self) -> None:
        """Give back the memory of the pixels."""
        self.parts, self.row = {}, None


@dataclass(slots=True, eq=False)
class DescriptionTask(Task):
    """A selection to be described.

    Attributes:
        request: of what the copies are.
        pixels: the image's, then the selection's.
        description: what it would be taken for.
    """

    request: DescribeRequest
    pixels: bytes
    description: Description | None = field(default=None, init=False)

    @property
    def subject(self) -> str:
        """Its size; never pixels."""
        return f"selection of {self.request.width}x{self.request.height}"

    @property
    def result(self) -> str:
        """What it would be taken for."""
        return "nothing" if self.description is None else self.description.kind

    def replies(self) -> Iterator[Reply]:
        """The description."""
        assert self.description is not None  # the station leaves one
        yield self.description, None


@dataclass(slots=True, eq=False)
class DownloadTask(Task):
    """One engine's weights to be fetched."""

    request: DownloadRequest

    @property
    def subject(self) -> str:
        """Which."""
        return f"download of {self.request.engine}"

    @property
    def result(self) -> str:
        """Nothing but that it is done."""
        return "done"

    def replies(self) -> Iterator[Reply]:
        """That the weights are here."""
        yield DownloadReply(self.id, self.request.engine), None


def strips(request_id: str, part: str, content: memoryview) -> Iterator[Reply]:
    """A part of a result, as bytes, piece by piece and not copied."""
    for offset in range(0, len(content), protocol.STRIP_BYTES):
        strip = content[offset : offset + protocol.STRIP_BYTES]
        yield Strip(request_id, part, offset), strip
