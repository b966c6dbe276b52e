"""cluster: a batch on a real Ray cluster of two nodes, one of which is killed in the middle."""

from __future__ import annotations

import json
import os
import pickle
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError
from tests.daemon.batch import clusters, stores
from tests.daemon.batch.clusters import LOADED_S, Cluster
from tests.daemon.batch.photos import photo, wishes
from tests.daemon.servers import PATIENCE_S, wait_until

import flyaway
from flyaway.batch.bell import Bell
from flyaway.batch.cluster import ClusterRun, Engines, Heart, Share, Worker
from flyaway.batch.events import Done, Event, Failed
from flyaway.batch.manifest import Manifest, State
from flyaway.batch.manifest import results as results_in
from flyaway.batch.plan import Job, Planner
from flyaway.batch.settings import settle
from flyaway.batch.store_path import StorePath
from flyaway.batch.work import Wishes
from flyaway.cli.main import main
from flyaway.errors import BatchError
from flyaway_client.connection import HOME_VARIABLE

pytest.importorskip("ray", reason="the extra flyaway[ray]")
pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="ends nodes as Linux does")

PHOTOS = 24
MANY = ("--both", "--trimap-pattern", "{stem}_trimap.png")


@pytest.fixture
def cluster(home: Path) -> Iterator[Cluster]:
    """A cluster without nodes that do work; nothing else that runs Ray here is touched."""
    with clusters.running() as cluster:
        yield cluster


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Small photos with trimaps, in folders, under names that scripts trip over; one is no photo."""
    folder = tmp_path / "Fötos of\nmany"
    trimap = np.zeros((36, 48), np.uint8)
    trimap[8:28, 12:36], trimap[12:24, 18:30] = 128, 255
    for index in range(PHOTOS):
        place = folder / f"{index % 3}"
        place.mkdir(parents=True, exist_ok=True)
        pixels = np.random.default_rng(index).integers(0, 255, (36, 48, 3), np.uint8)
        Image.fromarray(pixels).save(place / f"{index}.jpg", quality=95)
        Image.fromarray(trimap).save(place / f"{index}_trimap.png")
    (folder / "0" / "bad.jpg").write_bytes(b"no photo")
    (folder / "0" / "bad_trimap.png").write_bytes(b"no trimap")
    return folder


def enlarge(picture: Path) -> None:
    """Make a picture so large that a folder of them is not done in a moment; what is none stays as it is."""
    with suppress(UnidentifiedImageError), Image.open(picture) as small:
        small.resize((6 * small.width, 6 * small.height), Image.Resampling.NEAREST).save(picture)


@contextmanager
def begun(photos: Path | str, out: Path | str, *options: str) -> Iterator[subprocess.Popen[str]]:
    """A run as a process; it is over at the end."""
    argv = [sys.executable, "-m", "flyaway", "batch", str(photos), "-o", str(out), "--json"]
    with subprocess.Popen([*argv, *MANY, *options], stdout=subprocess.PIPE, text=True) as process:
        try:
            yield process
        finally:
            process.kill()


@dataclass
class Recorder:
    """What a run told so far, read beside it."""

    process: subprocess.Popen[str]
    lines: list[dict[str, Any]] = field(default_factory=list)

    def read_until(self, event: str) -> None:
        assert self.process.stdout is not None
        for line in self.process.stdout:
            self.lines.append(json.loads(line))
            if self.lines[-1]["event"] == event:
                return
        pytest.fail(f"it ended without {event!r}")


def told_by(process: subprocess.Popen[str]) -> list[dict[str, Any]]:
    out, _ = process.communicate(timeout=2 * LOADED_S)
    return [json.loads(line) for line in out.splitlines()]


def results(out: Path) -> dict[str, bytes]:
    return {
        path.relative_to(out).as_posix(): path.read_bytes()
        for path in out.rglob("*.png")
        if ".flyaway-batch" not in path.parts and path.name != "contact-sheet.png"
    }


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_a_node_that_is_killed_costs_nothing_but_time(
    cluster: Cluster, photos: Path, tmp_path: Path
) -> None:
    out, alone = tmp_path / "out", tmp_path / "alone"
    first = cluster.add_worker()
    wait_until(first.is_there, LOADED_S)
    with begun(photos, out, "--ray", cluster.address) as process:
        wait_until(first.is_at_work, LOADED_S)
        cluster.add_worker()
        wait_until(lambda: any(record.state is State.DONE for record in Manifest(out).records()))
        first.kill()
        left = PHOTOS - sum(record.state is State.DONE for record in Manifest(out).records())
        told = told_by(process)

    assert left > 0, "there was nothing left to be done by the other"
    assert process.returncode == 1  # for the one that is no photo
    ends = [line["photo"] for line in told if line["event"] in ("done", "failed")]
    assert len(ends) == len(set(ends)) == PHOTOS + 1
    assert [line["photo"] for line in told if line["event"] == "failed"] == ["0/bad.jpg"]
    assert list((out / ".flyaway-batch/work").iterdir()) == []
    main(["batch", str(photos), "-o", str(alone), *MANY, "--workers", "1"])
    main(["daemon", "stop"])
    assert len(results(out)) == 2 * PHOTOS
    assert results(out) == results(alone)
    with begun(photos, out, "--ray", cluster.address) as again:
        assert told_by(again)[0]["to_do"] == 0


class DyingRun:
    """A run on a cluster whose workers have died after a photo's record, and before its tidying up."""

    def __init__(self, _wishes: object, manifest: Manifest, *_: object) -> None:
        self._work = manifest.folder / "work"

    def work_off(self, jobs: Sequence[Job], _look: object) -> None:
        (self._work / f"{jobs[0].key}.mask").write_bytes(b"")

    def close(self) -> None:
        """Nobody is left."""


def test_what_dead_workers_leave_goes_with_the_end_of_the_run(
    photos: Path, tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flyaway.batch.cluster.ClusterRun", DyingRun)
    out = tmp_path / "out"
    main(["batch", str(photos), "-o", str(out), *MANY, "--ray", "auto"])
    assert list((out / ".flyaway-batch/work").iterdir()) == []


class Meeting:
    """Engines that wait for those of another worker before the first photo."""

    def __init__(self, engines: Engines) -> None:
        self._engines = engines
        self._place = Path(os.environ[HOME_VARIABLE]) / "met"
        self._place.mkdir(parents=True, exist_ok=True)
        (self._place / str(os.getpid())).touch()

    def solve(self, *arguments: Any) -> Any:
        wait_until(lambda: len(list(self._place.iterdir())) > 1, LOADED_S)
        return self._engines.solve(*arguments)


class MeetingWorker(Worker):
    """A worker with such engines."""

    def _load(self, share: Share) -> Engines:
        return Meeting(super()._load(share))


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.filterwarnings("ignore")  # what Ray says of its own settings
def test_photos_in_s3_are_done_and_ctrl_c_finishes_those_in_hand(
    tmp_path: Path, photos: Path, request: pytest.FixtureRequest
) -> None:
    with stores.s3():
        cluster: Cluster = request.getfixturevalue("cluster")  # its nodes find the server
        source, out = stores.empty("s3", tmp_path), stores.empty("s3", tmp_path)
        for file in photos.rglob("*_trimap.png"):
            photo = file.with_name(file.name.replace("_trimap.png", ".jpg"))
            for one in (file, photo):
                enlarge(one)
                stores.lay(f"{source}/{one.relative_to(photos).as_posix()}", one.read_bytes())
        first = cluster.add_worker()
        wait_until(first.is_there, LOADED_S)

        with begun(source, out, "--ray", cluster.address) as process:
            heard = Recorder(process)
            heard.read_until("done")
            process.send_signal(signal.SIGINT)
            heard.read_until("ended")
            assert process.wait(PATIENCE_S) == 130
        done = {line["photo"] for line in heard.lines if line["event"] == "done"}
        left = heard.lines[-1]["left"]
        assert 0 < len(done) < PHOTOS, "there was nothing left to be stopped"
        assert left == PHOTOS + 1 - len(done) - heard.lines[-1]["failed"]
        known = {record.photo for record in Manifest(StorePath.of(out)).records()}
        assert done <= known <= done | {"0/bad.jpg"}, "a photo in hand was given up"
        assert not list((StorePath.of(out) / ".flyaway-batch/work").iterdir())

        # A run of all photos elsewhere has two nodes, and uses both.
        wait_until(cluster.add_worker().is_there, LOADED_S)
        elsewhere = stores.empty("s3", tmp_path)
        options = {"both": True, "trimap-pattern": "{stem}_trimap.png", "output": elsewhere}
        settings, manifest = settle(options, {}), Manifest(StorePath.of(elsewhere))
        manifest.prepare()
        jobs = Planner([StorePath.of(source)], settings).plan(results_in).jobs
        told: list[Event] = []
        run = ClusterRun(
            Wishes.of(settings, 1_000_000),
            manifest,
            cluster.address,
            told.append,
            threading.Event(),
            MeetingWorker,
        )
        with closing(run):
            run.work_off(jobs, lambda: None)
        assert {event.photo for event in told if isinstance(event, Done)} >= known - {"0/bad.jpg"}
        assert len(told) == PHOTOS + 1

        # And the one that was stopped goes on.
        assert main(["batch", source, "-o", out, *MANY]) == 1  # for the one that is no photo
        masks = [name for name in stores.tree(out) if name.endswith(("-mask.png", "-cutout.png"))]
        assert len(masks) == 2 * PHOTOS
        assert "0/bad.jpg" in stores.tree(out)["failures.csv"].decode("utf-8-sig")


def test_where_no_cluster_is_a_sentence_says_so(
    home: Path, photos: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    with begun(photos, tmp_path / "out", "--ray", "127.0.0.1:1") as process:
        told_by(process)

    assert process.returncode == 1
    assert "There is no Ray cluster at 127.0.0.1:1" in capfd.readouterr().err


def block(*jobs: Job) -> dict[str, Any]:
    return {"job": [pickle.dumps(job) for job in jobs]}


def worker(output: Path, version: str = flyaway.__version__) -> Worker:
    return Worker(wishes(output, workers="1"), output, version, Share(1, 0, 1))


def test_what_the_dead_have_done_is_told_as_done_and_not_done_again(
    home: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    Manifest(out).prepare()
    whole, bad = photo(tmp_path / "photos", "a.png", 1), photo(tmp_path / "photos", "b.png", 2)
    bad.source.write_bytes(b"no photo")
    jobs = block(whole, bad)

    first = [pickle.loads(event) for event in worker(out)(jobs)["event"]]
    second = [pickle.loads(event) for event in worker(out)(jobs)["event"]]

    assert sorted(first, key=str) == sorted(second, key=str)
    assert {type(event) for event in first} == {Done, Failed}


class WatchedBell(Bell):
    """Tells when a worker has heard it."""

    def __init__(self) -> None:
        super().__init__()
        self.was_heard = threading.Event()

    def is_rung(self) -> bool:
        if super().is_rung():
            self.was_heard.set()
        return super().is_rung()


def test_a_bell_that_was_rung_lets_nobody_begin_and_who_is_at_work_finish(
    home: Path, tmp_path: Path
) -> None:
    bell, out = WatchedBell(), tmp_path / "out"
    Manifest(out).prepare()
    jobs = [photo(tmp_path / "photos", f"{index}.png", index) for index in range(9)]
    at_work = Worker(wishes(out), out, flyaway.__version__, Share(1, 0, 1), bell)
    solved: list[object] = []
    engines = at_work._engines

    class Ringing:
        def solve(self, *arguments: Any) -> Any:
            solved.append(arguments)
            bell.ring()
            assert bell.was_heard.wait(PATIENCE_S)
            return engines.solve(*arguments)

    at_work._engines = Ringing()
    events = [pickle.loads(event) for event in at_work(block(*jobs))["event"]]

    assert {type(event) for event in events} == {Done}
    assert 1 <= len(events) == len(solved) < len(jobs)
    assert not bell.is_quiet(len(events) - 1), "not all is heard yet"
    assert bell.is_quiet(len(events))
    assert list(at_work(block(*jobs))["event"]) == []
    assert bell.is_quiet(len(events))


def test_a_block_whose_worker_died_keeps_the_bell_waiting_until_it_is_begun_again() -> None:
    bell = Bell()
    assert bell.begin("a")
    assert bell.begin("b")
    bell.ring()
    bell.end("b", 2)
    assert not bell.is_quiet(2)
    assert not bell.begin("a")
    assert bell.is_quiet(2)


def test_a_machine_apart_says_so_and_fails_no_photo(home: Path, tmp_path: Path) -> None:
    jobs = block(photo(tmp_path / "photos", "a.png", 1))
    (event,) = worker(tmp_path / "nowhere")(jobs)["event"]
    with pytest.raises(BatchError, match=r"does not see .*nowhere"):
        raise pickle.loads(event)
    (event,) = worker(tmp_path / "nowhere", "0.0.9")(jobs)["event"]
    with pytest.raises(BatchError, match=r"and this is 0\.0\.9"):
        raise pickle.loads(event)
    assert not (tmp_path / "nowhere").exists()


@pytest.mark.parametrize(
    ("nodes", "wanted", "share"),
    [
        ([{"CPU": 4.0}, {"CPU": 2.0}], 0, Share(3, 0, 2)),
        ([{"CPU": 1.0}, {"CPU": 8.0}], 0, Share(9, 0, 1)),
        ([{"CPU": 0.0}, {"CPU": 8.0}], 6, Share(6, 0, 2)),
        ([{"CPU": 16.0, "GPU": 2.0}, {"CPU": 16.0, "GPU": 4.0}], 0, Share(6, 1, 1)),
    ],
)
def test_workers_are_one_for_each_card_or_two_cores(
    nodes: list[dict[str, float]], wanted: int, share: Share
) -> None:
    assert Share.of(nodes, wanted) == share


def test_a_head_that_is_away_for_long_ends_the_run() -> None:
    now_s = 0.0
    with socket.create_server(("127.0.0.1", 0)) as server:
        heart = Heart(f"127.0.0.1:{server.getsockname()[1]}", lambda: now_s)
        now_s = 100.0
        heart.feel()
    now_s = 110.0
    heart.feel()
    now_s = 121.0
    with pytest.raises(BatchError, match="could not go on"):
        heart.feel()


def test_a_cluster_without_cores_is_told() -> None:
    with pytest.raises(BatchError, match="no processor cores"):
        Share.of([{"memory": 1.0}], 0)
