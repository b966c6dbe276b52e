"""All that the server needs of engines: which there are, who is retouching, and the stations that tasks pass."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from functools import cached_property
from typing import TYPE_CHECKING

from flyaway.config import Settings
from flyaway.errors import RequestError, UnknownSessionError
from flyaway.extraction.keeper import Keeper, Loader, Reservation
from flyaway.extraction.loader import EngineLoader
from flyaway.extraction.metering import Meter
from flyaway.extraction.sessions import Picture, Session, Sessions
from flyaway.serving.tasks import (
    AdjustmentTask,
    DescriptionTask,
    DownloadTask,
    DrawingTask,
    EngineTask,
    ExtractionTask,
    OpeningTask,
    PointingTask,
    RefinementTask,
)
from flyaway.serving.work_queue import Station
from flyaway_client.messages import (
    DownloadRequest,
    EngineInfo,
    ExtractRequest,
    OpenSession,
    PointRequest,
    RefineRequest,
)
from flyaway_client.paid_work import PaidWork
from flyaway_client.wording import _

if TYPE_CHECKING:
    from flyaway.extraction.catalogue import Catalogue
    from flyaway.extraction.request import Step
    from flyaway.images.arrays import Alpha, Samples

_PICTURES_BYTES = 1_000_000_000
"""What pictures of sessions may take where no budget is set; half of that otherwise."""

_LOOKED = 0.05
"""How far the whole is once the selection was looked at; the engines begin there."""


class EngineService:
    """The engines of one daemon. What is heavy to import is imported at the first request.

    Args:
        settings: which engines may be used, for how long they stay warm, in how much memory.
        loader: loads them; None for the real ones.
        clock: seconds that only grow.
    """

    def __init__(
        self,
        settings: Settings,
        loader: Loader | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        idle_s, budget_bytes = (
            settings.idle_unload_minutes * 60,
            settings.memory_budget_mb * 1_000_000,
        )
        self._sessions = Sessions(budget_bytes // 2 or _PICTURES_BYTES, idle_s, clock)
        self._keeper = Keeper(
            loader or EngineLoader(settings),
            idle_s,
            budget_bytes,
            clock,
            lambda: self._sessions.nbytes,
        )

    @property
    def warm_engines(self) -> tuple[str, ...]:
        """The names of the loaded engines."""
        return self._keeper.names

    def unload_idle(self) -> None:
        """Let go of engines and sessions that were idle for long."""
        self._keeper.unload_idle()
        self._sessions.expire()

    def infos(self) -> tuple[EngineInfo, ...]:
        """Every engine as a user should see it, the default first."""
        return self._catalogue.infos()

    def reopen(self, request: OpenSession) -> str | None:
        """Open a session on a picture that is here; the name of its engine, or None where the picture is wanted.

        Raises:
            RequestError: the engine it names does not exist, cannot solve an edge, or is not allowed.
        """
        step = self._solver(request)
        picture = self._sessions.picture(request.digest)
        if picture is None:
            return None
        self._open(request, picture, step)
        return step.record.name

    def session(self, request: RefineRequest) -> Session:
        """The session of a patch.

        Raises:
            UnknownSessionError: it is not there any more.
            RequestError: the patch does not lie in its image.
        """
        session = self._known(request.session)
        height, width = session.picture.image.shape[:2]
        mask = request.mask
        if request.left + mask.width > width or request.top + mask.height > height:
            raise RequestError(
                _(
                    "The patch of {width} x {height} pixels at {left}, {top} does not lie in the image of "
                    "{image_width} x {image_height}."
                ).format(
                    width=mask.width,
                    height=mask.height,
                    left=request.left,
                    top=request.top,
                    image_width=width,
                    image_height=height,
                )
            )
        return session

    def pointed(self, request: PointRequest) -> tuple[Session, Step]:
        """The session in which somebody points, and the engine for it.

        Raises:
            UnknownSessionError: it is not there any more.
            MessageError: what is pointed at does not lie in its image.
            RequestError: the engine it names does not exist, cannot be pointed with, or is not allowed.
            WeightsError: there is none that can be pointed with; the text says how to get one.
        """
        session = self._known(request.session)
        height, width = session.picture.image.shape[:2]
        request.prompts.check_within(width, height)
        return session, self._catalogue.pointer(request.engine, PaidWork.asked_by(request))

    def _known(self, name: str) -> Session:
        session = self._sessions.find(name)
        if session is None:
            raise UnknownSessionError(
                _("The daemon has let go of the image. Try again, which sends it anew.")
            )
        return session

    def has_session(self, name: str) -> bool:
        """Whether a session is here."""
        return self._sessions.find(name) is not None

    def close_session(self, name: str) -> None:
        """Let go of a session, if it is there."""
        self._sessions.close(name)

    def check(self, request: ExtractRequest | DownloadRequest) -> None:
        """Refuse a request by its header alone.

        Raises:
            UnknownEngineError: an engine it names does not exist.
            RequestError: an engine it names cannot do what is asked, or is not allowed.
        """
        from flyaway.extraction import resolution  # deferred: brings numpy and OpenCV

        if isinstance(request, DownloadRequest):
            self._catalogue.record(request.engine)
        else:
            resolution.check(request, self._catalogue)

    @property
    def extraction_stations(self) -> tuple[Station[EngineTask], ...]:
        """What is done to extractions and patches. One whose engines are warm waits for none that loads its own."""
        return (
            Station("resolver", _("Preparing"), self.resolve, _is_extraction),
            Station("loader", _("Loading the engine"), self.load, self.is_cold),
            Station("worker", _("Preparing"), self.work),
        )

    @property
    def opening_stations(self) -> tuple[Station[OpeningTask], ...]:
        """What is done to a session's image."""
        return (Station("opener", _("Preparing"), self.open_session),)

    @property
    def adjustment_stations(self) -> tuple[Station[AdjustmentTask], ...]:
        """What is done to a mask that shall be adjusted."""
        return (Station("adjuster", _("Adjusting the mask"), self.adjust),)

    @property
    def drawing_stations(self) -> tuple[Station[DrawingTask], ...]:
        """What is done to a row of a comparison."""
        return (Station("drawer", _("Drawing the sheet"), self.draw),)

    @property
    def description_stations(self) -> tuple[Station[DescriptionTask], ...]:
        """What is done to a selection that shall be described."""
        return (Station("describer", _("Preparing"), self.describe),)

    @property
    def download_stations(self) -> tuple[Station[DownloadTask], ...]:
        """What is done to a download."""
        return (Station("downloader", _("Preparing"), self.download),)

    def resolve(self, task: EngineTask) -> None:
        """Find out all that an extraction means.

        Raises:
            FlyawayError: it makes no sense.
        """
        from flyaway.extraction import resolution  # deferred: brings numpy and OpenCV

        assert isinstance(task, ExtractionTask)  # nothing else needs this station

        def report(fraction: float, preview: Alpha | None = None) -> None:
            task.report(_("Looking at the edge"), _LOOKED * fraction)

        # Before anything that takes time: one that is withdrawn meanwhile lets go of them.
        parts = task.parts
        threads = self._settings.engine_threads
        # one that was let go of is no error: the image is here, and is looked at again
        session = self._sessions.find(task.request.session) if task.request.session else None
        if task.request.wants_memory:
            task.meter = Meter()
        with _metered(task):
            task.resolved = resolution.resolve(
                task.request,
                parts,
                self._catalogue,
                report,
                threads,
                session.picture if session else None,
            )
        task.parts = {}  # what was not converted lives on in `resolved`
        if task.meter is not None:
            task.meter.held_bytes = self._keeper.held_bytes(task.engines)

    def is_cold(self, task: EngineTask) -> bool:
        """Whether an engine of a task has to be loaded first."""
        return not set(task.engines) <= set(self._keeper.names)

    def load(self, task: EngineTask) -> None:
        """Load the engines of a task and hold them for it.

        Raises:
            FlyawayError: one cannot be loaded.
        """
        task.reservation = Reservation(self._keeper)
        with _metered(task):
            task.reservation.hold(task.engines)

    def work(self, task: EngineTask) -> None:
        """Do an extraction, solve a patch again, or find what was pointed at.

        Raises:
            FlyawayError: it cannot be done.
        """
        if isinstance(task, RefinementTask):
            self.refine(task)
        elif isinstance(task, PointingTask):
            self.point(task)
        elif isinstance(task, ExtractionTask):
            self.extract(task)

    def extract(self, task: ExtractionTask) -> None:
        """Do an extraction.

        Raises:
            FlyawayError: it cannot be done.
        """
        from flyaway.extraction import pipeline  # deferred: brings numpy and OpenCV

        assert task.resolved is not None  # the first station leaves one
        lender = task.reservation = task.reservation or Reservation(self._keeper)
        with _metered(task):
            task.outcome = pipeline.extract(
                task.resolved, lender, task.report, self._settings.cpu_fallback
            )
        task.loading_s = lender.loading_s
        if task.outcome.is_rough:
            task.advised = self._catalogue.advice()

    def refine(self, task: RefinementTask) -> None:
        """Solve a patch again.

        Raises:
            FlyawayError: it cannot be done.
        """
        from flyaway.extraction import resolution, retouching  # deferred: brings numpy and OpenCV

        session = task.session
        task.outcome = retouching.refine(
            session.picture,
            resolution.patch(task.request, task.parts),
            session.step,
            task.reservation or self._keeper,
            task.report,
            self._settings.cpu_fallback,
            transparent=session.transparent,
        )

    def point(self, task: PointingTask) -> None:
        """Find what was pointed at.

        Raises:
            FlyawayError: it cannot be done.
        """
        from flyaway.extraction import pointing  # deferred: brings numpy and OpenCV

        task.found = pointing.find(
            task.session.picture,
            pointing.read(task.request.prompts),
            task.step,
            task.reservation or self._keeper,
            task.report,
            self._settings.cpu_fallback,
        )

    def open_session(self, task: OpeningTask) -> None:
        """Make a session's image ready for engines.

        Raises:
            RequestError: the pixels are not those that were announced, or their profile cannot be used.
        """
        from flyaway.extraction import resolution  # deferred: brings numpy and OpenCV

        request = task.request
        views = {name: memoryview(part) for name, part in task.parts.items()}
        if request.digest_of(views) != request.digest:
            raise RequestError(_("The image is not the one that was announced. Try again."))
        step = self._solver(request)
        self._open(request, Picture(resolution.read_image(request, task.parts, packed=True)), step)
        task.engine = step.record.name

    def _solver(self, request: OpenSession) -> Step:
        return self._catalogue.solver(
            request.engine, PaidWork.asked_by(request), transparent=request.transparent
        )

    def _open(self, request: OpenSession, picture: Picture, step: Step) -> None:
        name, digest = request.session, request.digest
        self._sessions.open(name, digest, picture, step, transparent=request.transparent)

    def adjust(self, task: AdjustmentTask) -> None:
        """Adjust a mask as a whole."""
        from flyaway.extraction import adjusting  # deferred: brings numpy and OpenCV
        from flyaway.images import encoding

        request = task.request
        mask = encoding.samples(request.mask, task.parts["mask"])[..., 0]
        task.mask = adjusting.adjusted(mask, request.adjustments)

    def draw(self, task: DrawingTask) -> None:
        """Draw a row of a comparison.

        Raises:
            RequestError: the image's profile cannot be used.
        """
        from flyaway.images import encoding, sheet  # deferred: brings numpy and OpenCV

        asked, parts = task.request, task.parts
        pictures: tuple[Samples, ...] = ()
        if asked.alpha is not None:
            icc = bytes(parts["icc"][:]) if asked.icc_bytes else b""
            image = encoding.read(asked.image, parts["image"], asked.colour, icc)
            alpha = encoding.samples(asked.alpha, parts["alpha"])[..., 0]
            own = None
            if asked.foreground is not None:
                own = encoding.read(asked.foreground, parts["foreground"], asked.colour, icc)
            pictures = sheet.pictures(image, alpha, own, asked.rows)
        size = asked.image.width, asked.image.height
        words = asked.title, asked.lines, asked.heading, asked.captions
        task.row = sheet.row(size, asked.rows, pictures, *words)

    def describe(self, task: DescriptionTask) -> None:
        """Say what a selection would be taken for.

        Raises:
            FlyawayError: it makes no sense.
        """
        from flyaway.extraction import description  # deferred: brings numpy and OpenCV

        task.description = description.describe(task.request, memoryview(task.pixels))

    def download(self, task: DownloadTask) -> None:
        """Fetch an engine's weights.

        Raises:
            WeightsError: they cannot be had.
        """
        from flyaway.weights.store import Store  # deferred: brings a web client

        record = self._catalogue.record(task.request.engine)

        def report_bytes(done: int, total: int) -> None:
            stage = _("Downloading {title}, {done:.0f} of {total:.0f} MB").format(
                title=record.title, done=done / 1e6, total=total / 1e6
            )
            task.report(stage, done / max(total, 1))

        Store().download(record, report_bytes)

    @cached_property
    def _catalogue(self) -> Catalogue:
        from flyaway.extraction.catalogue import Catalogue  # deferred: brings the hub's library

        return Catalogue(self._settings.paid_work)


def _metered(task: EngineTask) -> AbstractContextManager[None]:
    """Watches the memory that a task takes, where it wants to know."""
    meter = task.meter if isinstance(task, ExtractionTask) else None
    return nullcontext() if meter is None else meter.watching()


def _is_extraction(task: EngineTask) -> bool:
    return isinstance(task, ExtractionTask)
