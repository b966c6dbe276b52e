"""The engines in this process, for those who work where no daemon is: its queue and its errors, without the wire."""

from __future__ import annotations

import concurrent.futures
from collections.abc import Callable, Mapping

from flyaway.config import Settings
from flyaway.errors import FlyawayError
from flyaway.extraction.keeper import Loader
from flyaway.serving.engine_service import EngineService
from flyaway.serving.tasks import EngineTask, ExtractionTask
from flyaway.serving.work_queue import WorkQueue
from flyaway_client.client import Extracted
from flyaway_client.errors import CancelledError, RefusedError
from flyaway_client.messages import ExtractRequest
from flyaway_client.zmtp import Buffer

_LOOK_S = 0.25
"""How long until a caller is asked again whether it still wants the answer."""


class OwnEngines:
    """Engines that stay warm as long as this does, and do one photo at a time; asked from any thread.

    Args:
        settings: as for a daemon.
        loader: loads them; None for the real ones.
    """

    def __init__(self, settings: Settings, loader: Loader | None = None) -> None:
        self._service = EngineService(settings, loader)
        self._awaited: dict[EngineTask, concurrent.futures.Future[None]] = {}
        self._queue = WorkQueue(self._service.extraction_stations, self._end)
        self._queue.start()

    def solve(
        self,
        request: ExtractRequest,
        parts: Mapping[str, Buffer],
        should_stop: Callable[[], bool],
    ) -> Extracted:
        """Do a request; a `flyaway.batch.run.Solver`.

        Raises:
            RefusedError: as a daemon would answer.
            CancelledError: it was told to stop.
        """
        task = ExtractionTask(b"", request.id, request, parts)
        ended = self._awaited[task] = concurrent.futures.Future()
        try:
            self._service.check(request)
            self._queue.submit(task)
            while not concurrent.futures.wait((ended,), _LOOK_S).done:
                if should_stop():
                    task.is_cancelled.set()
                    self._queue.withdraw(task)
                    raise CancelledError
            ended.result()
            outcome = task.outcome
            assert outcome is not None  # the last station leaves one
            colours = outcome.foreground
            return Extracted(
                task.header(outcome),
                bytearray(outcome.alpha.data.cast("B")),
                None if colours is None else bytearray(colours.data.cast("B")),
            )
        except FlyawayError as error:
            raise RefusedError(error.code, str(error)) from error
        finally:
            del self._awaited[task]
            task.close()

    def _end(self, task: EngineTask, error: FlyawayError | None) -> None:
        """Wake who waits for a task, in the queue's thread."""
        ended = self._awaited.get(task)
        if ended is None:  # nobody waits any more
            return
        if error is None:
            ended.set_result(None)
        else:
            ended.set_exception(error)
