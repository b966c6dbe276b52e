"""What `flyaway batch` costs beyond the engine: photos of 12 megapixels as files, beside the same in memory.

Both have two requests in flight at one daemon, which solves trimaps with the built-in engine. A run of the command that
finds everything done is measured too: what it needs to begin and end is no photo's cost. A hundred photos are done in ten
parts that go into one folder; each part stands beside the same in memory, so that a machine that becomes busier or less so
shifts both.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from PIL import Image
from tests.benchmarks.builtin import scene
from tests.benchmarks.repeats import seconds_of, spread
from tests.benchmarks.wire import SIZES, fresh_daemon

from flyaway.batch import work
from flyaway.batch.plan import Job
from flyaway.batch.settings import settle
from flyaway.batch.work import Prepared, Wishes
from flyaway_client.client import Client

PARTS, PART_PHOTOS, WORKERS = 10, 10, 2
_UNKNOWN_SHARE = 0.1
_LIMIT = 150_000_000


def batch() -> dict[str, Any]:
    """Seconds a photo, from files and from memory, and the share that files cost on top; what the command itself uses."""
    with TemporaryDirectory() as folder, fresh_daemon():
        photos, out = Path(folder) / "photos", Path(folder) / "out"
        prepared = _make(photos, out)
        _from_memory(prepared, WORKERS)  # which loads the engine
        names = sorted(photos.glob("*.jpg"))
        return _told([_round(names[index::PARTS], out, prepared) for index in range(PARTS)])


def _told(rounds: Sequence[Mapping[str, float]]) -> dict[str, Any]:
    shares = [one["files_s"] / one["memory_s"] - 1 for one in rounds]
    return {
        "photos": PARTS * PART_PHOTOS,
        "megapixels": 12,
        "workers": WORKERS,
        **spread("files_s", [one["files_s"] for one in rounds], 2),
        **spread("memory_s", [one["memory_s"] for one in rounds], 2),
        **spread("engine_s", [one["engine_s"] for one in rounds], 2),
        **spread("overhead_share", shares, 3),
        **spread(
            "beyond_engine_share", [one["files_s"] / one["engine_s"] - 1 for one in rounds], 3
        ),
        **spread("nothing_to_do_s", [one["idle_s"] for one in rounds], 2),
        **spread("processor_s", [one["processor_s"] for one in rounds], 2),
        **spread("command_peak_mib", [one["peak_mib"] for one in rounds], 0),
    }


def _make(photos: Path, out: Path) -> Prepared:
    """The photos and trimaps as files, and one of them as it is sent."""
    photos.mkdir()
    image, _, trimap = scene(*SIZES[12], _UNKNOWN_SHARE)
    for index in range(PARTS * PART_PHOTOS):
        Image.fromarray(image).save(photos / f"{index}.jpg", quality=92)
        Image.fromarray(trimap).save(photos / f"{index}_trimap.png")
    wishes = Wishes.of(settle({"output": str(out), **_OPTIONS}, {}), _LIMIT)
    return work.prepare(Job("0", photos / "0.jpg", photos / "0_trimap.png"), wishes)


def _round(photos: Sequence[Path], out: Path, prepared: Prepared) -> Mapping[str, float]:
    """Both ways once, a photo's seconds each."""
    count = len(photos)
    memory_s = seconds_of(lambda: _from_memory(prepared, count)) / count
    began_s = time.perf_counter()
    told, usage = _command(photos, out)
    whole_s = time.perf_counter() - began_s
    seconds = [line["seconds"] for line in told if line["event"] == "done"]
    assert len(seconds) == count
    idle_s = seconds_of(lambda: _command(photos, out))
    return {
        "files_s": (whole_s - idle_s) / count,
        "memory_s": memory_s,
        "engine_s": sum(seconds) / count,
        "idle_s": idle_s,
        "processor_s": (usage.ru_utime + usage.ru_stime) / count,
        "peak_mib": usage.ru_maxrss / 1024,
    }


_OPTIONS = {"trimap-pattern": "{stem}_trimap.png", "engine": "builtin"}


def _command(
    photos: Sequence[Path], out: Path
) -> tuple[list[dict[str, Any]], resource.struct_rusage]:
    """What a run told, and what it used."""
    options = [text for name, value in _OPTIONS.items() for text in (f"--{name}", value)]
    argv = [sys.executable, "-m", "flyaway", "batch", *map(str, photos), "-o", str(out), "--json"]
    with subprocess.Popen(
        [*argv, "--workers", str(WORKERS), *options], stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = [json.loads(line) for line in process.stdout]
        _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0
    return told, usage


def _from_memory(prepared: Prepared, count: int) -> None:
    """The same requests without files."""

    def ask(_: int) -> None:
        with Client.connect("benchmark", start=False) as client:
            client.extract(prepared.request, prepared.parts)

    with ThreadPoolExecutor(WORKERS) as pool:
        list(pool.map(ask, range(count)))
