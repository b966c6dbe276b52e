"""Memory is taken from one place, and what is free goes back to the system."""

from __future__ import annotations

import itertools
import os
import platform
import subprocess
import sys

import psutil
import pytest

from flyaway import memory


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc keeps what is freed")
def test_what_lies_free_below_what_is_used_is_returned() -> None:
    def resident() -> int:
        return int(psutil.Process().memory_info().rss)

    blocks = [b"x" * 100_000 for _ in range(2000)]  # below what glibc maps one by one
    kept = blocks.pop()
    before = resident()
    blocks.clear()
    memory.give_back()
    assert before - resident() > 100_000_000
    assert len(kept) == 100_000


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="only glibc has arenas")
@pytest.mark.parametrize(("prepare", "arenas"), [("pass", 4), ("memory.take_in_one_place()", 0)])
def test_threads_take_memory_where_the_first_one_does(prepare: str, arenas: int) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "MALLOC_ARENA_MAX"}
    found = subprocess.run(
        [sys.executable, "-c", _FOUR_THREADS.replace("PREPARE", prepare)],
        env=environment,
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    assert _arenas(found.stdout) == arenas


_FOUR_THREADS = """
import threading
from pathlib import Path
from flyaway import memory
PREPARE
met = threading.Barrier(5)
def take():
    kept = bytes(50_000)
    met.wait()
    met.wait()
for _ in range(4):
    threading.Thread(target=take).start()
met.wait()
print(Path("/proc/self/maps").read_text())
met.wait()
"""


def _arenas(maps: str) -> int:
    """How many arenas glibc has made: each begins with memory at a multiple of 64 MiB, and the rest of that is set aside."""
    spans = []
    for row in (line.split() for line in maps.splitlines() if line):
        start, stop = (int(end, 16) for end in row[0].split("-"))
        spans.append((start, stop, row[1] == "rw-p" and len(row) == 5))
    whole = 64 * 2**20
    return sum(
        is_anonymous and start % whole == 0 and (after, end) == (stop, start + whole)
        for (start, stop, is_anonymous), (after, end, _) in itertools.pairwise(spans)
    )
