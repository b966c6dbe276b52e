"""All that the server needs of engines: which there are, making them ready, putting them to work."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING

from flyaway.config import Settings
from flyaway.extraction.keeper import Keeper, Loader
from flyaway.extraction.loader import EngineLoader
from flyaway.serving.jobs import Download, Job
from flyaway_client.messages import DownloadRequest, EngineInfo, ExtractRequest

if TYPE_CHECKING:
    from flyaway.extraction.catalogue import Catalogue
    from flyaway.extraction.pipeline import Outcome


class Workshop:
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
        return self._catalogue().infos()

    def check(self, request: ExtractRequest | DownloadRequest) -> None:
        """Refuse a request by its header alone.

        Raises:
            UnknownEngineError: an engine it names does not exist.
            RequestError: an engine it names cannot do what is asked, or is not allowed.
        """
        if isinstance(request, DownloadRequest):
            self._catalogue().record(request.engine)
        else:
            self._catalogue().choose(request)

    def is_ready(self, job: Job) -> bool:
        """Whether the engines of an extraction are warm."""
        return set(self._names(job)) <= set(self._keeper.names)

    def prepare(self, job: Job) -> None:
        """Load the engines of an extraction and hold them for it, if it needs them.

        Raises:
            FlyawayError: one cannot be loaded, or the request makes no sense.
        """
        from flyaway.extraction import pipeline  # deferred: brings OpenCV

        if pipeline.is_settled(job):
            return
        with ExitStack() as held:
            for name in self._names(job):
                held.enter_context(self._keeper.lend(name))
            job.held.push(held.pop_all())

    def extract(self, job: Job) -> Outcome:
        """Do an extraction.

        Raises:
            FlyawayError: it cannot be done.
        """
        from flyaway.extraction import (
            pipeline,
        )  # deferred: hello must not wait for numpy and OpenCV

        choice = self._catalogue().choose(job.request)
        return pipeline.extract(job, choice, self._keeper, self._settings.cpu_fallback)

    def download(self, job: Download) -> None:
        """Fetch an engine's weights.

        Raises:
            WeightsError: they cannot be had.
        """
        from flyaway.weights.store import Store  # deferred: brings a web client

        record = self._catalogue().record(job.request.engine)

        def progress(done: int, total: int) -> None:
            stage = f"Downloading {record.title}, {done / 1e6:.0f} of {total / 1e6:.0f} MB"
            job.report(stage, done / max(total, 1))

        Store().download(record, progress)

    def _names(self, job: Job) -> tuple[str, ...]:
        return self._catalogue().choose(job.request).names

    def _catalogue(self) -> Catalogue:
        from flyaway.extraction.catalogue import (
            Catalogue,
        )  # deferred: brings numpy and the hub's library

        return Catalogue(self._settings)
