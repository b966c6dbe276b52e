"""What it costs that an engine is cold, and what a call costs where it is warm: MODNet with made-up weights.

The photo is 512x64, which MODNet sees as it is. The engine alone, in this process with as many threads,
is beside the calls in the same run and in turn. What a call costs beyond that is too little to be seen as
a difference of the two; it is measured with an engine that answers at once, against the same photo with
nothing to solve.
"""

from __future__ import annotations

import os
import statistics
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import torch
from tests.benchmarks.repeats import in_turn, seconds_of, spread
from tests.benchmarks.wire import Pixels, fresh_daemon
from tests.daemon.servers import Loading, serving
from tests.parity import checkpoints

from flyaway import engines
from flyaway.config import Settings
from flyaway.engines.contract import Engine, Extraction, Inputs, Report, Window, silent
from flyaway.serving.workshop import Workshop
from flyaway.weights.store import FOLDER_VARIABLE, Store
from flyaway_client import connection, messages
from flyaway_client.client import Client, new_request_id

PARITY = Path(__file__).parents[1] / "data" / "parity" / "modnet"
ENGINE, OTHER = "modnet-photographic", "modnet-webcam"
BUDGET_MB = 80
"""Room for one of the two: the loader reckons with 52 MB each."""


def warm_calls(repeats: int = 31) -> dict[str, Any]:
    """Seconds of a first call, of warm ones, of the engine alone, and of calls that evict and load."""
    photo = _photo()
    with _made_up_weights() as checkpoint, fresh_daemon(), Client.connect("benchmark") as client:
        torch.set_num_threads(Settings().engine_threads)
        engine = engines.load(ENGINE, checkpoint)
        cold_s = seconds_of(lambda: _extract(client, photo, ENGINE))
        seconds = in_turn(
            {
                "warm": lambda: _extract(client, photo, ENGINE),
                "engine_alone": lambda: engine.extract(photo),
            },
            repeats,
        )
        evicting = [
            seconds_of(partial(_extract, client, photo, name))
            for _ in range(repeats // 4)
            for name in (OTHER, ENGINE)
        ]
        assert client.status().warm == (ENGINE,)
    return {
        "first_call_s": round(cold_s, 3),
        **spread("warm_s", seconds["warm"], 4),
        **spread("engine_alone_s", seconds["engine_alone"], 4),
        **spread("evict_load_and_call_s", evicting, 3),
    }


def warm_overhead(repeats: int = 31) -> dict[str, Any]:
    """Milliseconds of a warm call beyond wire and forward pass: client, daemon and engine in this process."""
    photo = _photo()
    workshop = Workshop(Settings(), Loading(lambda name: (_Instant(), "nowhere")))
    with TemporaryDirectory() as home, serving(workshop=workshop) as daemon:
        daemon.file.write(Path(home))
        with _environment({connection.HOME_VARIABLE: home}), Client.connect("benchmark") as client:
            seconds = in_turn(
                {
                    "instant_engine": lambda: _extract(client, photo, "builtin"),
                    "wire": lambda: _send_only(client, photo),
                },
                repeats,
            )
    instant_ms, wire_ms = (
        [value * 1000 for value in seconds[name]] for name in ("instant_engine", "wire")
    )
    beyond_ms = statistics.median(instant_ms) - statistics.median(wire_ms)
    return {
        **spread("instant_engine_ms", instant_ms, 2),
        **spread("wire_ms", wire_ms, 2),
        "beyond_wire_and_forward_ms": round(beyond_ms, 2),
    }


class _Instant(Engine[Pixels]):
    """An engine that finds everything to be the subject, at once."""

    device = "nowhere"

    def encode(self, image: Pixels, report: Report = silent) -> Pixels:
        return image

    def solve(
        self,
        features: Pixels,
        inputs: Inputs,
        window: Window | None = None,
        report: Report = silent,
    ) -> Extraction:
        return Extraction(np.ones(features.shape[:2], np.float32))


@contextmanager
def _made_up_weights() -> Iterator[Path]:
    """A store with both engines, and settings that leave room for one; yields the weights file."""
    with TemporaryDirectory() as folder:
        checkpoint, config = Path(folder) / "net.pth", Path(folder) / "config.toml"
        torch.save(checkpoints.as_published(PARITY), checkpoint)
        config.write_text(f"memory_budget_mb = {BUDGET_MB}")
        places = {FOLDER_VARIABLE: str(Path(folder) / "weights"), "FLYAWAY_CONFIG": str(config)}
        with _environment(places):
            for name in (ENGINE, OTHER):
                Store().adopt(engines.record(name), checkpoint)
            yield checkpoint


@contextmanager
def _environment(changes: dict[str, str]) -> Iterator[None]:
    before = dict(os.environ)
    os.environ.update(changes)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)


def _photo() -> Pixels:
    """HxWx3 uint8: a disc on noise."""
    rng = np.random.default_rng(5)
    photo = rng.integers(0, 90, (64, 512, 3), np.uint8)
    rows, columns = np.ogrid[:64, :512]
    photo[np.hypot(rows - 32, columns - 256) < 28] += 150
    return photo


def _extract(client: Client, photo: Pixels, engine: str) -> None:
    request = messages.ExtractRequest(
        id=new_request_id(),
        image=messages.ImageHeader(photo.shape[1], photo.shape[0], "rgb", "u8"),
        selection_is="automatic",
        engine=engine,
        fine_engine="none",
    )
    result = client.extract(request, {"image": photo.data}).result
    assert result.engine == engine


def _send_only(client: Client, photo: Pixels) -> None:
    """The same photo with a trimap that leaves nothing to solve."""
    height, width = photo.shape[:2]
    trimap = np.zeros((height, width), np.uint8)
    trimap[: height // 2] = 255
    request = messages.ExtractRequest(
        id=new_request_id(),
        image=messages.ImageHeader(width, height, "rgb", "u8"),
        selection=messages.ImageHeader(width, height, "gray", "u8"),
        selection_is="trimap",
    )
    client.extract(request, {"image": photo.data, "selection": trimap.data})
