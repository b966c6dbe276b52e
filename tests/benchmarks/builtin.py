"""Seconds and memory of the built-in engine, beside PyMatting where it is installed.

The scenes are made: a blob with a soft, ragged edge, both layers of clouds and grain.
"""

from __future__ import annotations

import importlib.util
import multiprocessing
import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.benchmarks import contestants
from tests.benchmarks.repeats import in_turn, seconds_of, spread

from flyaway.engines import device
from flyaway.engines.builtin import foreground
from flyaway.engines.builtin.engine import BuiltinEngine
from flyaway.engines.contract import Inputs
from flyaway.images.arrays import Alpha, Image, Trimap

THREADS = os.cpu_count() or 1
NOT_INSTALLED = "PyMatting is not installed"

_REPEATS = 5
_IMPORT = """
import time, torch, flyaway.engines
started = time.perf_counter()
import flyaway.engines.builtin.engine, flyaway.engines.builtin.foreground
print(time.perf_counter() - started)
"""


def builtin_800px() -> dict[str, Any]:
    """Median seconds of an 800-pixel photo, in turn with PyMatting's closed form."""
    image, _, trimap = scene(800, 600, 0.15)

    def compare() -> dict[str, Any]:
        runs: dict[str, Callable[[], object]] = {
            "flyaway": lambda: engine().extract(image, Inputs(trimap))
        }
        rival = {each.name: each for each in contestants.rivals()}.get("pymatting-cf")
        if rival is not None:
            rival.prepare()
            runs["pymatting_cf"] = lambda: rival.solve(image, trimap, None)
        return _side_by_side(runs, "pymatting_cf")

    return _apart(compare)


def builtin_foreground() -> dict[str, Any]:
    """Median seconds of the clean colours of 6 megapixels, in turn with PyMatting's estimation."""
    image, alpha, _ = scene(3000, 2000, 0.1)
    colours = image.astype(np.float32) / np.float32(255)

    def compare() -> dict[str, Any]:
        runs: dict[str, Callable[[], object]] = {
            "flyaway": lambda: foreground.estimate(colours, alpha, threads=THREADS)
        }
        if importlib.util.find_spec("pymatting"):
            import pymatting

            runs["pymatting_ml"] = lambda: pymatting.estimate_foreground_ml(colours, alpha)
        return _side_by_side(runs, "pymatting_ml")

    return _apart(compare)


def builtin_foreground_24mp() -> dict[str, Any]:
    """Seconds and memory of the clean colours of 24 megapixels, a tenth of them at the edge."""
    image, alpha, _ = scene(6000, 4000, 0.1)
    return _alone(lambda: _seconds(lambda: foreground.estimate(image, alpha, threads=THREADS)))


def builtin_24mp() -> dict[str, Any]:
    """24 megapixels with 10 % unknown."""
    return _large(6000, 4000)


def builtin_100mp() -> dict[str, Any]:
    """100 megapixels with 10 % unknown."""
    return _large(12247, 8165)


def builtin_region_24mp() -> dict[str, Any]:
    """A subject in a rough rectangle, found and solved at 24 megapixels."""
    image, alpha, _ = scene(6000, 4000, 0.01)
    rows, columns = np.flatnonzero(alpha.any(axis=1)), np.flatnonzero(alpha.any(axis=0))
    region = np.zeros(alpha.shape, bool)
    region[rows[0] - 100 : rows[-1] + 100, columns[0] - 100 : columns[-1] + 100] = True
    return _alone(lambda: _seconds(lambda: engine().extract(image, Inputs(region=region))))


def builtin_import() -> dict[str, Any]:
    """Median seconds to import the engine where torch is there already."""
    seconds = [
        float(
            subprocess.run([sys.executable, "-c", _IMPORT], check=True, capture_output=True).stdout
        )
        for _ in range(_REPEATS)
    ]
    return spread("median_s", seconds, 3)


def engine() -> BuiltinEngine:
    """The engine on the best device there is, which only processes forked from this one may touch."""
    return BuiltinEngine(THREADS, device.choose("auto"))


def scene(width: int, height: int, unknown_share: float) -> tuple[Image, Alpha, Trimap]:
    """A composite, its true alpha and a trimap that leaves about that share of it unknown."""
    rng = np.random.default_rng(3)
    clouds = cv2.resize(
        rng.random((12, 16), np.float32), (width, height), interpolation=cv2.INTER_CUBIC
    )
    rows, columns = np.ogrid[:height, :width]
    away = np.hypot(rows - height / 2, columns - width / 2).astype(np.float32)
    away -= np.float32(height / 3.5) + np.float32(height / 30) * (clouds - np.float32(0.5))
    half_band = unknown_share * width * height / (4 * np.pi * height / 3.5)
    trimap = np.where(away < 0, 255, 0).astype(np.uint8)
    trimap[np.abs(away) < half_band] = 128
    # Strands: the edge is ragged by several times its own softness.
    fine = rng.random((height // 4, width // 4), np.float32)
    away += np.float32(half_band) * (cv2.resize(fine, (width, height)) - np.float32(0.5))
    alpha = (np.float32(0.5) - away / np.float32(half_band / 2)).clip(0, 1)
    image = np.empty((height, width, 3), np.uint8)
    for channel, (front, back) in enumerate(((200, 40), (120, 90), (60, 160))):
        grain = rng.integers(0, 12, alpha.shape, np.uint8)
        image[..., channel] = back + clouds * 40 + alpha * (front - back) + grain
    return image, alpha, trimap


def _large(width: int, height: int) -> dict[str, Any]:
    image, _, trimap = scene(width, height, 0.1)

    def solve() -> dict[str, Any]:
        started_s = time.perf_counter()
        shown: list[float] = []

        def watch(fraction: float, preview: NDArray[np.float32] | None = None) -> None:
            if preview is not None:
                shown.append(time.perf_counter() - started_s)

        engine().extract(image, Inputs(trimap), watch)
        seconds = time.perf_counter() - started_s
        return {"seconds": round(seconds, 1), "first_preview_s": round(shown[0], 2)}

    return {"unknown_share": round(float((trimap == 128).mean()), 3), **_alone(solve)}


def _seconds(run: Callable[[], object]) -> dict[str, Any]:
    return {"seconds": round(seconds_of(run), 2)}


def _alone(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """Figures of `work` in a process of its own, with the memory it took beyond what was there."""

    def measured() -> dict[str, Any]:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        figures = work()
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
        return {
            **figures,
            "device": engine().device,
            "peak_mib_beyond_input": round(grown / 1024),
        }

    return _apart(measured)


def _apart(work: Callable[[], dict[str, Any]]) -> dict[str, Any]:
    """What `work` gives, in a process of its own: OpenMP's threads do not survive a fork, so none run here."""
    context = multiprocessing.get_context("fork")
    receiver, sender = context.Pipe(duplex=False)
    worker = context.Process(target=lambda: sender.send(work()))
    worker.start()
    sender.close()
    try:
        figures: dict[str, Any] = receiver.recv()
    finally:
        worker.join()
    return figures


def _side_by_side(runs: dict[str, Callable[[], object]], rival: str) -> dict[str, Any]:
    """Median seconds of each, run in turn after one round that does not count."""
    seconds = in_turn(runs, _REPEATS)
    figures: dict[str, Any] = {}
    for name, values in seconds.items():
        figures |= spread(f"{name}_s", values, 3)
    if rival not in seconds:
        return {**figures, "rival": NOT_INSTALLED}
    ratio = statistics.median(seconds["flyaway"]) / statistics.median(seconds[rival])
    return {**figures, "ratio": round(ratio, 2)}
