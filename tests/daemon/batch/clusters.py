"""A Ray cluster of this machine's own, with as many nodes as are wanted."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

import psutil
from tests.daemon.servers import PATIENCE_S, wait_until

LOADED_S = 120.0
"""Nodes and workers are programs of some size to start, on a machine that may be busy."""

REPOSITORY = Path(__file__).parents[3]
"""Whence nodes have what tests lend them."""

QUICK = {"RAY_health_check_period_ms": "500", "RAY_health_check_initial_delay_ms": "500"}
"""Ray's own: a node that is gone is noticed within seconds."""

OPEN = {"RAY_AUTH_MODE": "disabled"}
"""Ray's own: a token in the user's home is for the user's clusters."""


@dataclass
class Node:
    """One `ray start`, and all processes that came of it."""

    process: subprocess.Popen[bytes]
    log: Path

    def is_there(self) -> bool:
        """Whether it has joined the cluster."""
        return "Ray runtime started" in self.log.read_text()

    def is_at_work(self) -> bool:
        """Whether a worker of it has a block of photos in hand; Ray writes that into the process's title."""
        titles = [_title(process) for process in self._processes()]
        return any("MapWorker" in title and ".submit" in title for title in titles)

    def kill(self) -> None:
        """As when the machine loses its power: everything of it at once."""
        for process in self._processes():
            with suppress(psutil.Error):
                process.kill()
        self.process.wait(PATIENCE_S)

    def _processes(self) -> list[psutil.Process]:
        try:
            whole = psutil.Process(self.process.pid)
            return [whole, *whole.children(recursive=True)]
        except psutil.Error:
            return []


@dataclass
class Cluster:
    """One node that hands out and does no work, and those that do."""

    folder: Path
    address: str = ""
    nodes: list[Node] = field(default_factory=list)

    def add(self, *options: str) -> Node:
        """Start one more node; returns before it is there."""
        argv = [sys.executable, "-m", "ray.scripts.scripts", "start", "--block", *options]
        argv += ["--node-ip-address=127.0.0.1", "--object-store-memory=80000000"]
        log = self.folder / f"{len(self.nodes)}.log"
        with log.open("wb") as file:
            process = subprocess.Popen(
                [*argv, "--disable-usage-stats"],
                env=os.environ | QUICK | OPEN | {"PYTHONPATH": str(REPOSITORY)},
                stdout=file,
                stderr=file,
                start_new_session=True,
            )
        self.nodes.append(Node(process, log))
        return self.nodes[-1]

    def add_worker(self) -> Node:
        """Start a node with one core for work."""
        return self.add("--num-cpus=1", f"--address={self.address}")


@contextmanager
def running() -> Iterator[Cluster]:
    """A cluster on ports and in a folder of its own, with a head that does no work."""
    # its sockets' paths must be short
    with TemporaryDirectory(prefix="ray", dir="/tmp", ignore_cleanup_errors=True) as folder:
        cluster = Cluster(Path(folder))
        try:
            options = ("--num-cpus=0", "--port=0", "--include-dashboard=false")
            head = cluster.add("--head", f"--temp-dir={folder}", *options)
            wait_until(head.is_there, LOADED_S)
            # Told of in a file that comes a moment later than the word that it runs.
            address = Path(folder) / "ray_current_cluster"
            wait_until(lambda: address.exists() and bool(address.read_text().strip()), LOADED_S)
            cluster.address = address.read_text().strip()
            yield cluster
        finally:
            for node in reversed(cluster.nodes):
                node.kill()


def _title(process: psutil.Process) -> str:
    with suppress(psutil.Error):
        return " ".join(process.cmdline())
    return ""
