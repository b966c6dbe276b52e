"""How a batch on a Ray cluster grows with its workers: photos a minute of 1, 2 and 4 of them, beside the ideal.

Two engines. The built-in one keeps a core busy, so that two cores' worth is all that there is to gain on two cores. A
stand-in keeps its worker waiting for a second a photo and needs no core, as a card does: what is missing to the ideal
there is what handing out, reading, writing and recording cost. All nodes are on this machine, with one core each by
their own account.
"""

from __future__ import annotations

import os
import shutil
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image
from tests.benchmarks.builtin import scene
from tests.benchmarks.repeats import spread
from tests.daemon.batch import clusters
from tests.daemon.batch.clusters import LOADED_S, Cluster
from tests.daemon.servers import wait_until

from flyaway.batch.cluster import ClusterRun, Engines, Share, Worker
from flyaway.batch.events import Done, Event
from flyaway.batch.manifest import Manifest, results
from flyaway.batch.plan import Job, Planner
from flyaway.batch.settings import settle
from flyaway.batch.work import Wishes
from flyaway_client.client import Extracted
from flyaway_client.messages import ExtractRequest, ExtractResult, ImageHeader
from flyaway_client.zmtp import Buffer

WORKERS = (1, 2, 4)
PHOTOS, SIZE = 48, (1000, 500)
STAND_IN_S = 1.0
REPEATS = 3

_FROM, _TO = 1 / 3, 0.9
"""Of the photos: between them the rate is taken, when all workers are there and none has run out of work."""


class StandIn:
    """Engines that keep one photo at a time waiting, and find the whole of it.

    Args:
        seconds: for how long.
    """

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._alone = threading.Lock()

    def solve(
        self, request: ExtractRequest, parts: Mapping[str, Buffer], should_stop: Callable[[], bool]
    ) -> Extracted:
        """After that time."""
        with self._alone:
            time.sleep(self._seconds)
        header = ImageHeader(request.image.width, request.image.height, "gray", "u8")
        result = ExtractResult(request.id, header, "stand-in", "none", self._seconds)
        return Extracted(result, bytearray(b"\xff" * header.bytes), None)


class StandInWorker(Worker):
    """A worker with such engines."""

    def _load(self, share: Share) -> Engines:
        return StandIn(STAND_IN_S)


def scaling() -> list[dict[str, Any]]:
    """For each engine and number of workers, taken in turn: photos a minute, and their share of the ideal."""
    with TemporaryDirectory() as folder, clusters.running() as cluster:
        for _ in range(max(WORKERS)):
            node = cluster.add_worker()
            wait_until(node.is_there, LOADED_S)
        photos = _make(Path(folder) / "photos")
        rows = []
        for name, worker in {"builtin": Worker, "stand-in": StandInWorker}.items():
            rates: dict[int, list[float]] = {count: [] for count in WORKERS}
            begins: list[float] = []
            for _ in range(REPEATS):
                for count in WORKERS:
                    begin_s, rate = _run(cluster, photos, Path(folder) / "out", count, worker)
                    rates[count].append(rate)
                    begins.append(begin_s)
            rows += _rows(name, rates, begins)
    return rows


def _rows(
    name: str, rates: Mapping[int, Sequence[float]], begins: Sequence[float]
) -> list[dict[str, Any]]:
    cores = os.cpu_count() or 1
    rows = []
    for count in WORKERS:
        ideal = count if name == "stand-in" else min(count, cores)
        shares = [rate / alone / ideal for rate, alone in zip(rates[count], rates[1], strict=True)]
        rows.append(
            {
                "engine": name,
                "workers": count,
                "ideal": ideal,
                "rounds": len(shares),
                **spread("photos_a_minute", [60 * rate for rate in rates[count]], 1),
                **spread("share_of_ideal", shares, 2),
                **spread("first_photo_s", begins, 1),
            }
        )
    return rows


def _make(folder: Path) -> Path:
    folder.mkdir()
    image, _, trimap = scene(*SIZE, 0.1)
    for index in range(PHOTOS):
        Image.fromarray(image).save(folder / f"{index}.jpg", quality=92)
        Image.fromarray(trimap).save(folder / f"{index}_trimap.png")
    return folder


def _run(
    cluster: Cluster, photos: Path, out: Path, workers: int, worker: type[Worker]
) -> tuple[float, float]:
    """One run: seconds until the first photo was done, and photos a second once all are at work."""
    shutil.rmtree(out, ignore_errors=True)
    settings = settle(
        {
            "output": str(out),
            "trimap-pattern": "{stem}_trimap.png",
            "engine": "builtin",
            "mask": True,
            "workers": str(workers),
        },
        {},
    )
    manifest = Manifest(out)
    manifest.prepare()
    jobs = Planner([photos], settings).plan(results).jobs
    told: list[Event] = []
    began_ns = time.time_ns()
    run = ClusterRun(
        Wishes.of(settings, 100_000_000),
        manifest,
        cluster.address,
        told.append,
        threading.Event(),
        worker,
    )
    with closing(run):
        run.work_off(jobs, lambda: None)
    assert sum(isinstance(event, Done) for event in told) == PHOTOS, told
    ends_ns = np.sort([_ended_ns(out, job) for job in jobs])
    first, last = round(_FROM * PHOTOS), round(_TO * PHOTOS)
    rate = (last - first) / (ends_ns[last] - ends_ns[first]) * 1e9
    return float((ends_ns[0] - began_ns) / 1e9), float(rate)


def _ended_ns(out: Path, job: Job) -> int:
    return (out / f".flyaway-batch/photos/{job.key}.json").stat().st_mtime_ns
