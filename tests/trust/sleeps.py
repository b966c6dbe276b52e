"""A computer that sleeps: client or daemon is stopped at a message for longer than anybody is patient, and goes on.

Each ends in a sentence or the whole answer, and the next request works. Each has a daemon of its own, so that many
sleep at once.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import time
import traceback
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks.wire import DAEMON_ARGV
from tests.trust import moments
from tests.trust.daemons import comes_true, daemons_of, is_idle, running_daemon
from tests.trust.jobs import Job, jobs
from tests.trust.records import Finding

from flyaway_client import launch
from flyaway_client.client import Client
from flyaway_client.errors import ClientError

SETTINGS = 'log_level = "warning"\nidle_exit_minutes = 0\n'
KINDS = ("trimap, 240 x 160", "session, 240 x 160")
"""An extraction, and one sitting of retouching."""

VICTIMS = ("client", "daemon")
ASLEEP_S = 75.0
"""More than the 30 s in which something must be heard and the 60 s in which results must be read."""

AT_ONCE = 12


@dataclass(frozen=True)
class Sleep:
    """Who is stopped at which moment of which job; moments are counted from 0."""

    job: str
    victim: str
    at: int


def sleeps(count: int, seconds: float, seed: int) -> Finding:
    """Let this many of all possible sleeps happen, chosen by the seed; all where there are no more."""
    finding, begun_s = Finding(seed), time.monotonic()
    outcomes: Counter[str] = Counter()
    awake = dict(zip(KINDS, slept([Sleep(kind, "", -1) for kind in KINDS], 0), strict=True))
    lengths = {kind: one["moments"] for kind, one in awake.items()}
    possible = [
        Sleep(kind, victim, at)
        for kind, length in lengths.items()
        for victim in VICTIMS
        for at in range(length)
    ]
    tried = finding.some_of(possible, count)
    done = 0
    while done < len(tried) and time.monotonic() < begun_s + seconds:
        batch = tried[done : done + AT_ONCE]
        for sleep, told in zip(batch, slept(batch, ASLEEP_S), strict=True):
            outcome, wrong = judged(told, awake[sleep.job]["outcome"])
            outcomes[f"{sleep.victim} stopped: {outcome}"] += 1
            finding.require(not wrong, f"{sleep}: {wrong}")
        done += len(batch)
    finding.figures = {
        "conversations": done,
        "possible": len(possible),
        "asleep_s": ASLEEP_S,
        "moments_by_conversation": lengths,
        "outcomes": dict(outcomes),
    }
    finding.seconds = round(time.monotonic() - begun_s, 1)
    return finding


def judged(told: dict[str, Any], expected: str) -> tuple[str, list[str]]:
    """What became of a job in short, and what is wrong with it.

    Args:
        told: by `slept`.
        expected: the job's answer.
    """
    wrong = list(told["wrong"])
    if told.get("again") != expected:
        wrong.append(f"the next request came to {told.get('again')!r}")
    if told["outcome"] == expected:
        return "the whole answer", wrong
    if not told["outcome"].endswith("."):  # an answer is a digest
        wrong.append(f"it came to {told['outcome']!r}")
    return told["outcome"], wrong


def slept(batch: list[Sleep], asleep_s: float) -> list[dict[str, Any]]:
    """Let them happen at once, each in a child; what each had to say (`_lived_through`)."""
    with TemporaryDirectory() as folder:
        children = []
        for number, sleep in enumerate(batch):
            place = Path(folder) / str(number)
            place.mkdir()
            children.append((_begun(sleep, asleep_s, place), place))
        found = []
        for child, place in children:
            os.waitpid(child, 0)
            found.append(json.loads((place / "told.json").read_text()))
        return found


def _begun(sleep: Sleep, asleep_s: float, place: Path) -> int:
    child = os.fork()
    if child == 0:
        told = {"outcome": "a failure", "moments": 0, "wrong": ["nothing was told"]}
        try:
            told = _lived_through(sleep, asleep_s, place)
        except Exception:  # noqa: BLE001  (it is what this looks for)
            told["wrong"] = [traceback.format_exc()[-2000:]]
        finally:
            (place / "told.json").write_text(json.dumps(told))
            os._exit(0)
    return child


def _lived_through(sleep: Sleep, asleep_s: float, place: Path) -> dict[str, Any]:
    """Do the job once with the sleep and once without: what became of each, how many moments the first had, what was wrong."""
    (job,) = (one for one in jobs() if one.name == sleep.job)
    with running_daemon(place, SETTINGS) as running:
        launch.write_launch(running.home, DAEMON_ARGV)
        victims = {"client": os.getpid(), "daemon": running.process.pid}
        wakers: list[subprocess.Popen[bytes]] = []

        def befall(number: int) -> None:
            if number == sleep.at:
                pid = victims[sleep.victim]
                wakers.append(subprocess.Popen(["sh", "-c", f"sleep {asleep_s}; kill -CONT {pid}"]))
                os.kill(pid, signal.SIGSTOP)

        passed = moments.count(befall)
        outcome, count = _outcome(job), len(passed)
        for waker in wakers:
            waker.wait()
        wrong = running.tracebacks()
        again = _outcome(job)
        if not comes_true(is_idle):
            wrong.append("it works on for nobody")
        if not comes_true(lambda: daemons_of(running.home) == [running.process.pid]):
            wrong.append(f"daemons: {daemons_of(running.home)}")
    return {"outcome": outcome, "moments": count, "again": again, "wrong": wrong}


def _outcome(job: Job) -> str:
    """The answer, or the sentence in its place."""
    try:
        with Client.connect("sleeper") as client:
            return job.run(client, None)
    except ClientError as error:
        return error.message
