"""The work on many photos at once, here: reading, the engines and writing overlap, and each photo in hand is bounded."""

from __future__ import annotations

import concurrent.futures
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import replace

from flyaway.batch import publishing, work
from flyaway.batch.events import Done, Event, Failed, Passed
from flyaway.batch.feed import Feed
from flyaway.batch.inputs import Input
from flyaway.batch.manifest import Manifest, Record, State, Verdict, judge
from flyaway.batch.plan import Job
from flyaway.batch.work import Answer, Prepared, Wishes
from flyaway.errors import BatchError, OutputError, RequestError
from flyaway_client import protocol
from flyaway_client.errors import (
    CancelledError,
    ClientError,
    DaemonLostError,
    DaemonUnreachableError,
    RefusedError,
    VersionError,
)
from flyaway_client.messages import ExtractRequest
from flyaway_client.zmtp import Buffer

Solver = Callable[[ExtractRequest, Mapping[str, Buffer], Callable[[], bool]], Answer]
"""Has the engines do a request, until told to stop; raises ClientError."""

_HANDS_BESIDE = 2
"""Photos in hand beyond those with the engines: the next is read while the last is written."""

_BUSY_S = 0.5
"""How long until an engine's queue that was full is tried again."""

_LOST_TRIES = 3
"""How often a photo is sent at whose work the daemon goes away, before it counts as what sends it away."""

_HOPELESS = {protocol.UNKNOWN_ENGINE, protocol.WEIGHTS_MISSING}
"""Refusals that every other photo would meet as well."""


class Run:
    """One run of a batch.

    Args:
        wishes: what is wanted of each photo.
        manifest: what is known of them; prepared.
        solve: has the engines.
        tell: told of each photo's end, in any thread, one at a time.
        weights: the hash of an engine's file as it is now, None where there is none.
        is_stopping: set when no more photos shall be begun.
    """

    def __init__(
        self,
        wishes: Wishes,
        manifest: Manifest,
        solve: Solver,
        tell: Callable[[Event], None],
        weights: Callable[[str], str | None],
        is_stopping: threading.Event,
    ) -> None:
        self._wishes = wishes
        self._manifest = manifest
        self._solve = solve
        self._tell = tell
        self._weights = weights
        self._is_stopping = is_stopping
        self._is_abandoned = threading.Event()
        self._workers = wishes.settings.workers
        self._places = threading.Semaphore(self._workers)
        self._trying_again = threading.Lock()
        self._telling = threading.Lock()

    def work_off(self, feed: Feed, meanwhile: Callable[[], None], every_s: float = 0.5) -> None:
        """Do all photos of a feed.

        Args:
            feed: the photos.
            meanwhile: called now and then, in this thread.
            every_s: how often.

        Raises:
            BatchError: it cannot go on.
            KeyboardInterrupt: Ctrl-C, and whatever else `meanwhile` raises; photos in hand are given up.
        """
        hands = self._workers + _HANDS_BESIDE
        with concurrent.futures.ThreadPoolExecutor(hands, "flyaway-batch") as pool:
            working = [pool.submit(self._be_a_hand, feed) for _ in range(hands)]
            try:
                while concurrent.futures.wait(working, every_s).not_done:
                    meanwhile()
            except BaseException:
                self._is_abandoned.set()
                self._is_stopping.set()
                raise
        for hand in working:
            hand.result()

    def verdict(self, job: Job) -> Verdict:
        """What is to be done with a photo."""
        return self._verdict(job, self._manifest.record(job.key))

    def _verdict(self, job: Job, record: Record | None) -> Verdict:
        wanted, output = self._wishes.for_job(job), self._manifest.output
        try:
            return judge(job, record, wanted, self._weights, output)
        except OSError:
            return Verdict.CHANGED  # reading it will tell why

    def is_to_do(self, verdict: Verdict) -> bool:
        """Whether a photo is worked on."""
        if verdict is Verdict.FAILED:
            return self._wishes.settings.retries_failed
        return verdict is not Verdict.DONE

    def _be_a_hand(self, feed: Feed) -> None:
        """Do photo after photo; a fault of ours ends the run and comes out of `work_off`."""
        try:
            while not self._is_stopping.is_set() and (job := feed.next()) is not None:
                if not self._attempt(job):
                    feed.put_back(job)
        except CancelledError:
            return  # abandoned: the photo is there for the next run
        except BaseException:
            self._is_stopping.set()
            raise

    def _attempt(self, job: Job) -> bool:
        """Do a photo, whatever comes of it; False where another run is at it."""
        with self._manifest.claim(job.key) as is_ours:
            if not is_ours:
                return False
            before = self._manifest.record(job.key)
            inputs = {name: Input.of(path) for name, path in job.files.items()}
            record = Record(job.name, State.FAILED, inputs, self._wishes.for_job(job))
            try:
                event = self._do(job, record, before)
            except OutputError as error:
                raise BatchError(str(error)) from error
            except RequestError as error:
                event = self._failed(job, record, before, str(error))
        with self._telling:
            self._tell(event)
        return True

    def _do(self, job: Job, record: Record, before: Record | None) -> Event:
        """Do what is to be done with a photo.

        Raises:
            OutputError, BatchError: it, and all others, cannot be done.
            RequestError: it cannot be done.
            CancelledError: it is given up.
        """
        verdict = self._verdict(job, before)
        if verdict is Verdict.UNFINISHED and before is not None:
            settled = publishing.settle(self._manifest, job, before)
            if settled is not None and self._verdict(job, settled) is Verdict.DONE:
                return _done(settled)
        if not self.is_to_do(verdict):
            return Passed(job.name, verdict)
        prepared = work.prepare(job, self._wishes)
        answer = self._ask(prepared)
        finished = work.finish(job, prepared, answer, self._wishes)
        result = answer.result
        engines = result.engine.split(" + ")
        weights = {engine: known for engine in engines if (known := self._weights(engine))}
        record = replace(
            record,
            inputs=prepared.inputs,
            engine=result.engine,
            weights=weights,
            device=result.device,
            confidence=result.confidence,
            soft=round(finished.soft, 4),
            seconds=round(result.seconds, 3),
            notes=finished.notes,
        )
        del prepared, answer  # writing takes a while, and needs none of their pixels
        with work.faults_as_sentences(job):
            return _done(publishing.publish(self._manifest, job, finished, record, before))

    def _failed(self, job: Job, record: Record, before: Record | None, sentence: str) -> Failed:
        """Remember that a photo failed."""
        try:
            with publishing.writing(self._manifest.output):
                self._manifest.keep(job.key, publishing.failed(record, before, sentence))
        except RequestError as error:
            raise BatchError(str(error)) from error
        return Failed(job.name, sentence)

    def _ask(self, prepared: Prepared) -> Answer:
        """Have the engines do a request; a daemon that is full is waited for, one that went away asked again.

        Raises:
            BatchError: nobody can be asked.
            RequestError: it is refused.
            CancelledError: the photo is given up.
        """
        lost = 0
        while True:
            try:
                with self._turn(is_alone=lost > 0):
                    return self._solve(prepared.request, prepared.parts, self._is_abandoned.is_set)
            except RefusedError as error:
                if error.code in _HOPELESS:
                    raise BatchError(error.message) from error
                if error.code not in (protocol.BUSY, protocol.CANCELLED):
                    raise RequestError(error.message) from error
            except DaemonLostError as error:
                lost += 1
                if lost == _LOST_TRIES:
                    raise RequestError(_LOST.format(lost)) from error
            except CancelledError:
                raise
            except (DaemonUnreachableError, VersionError) as error:
                raise BatchError(error.message) from error
            except ClientError as error:
                raise RequestError(error.message) from error
            if self._is_abandoned.wait(_BUSY_S):
                raise CancelledError

    @contextmanager
    def _turn(self, is_alone: bool) -> Iterator[None]:
        """A place among those that are asked for at once; of those that are asked for again one at a time."""
        with ExitStack() as stack:
            if is_alone:  # so that it is known which one the daemon does not survive
                stack.enter_context(self._trying_again)
            while not self._places.acquire(timeout=_BUSY_S):
                if self._is_abandoned.is_set():
                    raise CancelledError
            stack.callback(self._places.release)
            yield


_LOST = "The daemon went away {} times at the work on this photo. `flyaway daemon logs` may tell why; is it too large?"


def _done(record: Record) -> Done:
    return Done(
        record.photo,
        tuple(record.outputs),
        record.engine,
        record.confidence,
        record.seconds,
        record.notes,
    )
