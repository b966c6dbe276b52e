"""kill -9 of the daemon, or of its client, before and after each message of each conversation.

Afterwards there is one daemon, it holds nothing of the dead one, the next request works, and what was to be written is
there whole or not at all.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import time
import traceback
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from PIL import Image
from tests.benchmarks.wire import DAEMON_ARGV
from tests.trust import moments
from tests.trust.daemons import comes_true, daemons_of, is_idle, own_home
from tests.trust.jobs import Job, jobs, scene
from tests.trust.records import Finding

from flyaway.cli.main import main as command_line
from flyaway_client import launch
from flyaway_client.client import Client
from flyaway_client.connection import ConnectionFile
from flyaway_client.errors import ClientError

SIZE = (17, 9)
KINDS = ("trimap", "colours", "refined", "adjusted", "described", "session")
"""Jobs whose conversations differ."""

VICTIMS = ("daemon", "client")
PATIENCE_S = 60.0
STARTING_S = 30.0


@dataclass(frozen=True)
class Death:
    """Who dies in which conversation, at which message: sent and received ones are counted from 0, each twice."""

    conversation: str
    victim: str
    at: int


def deaths(count: int, seconds: float, seed: int) -> Finding:
    """Let this many of all possible deaths happen, chosen by the seed; all where there are no more."""
    finding, begun_s = Finding(seed), time.monotonic()
    outcomes: Counter[str] = Counter()
    with TemporaryDirectory() as folder, own_home(Path(folder), 'log_level = "warning"\n') as home:
        stage = Stage(Path(folder), home)
        try:
            lengths = {name: stage.rehearse(name) for name in stage.conversations}
            possible = [
                Death(name, victim, at)
                for name, length in lengths.items()
                for victim in VICTIMS
                for at in range(length)
            ]
            for death in finding.some_of(possible, count):
                if time.monotonic() > begun_s + seconds:
                    break
                outcome, wrong = stage.play(death)
                outcomes[f"{death.victim} killed: {outcome}"] += 1
                finding.require(not wrong, f"{death}: {wrong}")
        finally:
            stage.close()
        log = (home / "daemon.log").read_text(encoding="utf-8", errors="replace")
        finding.require("Traceback" not in log, f"a traceback in the log: {log[-3000:]}")
    finding.figures = {
        "conversations": outcomes.total(),
        "possible": len(possible),
        "moments_by_conversation": lengths,
        "outcomes": dict(outcomes),
    }
    finding.seconds = round(time.monotonic() - begun_s, 1)
    return finding


class Stage:
    """A home, a photo for the command line, and conversations of which each is held in a process of its own."""

    def __init__(self, folder: Path, home: Path) -> None:
        self.home = home
        self.work = folder / "work"
        self.work.mkdir()
        self._photo, self._cutout = folder / "photo.png", self.work / "cutout.png"
        Image.fromarray(scene(*SIZE).image).save(self._photo)
        trimap = folder / "trimap.png"
        Image.fromarray(np.ascontiguousarray(scene(*SIZE).trimap)).save(trimap)
        self._command = ["extract", str(self._photo), "--trimap", str(trimap)]
        self._command += ["--engine", "builtin", "-o", str(self._cutout)]
        names = [f"{kind}, {SIZE[0]} x {SIZE[1]}" for kind in KINDS]
        self._jobs = {job.name: job for job in jobs() if job.name in names}
        self.conversations: dict[str, Callable[[], str]] = {
            name: self._held(job) for name, job in self._jobs.items()
        }
        self.conversations["status"] = lambda: _ask(lambda client: client.status().daemon)
        self.conversations["engines"] = lambda: _ask(lambda client: str(len(client.engines())))
        self.conversations["command line"] = self._run_command
        launch.write_launch(home, DAEMON_ARGV)
        self._expected: dict[str, str] = {}

    def close(self) -> None:
        """End the daemon."""
        with contextlib.suppress(ClientError), Client.connect("end", start=False) as client:
            client.shutdown()

    def rehearse(self, name: str) -> int:
        """Hold a conversation unharmed, and keep what it comes to; how many moments it has in which one can die."""
        status, said = self._held_apart(name, None)
        if "answer" not in said:
            raise RuntimeError(f"{name}: status {status}, {said}")
        self._expected[name] = said["answer"]
        return int(said["moments"])

    def play(self, death: Death) -> tuple[str, list[str]]:
        """Let it happen: what became of the conversation, and what is not as it should be afterwards."""
        self._cutout.unlink(missing_ok=True)
        status, said = self._held_apart(death.conversation, death)
        outcome, wrong = self._judged(death, status, said)
        if death.conversation == "command line" and status == -signal.SIGKILL:
            wrong += self._swept()
        left = sorted(path.name for path in self.work.iterdir())
        if left not in ([], [self._cutout.name]):
            wrong.append(f"left lying: {left}")
        if left and death.conversation != "command line":
            wrong.append("a cut-out that nobody asked for")
        if self._cutout.exists() and self._content() != self._expected["command line"]:
            wrong.append("a cut-out half written")
        return outcome, wrong + self._aftermath()

    def _judged(self, death: Death, status: int, said: dict[str, Any]) -> tuple[str, list[str]]:
        if status == -signal.SIGKILL:
            return "it was gone", [] if death.victim == "client" else ["the client died, too"]
        if "failure" in said:
            return "a failure", [said["failure"]]
        if "sentence" in said:
            return "a sentence", [] if said["sentence"].strip() else ["no sentence"]
        if said["answer"] != self._expected[death.conversation]:
            return "another answer", [f"the answer {said['answer']!r}"]
        return "the whole answer", []

    def _swept(self) -> list[str]:
        """What is wrong with the cut-out that a killed command left, and with what the next command leaves."""
        wrong = []
        if self._cutout.exists() and self._content() != self._expected["command line"]:
            wrong.append("a cut-out half written")
        _, said = self._held_apart("command line", None)
        if said.get("answer") != self._expected["command line"]:
            wrong.append(f"the next command: {said}")
        return wrong

    def _aftermath(self) -> list[str]:
        """What is wrong once the next request was made."""
        job, wrong = self._jobs[f"adjusted, {SIZE[0]} x {SIZE[1]}"], []
        try:
            with Client.connect("next", timeout_s=STARTING_S) as client:
                if job.run(client, None) != self._expected[job.name]:
                    wrong.append("the next request has another answer")
            if not comes_true(lambda: len(daemons_of(self.home)) == 1):
                wrong.append(f"daemons: {daemons_of(self.home)}")
            if not comes_true(is_idle):
                wrong.append("the daemon works on for the dead")
        except ClientError as error:
            wrong.append(f"the next request failed: {error.message}")
        return wrong

    def _held_apart(self, name: str, death: Death | None) -> tuple[int, dict[str, Any]]:
        """Hold a conversation in a child: its exit status, and what it had to say."""
        told = self.home / "told.json"
        told.unlink(missing_ok=True)
        child = os.fork()
        if child == 0:
            try:
                told.write_text(json.dumps(self._in_child(name, death)))
            finally:
                os._exit(0)
        status = _waited(child)
        content = told.read_text() if told.exists() else ""
        return status, json.loads(content) if content else {}

    def _in_child(self, name: str, death: Death | None) -> dict[str, Any]:
        passed = _count_moments(self.home, death)
        with Path(os.devnull).open("w") as nowhere, contextlib.redirect_stdout(nowhere):
            try:
                answer = self.conversations[name]()
            except ClientError as error:
                return {"sentence": error.message}
            except Exception:  # noqa: BLE001  (it is what this looks for)
                return {"failure": traceback.format_exc()[-2000:]}
        return {"answer": answer, "moments": len(passed)}

    def _held(self, job: Job) -> Callable[[], str]:
        return lambda: _ask(lambda client: job.run(client, None))

    def _run_command(self) -> str:
        """`flyaway extract`; what it wrote, or the sentence that it ended with."""
        said = self.work.parent / "said.txt"
        with said.open("w") as file, contextlib.redirect_stderr(file):
            status = command_line(self._command)
        if status:
            raise ClientError(said.read_text())
        return self._content()

    def _content(self) -> str:
        with Image.open(self._cutout) as image:
            return image.tobytes().hex()


def _ask(question: Callable[[Client], str]) -> str:
    with Client.connect("dying", timeout_s=STARTING_S) as client:
        return question(client)


def _count_moments(home: Path, death: Death | None) -> list[str]:
    """Count in this process the moments of our client, and kill when it is time."""

    def kill(number: int) -> None:
        if death is None or number != death.at:
            return
        file = ConnectionFile.read(home) if death.victim == "daemon" else None
        with contextlib.suppress(ProcessLookupError):  # of one that was killed before
            if death.victim == "client":
                os.kill(os.getpid(), signal.SIGKILL)
            elif file is not None:
                os.kill(file.pid, signal.SIGKILL)

    return moments.count(kill)


def _waited(child: int) -> int:
    """A child's exit status as `subprocess` gives it; one that hangs is killed, which counts as 124."""
    deadline_s = time.monotonic() + PATIENCE_S
    while time.monotonic() < deadline_s:
        pid, status = os.waitpid(child, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        time.sleep(0.005)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    return 124
