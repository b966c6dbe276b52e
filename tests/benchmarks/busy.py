"""What an engine takes on a busy machine: MODNet with one thread and with two, beside a made-up load.

Editors are busy while they wait for a result. The daemon's way for threads to wait
(`flyaway.engines.processor`) is measured beside OpenMP's own, where they spin for a while first. All take
turns.
"""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import product
from typing import Any

from tests.benchmarks.networks import Entrant
from tests.benchmarks.repeats import in_turn, spread

from flyaway.engines import processor

NETWORK = "modnet"

WAYS: Mapping[str, Mapping[str, str]] = {"OpenMP's own": {}, "ours": processor.VARIABLES}
"""Of waiting, and the variables for each."""

THREADS = 1, 2

LOADS = 0, 2
"""Processes beside that compute without end."""

REPEATS = 7

FOR_EVER = "while True: pass"


def busy() -> list[dict[str, Any]]:
    """A row a load, way and count of threads: seconds of a run."""
    rows = []
    for load in LOADS:
        with _made_up(load), ExitStack() as stack:
            kinds = list(product(WAYS, THREADS))
            runs = {
                f"{way} {threads}": stack.enter_context(
                    Entrant(NETWORK, threads=threads, variables=WAYS[way])
                ).run
                for way, threads in kinds
            }
            seconds = in_turn(runs, REPEATS)
        rows += [
            {
                "load_processes": load,
                "waiting": way,
                "threads": threads,
                **spread("seconds", seconds[f"{way} {threads}"], 3),
            }
            for way, threads in kinds
        ]
    return rows


@contextmanager
def _made_up(load: int) -> Iterator[None]:
    processes = [subprocess.Popen([sys.executable, "-c", FOR_EVER]) for _ in range(load)]
    try:
        yield
    finally:
        for process in processes:
            process.kill()
            process.wait()
