"""One photo from its record to its results: the seam at which others can run a batch elsewhere.

Whoever has a photo's job, the manifest's folder and someone to ask needs nothing else: no queue, no thread, no daemon.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

from flyaway.batch import publishing, work
from flyaway.batch.events import Done, Event, Failed, Passed
from flyaway.batch.inputs import Input
from flyaway.batch.manifest import Manifest, Record, State, Verdict, judge
from flyaway.batch.plan import Job
from flyaway.batch.work import Answer, Prepared, Wishes
from flyaway.errors import BatchError, OutputError, RequestError, UnknownEngineError

Watch = Callable[[Job], AbstractContextManager[None]]


class Hand:
    """Does one photo at a time, in any thread; several may be at work on one manifest.

    Args:
        wishes: what is wanted of each photo.
        manifest: what is known of them; prepared before the first is done.
        ask: has the engines answer; raises BatchError where nobody can, RequestError for this photo.
        weights: the hash of an engine's file as it is now, None where there is none.
        watched: the work on each photo is done in it; may raise RequestError.
    """

    def __init__(
        self,
        wishes: Wishes,
        manifest: Manifest,
        ask: Callable[[Prepared], Answer],
        weights: Callable[[str], str | None],
        watched: Watch | None = None,
    ) -> None:
        self._wishes = wishes
        self._manifest = manifest
        self._ask = ask
        self._weights = weights
        self._watched = watched or nullcontext

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

    def attempt(self, job: Job) -> Event | None:
        """Do a photo, whatever comes of it; None where another run is at it.

        Raises:
            BatchError: no other can be done either.
        """
        with self._manifest.claim(job.key) as is_ours:
            if not is_ours:
                return None
            before = self._manifest.record(job.key)
            inputs = {name: Input.of(path) for name, path in job.files.items()}
            record = Record(job.name, State.FAILED, inputs, self._wishes.for_job(job))
            try:
                with self._watched(job):
                    return self._do(job, record, before)
            except OutputError as error:
                raise BatchError(str(error)) from error
            except RequestError as error:
                return self._failed(job, record, before, str(error))

    def _do(self, job: Job, record: Record, before: Record | None) -> Event:
        """Do what is to be done with a photo.

        Raises:
            OutputError, BatchError: it, and all others, cannot be done.
            RequestError: it cannot be done.
        """
        verdict = self._verdict(job, before)
        if verdict is Verdict.UNFINISHED and before is not None:
            settled = publishing.settle(self._manifest, job, before)
            if settled is not None and self._verdict(job, settled) is Verdict.DONE:
                return done(settled)
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
            return done(publishing.publish(self._manifest, job, finished, record, before))

    def _failed(self, job: Job, record: Record, before: Record | None, sentence: str) -> Failed:
        """Remember that a photo failed."""
        try:
            with publishing.writing(self._manifest.output):
                self._manifest.keep(job.key, publishing.failed(record, before, sentence))
        except RequestError as error:
            raise BatchError(str(error)) from error
        return Failed(job.name, sentence)


def installed_weights(engine: str) -> str | None:
    """The hash of an engine's file on this machine, None where it has none."""
    from flyaway import engines  # deferred: the table of all engines, and a web client
    from flyaway.weights.store import Store

    try:
        return Store().digest(engines.record(engine))
    except UnknownEngineError:  # such as none
        return None


def done(record: Record) -> Done:
    """What is told of a photo whose record says that it is done."""
    return Done(
        record.photo,
        tuple(record.outputs),
        record.engine,
        record.confidence,
        record.seconds,
        record.notes,
    )
