"""All that the server needs of engines: which there are, and the stations that extractions and downloads pass."""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import cached_property
from typing import TYPE_CHECKING

from flyaway.config import Settings
from flyaway.extraction.keeper import Keeper, Loader, Reservation
from flyaway.extraction.loader import EngineLoader
from flyaway.serving.tasks import DescriptionTask, DownloadTask, ExtractionTask
from flyaway.serving.work_queue import Station
from flyaway_client.messages import DownloadRequest, EngineInfo, ExtractRequest

if TYPE_CHECKING:
    from flyaway.extraction.catalogue import Catalogue
    from flyaway.extraction.request import ResolvedRequest
    from flyaway.images.arrays import Alpha

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
        self._keeper = Keeper(
            loader or EngineLoader(settings),
            settings.idle_unload_minutes * 60,
            settings.memory_budget_mb * 1_000_000,
            clock,
        )

    @property
    def warm_engines(self) -> tuple[str, ...]:
        """The names of the loaded engines."""
        return self._keeper.names

    def unload_idle(self) -> None:
        """Let go of engines that were idle for long."""
        self._keeper.unload_idle()

    def infos(self) -> tuple[EngineInfo, ...]:
        """Every engine as a user should see it, the default first."""
        return self._catalogue.infos()

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
    def extraction_stations(self) -> tuple[Station[ExtractionTask], ...]:
        """What is done to an extraction. One whose engines are warm waits for none that loads its own."""
        return (
            Station("resolver", "Preparing", self.resolve),
            Station("loader", "Loading the engine", self.load, self.is_cold),
            Station("worker", "Preparing", self.extract),
        )

    @property
    def description_stations(self) -> tuple[Station[DescriptionTask], ...]:
        """What is done to a selection that shall be described."""
        return (Station("describer", "Preparing", self.describe),)

    @property
    def download_stations(self) -> tuple[Station[DownloadTask], ...]:
        """What is done to a download."""
        return (Station("downloader", "Preparing", self.download),)

    def resolve(self, task: ExtractionTask) -> None:
        """Find out all that an extraction means.

        Raises:
            FlyawayError: it makes no sense.
        """
        from flyaway.extraction import resolution  # deferred: brings numpy and OpenCV

        def report(fraction: float, preview: Alpha | None = None) -> None:
            task.report("Looking at the edge", _LOOKED * fraction)

        task.resolved = resolution.resolve(task.request, task.parts, self._catalogue, report)
        task.parts = {}  # what was not converted lives on in `resolved`

    def is_cold(self, task: ExtractionTask) -> bool:
        """Whether an engine of an extraction has to be loaded first."""
        return not set(_resolved(task).engines) <= set(self._keeper.names)

    def load(self, task: ExtractionTask) -> None:
        """Load the engines of an extraction and hold them for it.

        Raises:
            FlyawayError: one cannot be loaded.
        """
        task.reservation = Reservation(self._keeper)
        task.reservation.hold(_resolved(task).engines)

    def extract(self, task: ExtractionTask) -> None:
        """Do an extraction.

        Raises:
            FlyawayError: it cannot be done.
        """
        from flyaway.extraction import pipeline  # deferred: brings numpy and OpenCV

        lender = task.reservation or self._keeper
        task.outcome = pipeline.extract(
            _resolved(task), lender, task.report, self._settings.cpu_fallback
        )
        if task.outcome.is_rough:
            task.advised = self._catalogue.advice()

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
            stage = f"Downloading {record.title}, {done / 1e6:.0f} of {total / 1e6:.0f} MB"
            task.report(stage, done / max(total, 1))

        Store().download(record, report_bytes)

    @cached_property
    def _catalogue(self) -> Catalogue:
        from flyaway.extraction.catalogue import Catalogue  # deferred: brings the hub's library

        return Catalogue(self._settings.paid_work_only)


def _resolved(task: ExtractionTask) -> ResolvedRequest:
    assert task.resolved is not None  # the first station leaves one
    return task.resolved
