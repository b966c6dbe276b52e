"""A batch on a Ray cluster: Ray Data has workers there that keep their engines warm, and hands them blocks of photos.

Which worker does what, what is done again when one dies, and how many there are, is Ray's. The work on a photo is as
everywhere (`run`), and so is what is written and remembered of it: by the workers, in folders that all machines see or
in a store.
"""

from __future__ import annotations

import logging
import os
import pickle
import queue
import socket
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

import flyaway
from flyaway import config
from flyaway.batch.bell import NoBell, RayRope, Rope
from flyaway.batch.deaths import Deaths
from flyaway.batch.events import Event, Failed, Passed
from flyaway.batch.feed import ListFeed
from flyaway.batch.hand import done, installed_weights
from flyaway.batch.locations import Location
from flyaway.batch.manifest import Manifest, State
from flyaway.batch.plan import Job
from flyaway.batch.run import Run, Solver
from flyaway.batch.work import Wishes
from flyaway.engines import processor
from flyaway.errors import BatchError, RequestError
from flyaway_client.wording import _

if TYPE_CHECKING:
    from flyaway.batch.own_engines import OwnEngines

_BLOCK_PHOTOS = 8
"""Photos that are handed out at once, at most: their ends are told together."""

_BLOCKS_A_WORKER = 4
"""At least, where there are enough photos, so that all workers end at about the same time."""

_BLOCKS_AT_ONCE = 2
"""With one worker: the next block's photos are read while the last of this one are solved and written."""

_ANOTHER_FROM = 0.9
"""Blocks in workers' hands, of those that they take at once, from which on Ray makes one worker more. By itself it would wait
for blocks that lie before their workers, of which there are none."""

_RAYS = {
    "RAY_USAGE_STATS_ENABLED": "0",  # nothing goes out unasked
    "RAY_ENABLE_AUTO_CONNECT": "0",  # else who still listens when all is over starts a cluster here
    "RAY_BACKEND_LOG_LEVEL": "fatal",  # what nodes do is in Ray's own logs
}
"""Settings of Ray's, read when it is imported."""

_KNOCK_S = 10.0

_BEAT_S, _GONE_S = 5.0, 20.0
"""How often a cluster's head is looked for, and how long it may be away. After a minute Ray would end this process without a
word."""

_CORES_A_WORKER = 2
"""Where no cards are: with more, the engines gain less than another worker brings."""


@dataclass(frozen=True, slots=True)
class Share:
    """What each worker is given of a cluster, and how many there are at most.

    Attributes:
        workers: how many, where there is room for them.
        cards: graphics cards for each.
        cores: processor cores for each.
    """

    workers: int
    cards: int
    cores: int

    @classmethod
    def of(cls, nodes: Sequence[dict[str, float]], wanted: int) -> Share:
        """That of the machines that there are.

        Args:
            nodes: what each has, as Ray calls it.
            wanted: how many workers; 0 for as many as there is room for now.

        Raises:
            BatchError: no machine has anything to work with.
        """
        cards = sum(int(node.get("GPU", 0)) for node in nodes)
        cores = [int(node.get("CPU", 0)) for node in nodes if node.get("CPU", 0) >= 1]
        if not cores:
            raise BatchError(
                _(
                    "The Ray cluster has no processor cores to give. Add a node with `ray start --address "
                    "...`."
                )
            )
        if cards:
            return cls(wanted or cards, 1, 1)
        each = min(_CORES_A_WORKER, min(cores))
        return cls(wanted or sum(count // each for count in cores), 0, each)


class ClusterRun:
    """One run of a batch on a cluster.

    Args:
        wishes: what is wanted of each photo.
        manifest: what is known of them, in a place that all machines see; prepared.
        address: of the cluster; "auto" for the one that this machine belongs to.
        tell: told of each photo's end.
        is_stopping: set when the run shall end; photos in hand are finished.
        worker: does the work on the cluster.

    Raises:
        BatchError: Ray is not installed here, or there is no such cluster.
    """

    def __init__(
        self,
        wishes: Wishes,
        manifest: Manifest,
        address: str,
        tell: Callable[[Event], None],
        is_stopping: threading.Event,
        worker: type[Worker] | None = None,
    ) -> None:
        self._worker = worker or Worker
        self._wishes = replace(wishes, settings=replace(wishes.settings, workers=1))
        self._wanted = wishes.settings.workers
        self._manifest = Manifest(manifest.output.absolute())
        self._tell = tell
        self._is_stopping = is_stopping
        self._heart = self._connect(address)
        self._bell = RayRope.hang()

    @staticmethod
    def _connect(address: str) -> Heart:
        for name, value in _RAYS.items():
            os.environ.setdefault(name, value)
        try:
            import ray
            import ray.data
        except ImportError as error:
            raise BatchError(
                _(
                    "Ray is not installed here. `pip install 'flyaway[ray]'` brings it, here and on all "
                    "nodes."
                )
            ) from error
        logging.getLogger("ray.data").setLevel(logging.ERROR)
        # What it says of retries would stand among the lines of JSON; there is no public way to have it silent.
        ray._private.worker._worker_logs_enabled = False
        try:
            _knock(address)
            ray.init(address, log_to_driver=False, logging_level=logging.ERROR)
        except (OSError, ValueError, RuntimeError) as error:
            raise BatchError(
                _(
                    "There is no Ray cluster at {address} ({error}). `ray start --head` starts one; `ray "
                    "status` tells of it."
                ).format(address=address, error=error)
            ) from error
        return Heart(ray.get_runtime_context().gcs_address)

    def close(self) -> None:
        """Leave the cluster; whoever still works there for this run ends."""
        import ray

        ray.shutdown()

    def work_off(
        self, jobs: Sequence[Job], meanwhile: Callable[[], None], every_s: float = 0.5
    ) -> None:
        """Do photos.

        Args:
            jobs: the photos.
            meanwhile: called now and then, in this thread.
            every_s: how often.

        Raises:
            BatchError: it cannot go on.
            KeyboardInterrupt: Ctrl-C, and whatever else `meanwhile` raises; photos in hand are given up.
        """
        events = 0
        heard: queue.SimpleQueue[Event | BaseException | None] = queue.SimpleQueue()
        threading.Thread(target=self._listen, args=(jobs, heard.put), daemon=True).start()
        looked_s = time.monotonic()
        while True:
            if time.monotonic() - looked_s >= every_s:
                looked_s = time.monotonic()
                meanwhile()
                self._heart.feel()
                if self._is_stopping.is_set():
                    self._bell.ring()  # again and again: it may have been hung anew
                    if self._bell.is_quiet(events):
                        return
            try:
                event = heard.get(timeout=every_s)
            except queue.Empty:
                continue
            if event is None:
                return
            if isinstance(event, BatchError):
                raise event
            if isinstance(event, BaseException):
                raise BatchError(_broken(event)) from event
            events += 1
            self._tell(event)

    def _listen(
        self, jobs: Sequence[Job], hear: Callable[[Event | BaseException | None], None]
    ) -> None:
        """Pass on all that comes, whatever it is, and None at the end; the edge of this thread."""
        try:
            for event in self._events(jobs):
                hear(event)
            hear(None)
        except BaseException as error:  # noqa: BLE001 - the thread that waits raises it
            hear(error)

    def _events(self, jobs: Sequence[Job]) -> Iterator[Event | BaseException]:
        """What becomes of photos, as it comes."""
        import ray

        nodes = ray.nodes()  # type: ignore[no-untyped-call]
        share = Share.of([node["Resources"] for node in nodes if node["Alive"]], self._wanted)
        blocks = -(-len(jobs) // _BLOCK_PHOTOS)
        blocks = min(len(jobs), max(blocks, share.workers * _BLOCKS_A_WORKER))
        context = ray.data.DataContext.get_current()
        context.enable_progress_bars = False
        context.actor_task_retry_on_errors = False
        context.autoscaling_config.actor_pool_util_upscaling_threshold = _ANOTHER_FROM
        rows = ray.data.from_items(
            [{"job": pickle.dumps(job)} for job in jobs], override_num_blocks=blocks
        )
        done = rows.map_batches(
            self._worker,
            batch_size=None,
            fn_constructor_args=(
                self._wishes,
                self._manifest.output,
                flyaway.__version__,
                share,
                self._bell,
            ),
            num_cpus=share.cores,
            num_gpus=share.cards,
            compute=ray.data.ActorPoolStrategy(
                min_size=1,
                max_size=min(share.workers, blocks),
                max_tasks_in_flight_per_actor=_BLOCKS_AT_ONCE,
                max_concurrent_calls_per_actor=_BLOCKS_AT_ONCE,
                enable_true_multi_threading=True,
            ),
        )
        for row in done.iter_rows():
            yield pickle.loads(row["event"])


class Heart:
    """The head of a cluster, as long as it is there.

    Args:
        address: its host and port.
        clock: seconds that only grow.
    """

    def __init__(self, address: str, clock: Callable[[], float] = time.monotonic) -> None:
        self._address = address
        self._clock = clock
        self._felt_s = self._looked_s = clock()

    def feel(self) -> None:
        """Look for it, now and then.

        Raises:
            BatchError: it was not there for long.
        """
        if self._clock() - self._looked_s < _BEAT_S:
            return
        try:
            _knock(self._address)
            self._felt_s = self._clock()
        except OSError as error:
            if self._clock() - self._felt_s >= _GONE_S:
                raise BatchError(_broken(error)) from error
        self._looked_s = self._clock()


class Engines(Protocol):
    """What a worker has solve photos."""

    @property
    def solve(self) -> Solver:
        """Asked from any thread."""


class Worker:
    """Does blocks of photos, somewhere on the cluster; its engines stay warm from one to the next.

    Args:
        wishes: what is wanted of each photo.
        output: the folder for the results.
        version: of whoever started the run.
        share: what this has of its machine.
        bell: says when nothing more shall be begun.
    """

    def __init__(
        self,
        wishes: Wishes,
        output: Location,
        version: str,
        share: Share,
        bell: Rope | None = None,
    ) -> None:
        self._wishes = wishes
        self._bell = bell or NoBell()
        self._manifest = Manifest(output)
        self._deaths = Deaths(self._manifest)
        self._refusal = self._look(version)
        self._engines = self._load(share)

    def _load(self, share: Share) -> Engines:
        return _engines(share)

    def __call__(self, block: dict[str, Any]) -> dict[str, Any]:
        """Do the photos of a block; what became of them, or why none can be done."""
        jobs = [pickle.loads(job) for job in block["job"]]
        events: list[Event | BatchError] = []
        if self._bell.begin(jobs[0].key):
            self._do(jobs, events)
            self._bell.end(jobs[0].key, len(events))
        return {"event": np.array([pickle.dumps(event) for event in events], object)}

    def _do(self, jobs: Sequence[Job], events: list[Event | BatchError]) -> None:
        is_stopping = threading.Event()

        def look() -> None:
            if self._bell.is_rung():
                is_stopping.set()

        try:
            if self._refusal:
                raise BatchError(self._refusal)
            run = Run(
                self._wishes,
                self._manifest,
                self._engines.solve,
                lambda event: events.append(self._told(event)),
                installed_weights,
                is_stopping,
                self._deaths.watched,
            )
            run.work_off(ListFeed(jobs, is_stopping), look)
        except BatchError as error:
            events.append(error)

    def _look(self, version: str) -> str:
        """What stands against working here; "" if nothing does. A machine apart would spoil photo after photo."""
        here = socket.gethostname()
        if version != flyaway.__version__:
            return _(
                "{here} has Flyaway {theirs}, and this is {ours}. Install the same on all nodes."
            ).format(here=here, theirs=flyaway.__version__, ours=version)
        try:
            is_seen = self._manifest.folder.is_dir()
        except (OSError, BatchError, RequestError) as error:
            return f"{here}: {error}"
        if not is_seen:
            return _(
                "{here} does not see {output}. Photos and results have to lie in folders that all "
                "nodes see under the same path, or in a store that all can use."
            ).format(here=here, output=self._manifest.output)
        return ""

    def _told(self, event: Event) -> Event:
        """An event as it is told: what became of a photo in the hands of a worker that died before it could tell."""
        record = (
            self._manifest.record(Job.key_of(event.photo)) if isinstance(event, Passed) else None
        )
        if record is not None and record.state is State.DONE:
            return done(record)
        if record is not None and record.state is State.FAILED:
            return Failed(record.photo, record.sentence)
        return event


def _knock(address: str) -> None:
    """See whether anybody is at an address; Ray itself would try for minutes.

    Raises:
        OSError: nobody is.
    """
    host, _, port = address.partition("://")[2 if "://" in address else 0].rpartition(":")
    if port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), _KNOCK_S).close()


def _engines(share: Share) -> OwnEngines:
    processor.prepare()
    from flyaway.batch.own_engines import OwnEngines  # deferred: after what it settles

    settings = config.load()
    return OwnEngines(replace(settings, threads=settings.threads or share.cores))


def _broken(error: BaseException) -> str:
    first = str(error).strip().partition("\n")[0]
    return _(
        "The Ray cluster could not go on ({kind}: {first}). Run the same command again; it "
        "goes on where it was. `ray status` tells of the nodes."
    ).format(kind=type(error).__name__, first=first)
