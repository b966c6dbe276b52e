"""How long a million photos take, and what limits that first: a simulation of workers, cores, lines and a store.

A discrete-event simulation, photo by photo, of what a batch on a cluster does (`flyaway.batch.cluster`): each worker has so
many photos in hand, each of which asks the store, comes over the machine's line, is decoded on its cores, solved by the
worker's engine alone, encoded, and written back. Seconds, requests and bytes of a photo are those of results.json; what a
store and a line can do are assumptions, named as such on docs/studio.md, whose table is this.
"""

from __future__ import annotations

import heapq
import json
from collections.abc import Generator, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.benchmarks.provenance import REPOSITORY

from flyaway.batch.manifest import READERS

PHOTOS = 1_000_000

LATENCY_S = 0.03
READS_A_SECOND, WRITES_A_SECOND = 5500, 3500
"""A store's: until a request is answered, and how many it takes. The last two are what Amazon promises for each prefix."""

LINE_BYTES_A_SECOND = 1.25e9
"""A machine's, 10 Gbit/s."""

HANDS = 6
"""Photos in a worker's hands: two blocks at once, each with one at the engine and two that are read and written."""

CORES = 8
"""Of a machine with a card."""

_PHOTOS_A_HAND = 12
"""Simulated: by then all waits for what it will go on waiting for. The first third does not count."""

_READING = 0.5
"""Of the processor's time for reading and writing; the rest is writing."""


@dataclass(frozen=True, slots=True)
class Photo:
    """What one asks for.

    Attributes:
        engine_s: of its worker's engine.
        processor_s: of a core, for reading and writing.
        reads, writes: requests of the store.
        bytes: there and back.
    """

    engine_s: float
    processor_s: float
    reads: float
    writes: float
    bytes: float


@dataclass(slots=True)
class Server:
    """Something that does one thing after the other, or several at once.

    Attributes:
        name: what it is, for people.
        places: how many at once.
    """

    name: str
    places: int = 1
    busy_s: float = 0.0
    _free_s: list[float] = field(default_factory=list)

    def take(self, now_s: float, seconds: float) -> float:
        """Queue at this time for so long a piece of work; when it is over."""
        if len(self._free_s) < self.places:
            begin_s = now_s
        else:
            begin_s = max(now_s, heapq.heappop(self._free_s))
        heapq.heappush(self._free_s, begin_s + seconds)
        self.busy_s += seconds
        return begin_s + seconds


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a cluster comes to.

    Attributes:
        photos_a_second: of all workers.
        limit: what is busiest, and `busy` how much of its time, 0..1.
    """

    photos_a_second: float
    limit: str
    busy: float

    @property
    def hours(self) -> float:
        """For all photos."""
        return PHOTOS / self.photos_a_second / 3600


def simulate(workers: int, photo: Photo, cores: int) -> Outcome:
    """Have workers do photos, each on a machine of its own.

    Args:
        workers: how many.
        photo: what each asks for.
        cores: of a machine, for reading and writing; 0 where `engine_s` has that in it.
    """
    reads, writes = Server("the store's answers"), Server("the store's writing")
    engines = [Server("the engine") for _ in range(workers)]
    processors = [Server("the cores", max(1, cores)) for _ in range(workers)]
    lines = [Server("the line") for _ in range(workers)]
    ends: list[float] = []

    def hand(worker: int) -> Generator[float, float, None]:
        """The way of one hand's photos; yields when it goes on, and is told the time then."""
        now_s = 0.0
        for _ in range(_PHOTOS_A_HAND):
            now_s = yield reads.take(now_s, photo.reads / READS_A_SECOND)
            now_s = yield now_s + photo.reads * LATENCY_S
            now_s = yield lines[worker].take(now_s, photo.bytes / LINE_BYTES_A_SECOND)
            if cores:
                now_s = yield processors[worker].take(now_s, _READING * photo.processor_s)
            now_s = yield engines[worker].take(now_s, photo.engine_s)
            if cores:
                now_s = yield processors[worker].take(now_s, (1 - _READING) * photo.processor_s)
            now_s = yield writes.take(now_s, photo.writes / WRITES_A_SECOND)
            now_s = yield now_s + photo.writes * LATENCY_S
            ends.append(now_s)

    hands: list[Iterator[float]] = [hand(worker) for worker in range(workers) for _ in range(HANDS)]
    _run(hands)
    ends.sort()
    first, last = len(ends) // 3, len(ends) * 2 // 3
    rate = (last - first) / (ends[last] - ends[first])
    whole_s = len(ends) / rate
    servers = (reads, writes, *engines[:1], *processors[:1], *lines[:1])
    loads = {one.name: one.busy_s / one.places / whole_s for one in servers}
    loads["the photos in hand"] = rate * _alone_s(photo, cores) / (HANDS * workers)
    limit = max(loads, key=lambda name: loads[name])
    return Outcome(rate, limit, min(1.0, loads[limit]))


def _run(hands: list[Any]) -> None:
    """Let all go on in the order of their times."""
    events = [(next(one), index) for index, one in enumerate(hands)]
    heapq.heapify(events)
    while events:
        now_s, index = heapq.heappop(events)
        try:
            heapq.heappush(events, (hands[index].send(now_s), index))
        except StopIteration:
            continue


def _alone_s(photo: Photo, cores: int) -> float:
    """A photo's time where nothing is waited for but answers."""
    processor_s = photo.processor_s if cores else 0.0
    asked_s = (photo.reads + photo.writes) * LATENCY_S
    return photo.engine_s + processor_s + asked_s + photo.bytes / LINE_BYTES_A_SECOND


def measured() -> Mapping[str, Any]:
    """The figures that are kept."""
    results = json.loads((REPOSITORY / "tests/benchmarks/results.json").read_text())
    return {name: results[name]["figures"] for name in ("batch", "store")}


def photo_of(figures: Mapping[str, Any], engine_s: float | None) -> Photo:
    """A photo of 12 megapixels that goes from a store to a store, as measured.

    Args:
        figures: those of `measured`.
        engine_s: the engine's on a card; None for the built-in one on two cores, with all that they do besides.
    """
    batch, store = figures["batch"], figures["store"]
    return Photo(
        engine_s=batch["files_s"] if engine_s is None else engine_s,
        processor_s=batch["processor_s"],
        reads=store["get_a_photo"] + store["head_a_photo"],
        writes=store["put_a_photo"] + store["delete_a_photo"] + store["list_a_photo"],
        bytes=store["photo_bytes"] + store["mask_bytes"],
    )


CLUSTERS: tuple[tuple[int, float | None], ...] = (
    (1, None),
    (50, None),
    (500, None),
    (1, 1.0),
    (10, 1.0),
    (10, 0.25),
    (100, 0.25),
    (100, 0.1),
)
"""Workers, and seconds of their engine; None for the built-in one on two cores."""


def looking_min() -> float:
    """Minutes in which whoever starts a run looks for a record of each photo, and as many when it reads all for the report."""
    return PHOTOS * LATENCY_S / READERS / 60


def table() -> str:
    """The rows of the page."""
    figures = measured()
    rows = []
    for workers, engine_s in CLUSTERS:
        cores = 0 if engine_s is None else CORES
        outcome = simulate(workers, photo_of(figures, engine_s), cores)
        engine = "built-in, 2 cores" if engine_s is None else f"a card, {engine_s:g} s a photo"
        rows.append(
            f"| {workers} | {engine} | {outcome.photos_a_second:.3g} | {outcome.hours:.3g} | {outcome.limit}, "
            f"{outcome.busy:.0%} |"
        )
    return "\n".join(rows)
