"""One daemon and thousands of jobs: mixed, cancelled, left by clients that die, engines evicted and let go of in between."""

from __future__ import annotations

import queue
import random
import threading
import time
import traceback
from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import zmq
from tests.daemon.servers import Peer
from tests.trust import grammar, networks
from tests.trust.daemons import Running, running_daemon
from tests.trust.jobs import SIZES, Job, jobs, network_jobs
from tests.trust.records import Finding, growth_percent

from flyaway_client.client import Client
from flyaway_client.errors import CancelledError
from flyaway_client.messages import ExtractRequest, ImageHeader

SETTINGS = f"""
memory_budget_mb = {networks.BUDGET_MB}
log_level = "info"
idle_unload_minutes = 0.01
idle_exit_minutes = 0
max_waiting = 20
"""
"""Engines are let go of after 0.6 s without work, which `Work` leaves them after every round."""

CLIENTS = 3
ROUND = 250
"""Jobs after which all clients wait until the engines were let go of."""

CANCEL_SHARE, CRASH_SHARE = 0.1, 0.05
NETWORK_SHARE = 0.05
WARM_COUNT = 500
MOST_GROWTH_PERCENT = 2.0


def jobs_through_one_daemon(count: int, seconds: float, seed: int) -> Finding:
    """Bring this many jobs to a daemon, for this long at most; compare with what a fresh one answers."""
    finding, begun_s = Finding(seed), time.monotonic()
    until_s = begun_s + seconds
    rest_s = 6.0 if count >= 2 * WARM_COUNT else 1.0  # it gives memory back after four
    with TemporaryDirectory() as folder, running_daemon(Path(folder), SETTINGS):
        networks.bring()
        expected = {job.name: _run(job) for job in (*jobs(), *network_jobs(networks.FOLDERS))}
    with TemporaryDirectory() as folder, running_daemon(Path(folder), SETTINGS) as running:
        networks.bring()
        work = Work(running, seed, expected)
        work.go_on(min(WARM_COUNT, count // 2), until_s)
        before, files_before = running.rest(rest_s), _files(Path(folder))
        work.go_on(count, until_s)
        has_ended = running.has_ended()
        after = before if has_ended else running.rest(rest_s)
        growth = growth_percent(before.resident_bytes, after.resident_bytes)
        finding.figures = {
            "jobs": work.done,
            "outcomes": dict(work.outcomes),
            "by_networks": work.by_networks,
            "evictions_at_least": work.evictions,
            "times_engines_were_let_go": work.rounds,
            "resident_mib": [one.resident_bytes >> 20 for one in (before, after)],
            "resident_mib_by_round": work.resident_mib,
            "growth_percent": growth,
            "threads": [before.threads, after.threads],
            "sockets": [before.sockets, after.sockets],
            "files": [before.files, after.files],
        }
        finding.require(work.evictions > 0, "no engine made room for another")
        finding.require(not has_ended, "the daemon has ended")
        finding.require(
            growth <= MOST_GROWTH_PERCENT or count < 2 * WARM_COUNT, f"memory grew by {growth} %"
        )
        finding.require(after.threads <= before.threads, "threads are left over")
        finding.require(after.sockets <= before.sockets, "sockets are left over")
        finding.require(after.files <= before.files, "files are left open")
        finding.require(_files(Path(folder)) == files_before, "files are left lying")
        finding.broken += work.failures + running.tracebacks()
    finding.seconds = round(time.monotonic() - begun_s, 1)
    return finding


class Work:
    """Jobs that several clients take from one list, each decided by the seed and its number."""

    def __init__(self, running: Running, seed: int, expected: dict[str, str]) -> None:
        self.running = running
        self.seed = seed
        self.done = 0
        self.rounds = 0
        self.by_networks = 0
        self.resident_mib: list[int] = []
        self.outcomes: Counter[str] = Counter()
        self.failures: list[str] = []
        self._expected = expected
        self._jobs, self._network_jobs = jobs(), network_jobs(networks.FOLDERS)
        self._lock = threading.Lock()

    def go_on(self, until_done: int, until_s: float) -> None:
        """Work until so many jobs are done, or `time.monotonic()` is past `until_s`."""
        while self.done < until_done and time.monotonic() < until_s and len(self.failures) < 20:
            waiting: queue.SimpleQueue[int] = queue.SimpleQueue()
            for number in range(self.done, min(until_done, self.done + ROUND)):
                waiting.put(number)
            threads = [
                threading.Thread(target=self._take, args=(waiting, until_s)) for _ in range(CLIENTS)
            ]
            for thread in threads:
                thread.start()
            for thread in threads:
                thread.join()
            self._wait_until_let_go()
            self.resident_mib.append(self.running.holds().resident_bytes >> 20)

    def _take(self, waiting: queue.SimpleQueue[int], until_s: float) -> None:
        while time.monotonic() < until_s:
            try:
                number = waiting.get_nowait()
            except queue.Empty:
                return
            outcome = self._outcome(number)
            with self._lock:
                self.done += 1
                self.outcomes[outcome] += 1

    def _outcome(self, number: int) -> str:
        """Do one job, or begin it and think better of it, or die over it."""
        chance = random.Random(f"{self.seed}/{number}")
        kind = chance.random()
        if kind < CRASH_SHARE:
            self._die(chance)
            return "client died"
        by_network = chance.random() < NETWORK_SHARE
        job = _chosen(self._network_jobs if by_network else self._jobs, chance)
        stop_after = chance.randrange(4) if kind < CRASH_SHARE + CANCEL_SHARE else None
        try:
            found = _run(job, stop_after)
        except CancelledError:
            return "cancelled"
        except Exception:  # noqa: BLE001  (it is what this looks for)
            self.failures.append(f"job {number}, {job.name}: {traceback.format_exc()[-2000:]}")
            return "failed"
        if found != self._expected[job.name]:
            self.failures.append(f"job {number}, {job.name}: another answer than a fresh daemon's")
        with self._lock:
            self.by_networks += by_network
        return "done"

    def _die(self, chance: random.Random) -> None:
        """Be a client that is gone between two of its messages."""
        width, height = chance.choice(SIZES)
        image = ImageHeader(width, height, "rgb", "u8")
        request = ExtractRequest("dead", image, selection_is="automatic", engine="builtin")
        context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        peer = Peer(context, self.running.file.address, self.running.file.password)
        peer.hello()
        frames = [(request.to_header(), None), *grammar.strips_of(request)]
        for header, content in frames[: chance.randint(1, len(frames))]:
            peer.send(header, *([] if content is None else [content]))
        if chance.random() < 0.5:
            peer.receive()
        peer.socket.close(linger=200)
        context.term()

    @property
    def evictions(self) -> int:
        """How often an engine made room for another, at least: the log tells the same line once a minute."""
        log = (self.running.home / "stderr.txt").read_text(encoding="utf-8", errors="replace")
        return log.count("needs its memory")

    def _wait_until_let_go(self) -> None:
        deadline_s = time.monotonic() + 30
        while time.monotonic() < deadline_s and not self.running.has_ended():
            with Client.connect("round", start=False) as client:
                if not client.status().warm:
                    self.rounds += 1
                    return
            time.sleep(0.3)
        self.failures.append("an engine that nothing used was not let go of")


def _chosen(all_jobs: list[Job], chance: random.Random) -> Job:
    """Any job, the small ones more often."""
    size = chance.choices(SIZES, (8, 6, 4, 1))[0]
    return chance.choice([job for job in all_jobs if job.name.endswith(f"{size[0]} x {size[1]}")])


def _run(job: Job, stop_after: int | None = None) -> str:
    """Do a job; asked more than `stop_after` times whether to stop, say yes."""
    asked = iter(range(stop_after)) if stop_after is not None else None
    should_stop = None if asked is None else lambda: next(asked, None) is None
    with Client.connect("soak", start=False) as client:
        return job.run(client, should_stop)


def _files(folder: Path) -> list[str]:
    return sorted(str(path.relative_to(folder)) for path in folder.rglob("*"))
