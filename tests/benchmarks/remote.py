"""What a card in another room adds to a request: the same one here and there, over lines of known speed.

Two daemons on this computer, and between them a relay that lets so many bytes through in a second. The requests leave nothing to solve, so
that all of the difference is the way: a trimap whose edge is hard, drawn like a lasso around something of half the photo's
width and most of its height, and the whole photo with nothing cropped. Sending, packing, encryption, the relay and both daemons share the two cores.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.benchmarks.builtin import scene
from tests.benchmarks.repeats import seconds_of, spread
from tests.benchmarks.wire import SIZES, fresh_daemon

from flyaway.remote import records
from flyaway.remote.records import HERE, Remote
from flyaway_client import connection
from flyaway_client.client import Client, new_request_id
from flyaway_client.messages import ExtractRequest, ImageHeader
from flyaway_client.zmtp import Buffer

LINES_MBIT_S = (1000, 100)

_TCP_BYTES_S = 0.94 * 125_000
"""What TCP carries of a megabit of Ethernet."""

Pixels = NDArray[np.uint8]


def remote(repeats: int = 5, megapixels: int = 24) -> dict[str, Any]:
    """Seconds that the way adds, by line and by what is sent; the first time, when the line is not known, apart."""
    image, _, _ = scene(*SIZES[megapixels], 0.1)
    rgba = np.full((*image.shape[:2], 4), 255, np.uint8)
    rgba[..., :3] = image
    asked = {"lasso": _lasso(rgba.shape[:2]), "whole": np.full(rgba.shape[:2], 255, np.uint8)}
    rows = []
    with fresh_daemon() as laptop, TemporaryDirectory() as folder:
        studio = Path(folder)
        keys = records.own_keys(studio, make=True)
        own = records.own_keys(laptop, make=True)
        assert keys is not None and own is not None
        records.allow(studio, "laptop", own.public)
        for mbit_s in LINES_MBIT_S:
            for name, trimap in asked.items():
                trimap[0, 0] = 0
                with (
                    _studio(studio) as address,
                    _line(address, round(mbit_s * _TCP_BYTES_S)) as line,
                ):
                    records.add(laptop, Remote(f"studio-{mbit_s}-{name}", line, keys.public))
                    rows.append(
                        {
                            "line_mbit_s": mbit_s,
                            "request": name,
                            **_added(laptop, f"studio-{mbit_s}-{name}", rgba, trimap, repeats),
                        }
                    )
                    records.use(laptop, HERE)
    return {"megapixels": megapixels, "channels": "rgba u8", "rows": rows}


def _added(laptop: Path, name: str, image: Pixels, trimap: Pixels, repeats: int) -> dict[str, Any]:
    """The same request here and there, in turn."""
    records.use(laptop, name)
    with Client.connect("benchmark", start=False) as client:
        first_s = seconds_of(lambda: _extract(client, image, trimap, here=False))
        _extract(client, image, trimap, here=True)
        here, there = [], []
        for _ in range(repeats):
            here.append(seconds_of(lambda: _extract(client, image, trimap, here=True)))
            there.append(seconds_of(lambda: _extract(client, image, trimap, here=False)))
    added = [one - other for one, other in zip(there, here, strict=True)]
    return {
        **spread("added_s", added, 2),
        **spread("here_s", here, 2),
        "first_added_s": round(first_s - statistics.median(here), 2),
    }


def _extract(client: Client, image: Pixels, trimap: Pixels, *, here: bool) -> None:
    height, width = trimap.shape
    request = ExtractRequest(
        new_request_id(),
        ImageHeader(width, height, "rgba", "u8"),
        selection=ImageHeader(width, height, "gray", "u8"),
        selection_is="trimap",
        here=here,
    )
    parts: dict[str, Buffer] = {"image": image.data.cast("B"), "selection": trimap.data.cast("B")}
    extracted = client.extract(request, parts)
    assert extracted.alpha == trimap.tobytes()


def _lasso(shape: tuple[int, ...]) -> Pixels:
    """A loop drawn by hand, half as wide as the photo and 0.7 times as high."""
    height, width = shape
    turns = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    wobble = 1 + 0.04 * np.sin(7 * turns) + 0.02 * np.sin(13 * turns)
    across = width * (0.5 + 0.235 * wobble * np.cos(turns))
    down = height * (0.5 + 0.33 * wobble * np.sin(turns))
    drawn = np.zeros((height, width), np.uint8)
    cv2.fillPoly(drawn, [np.stack([across, down], axis=1).astype(np.int32)], 255)
    return drawn


@contextlib.contextmanager
def _studio(home: Path) -> Iterator[str]:
    """A daemon that serves others; its address."""
    log = home / "log.txt"
    argv = [sys.executable, "-m", "flyaway", "daemon", "run", "--listen", "127.0.0.1:7797"]
    environ = {**os.environ, connection.HOME_VARIABLE: str(home)}
    with log.open("wb") as file, subprocess.Popen(argv, env=environ, stderr=file) as process:
        try:
            while b"served at" not in log.read_bytes():
                assert process.poll() is None, log.read_text()
                time.sleep(0.05)
            yield "127.0.0.1:7797"
        finally:
            process.terminate()


@contextlib.contextmanager
def _line(address: str, bytes_s: int) -> Iterator[str]:
    """A line of that speed to an address; its own address."""
    argv = [sys.executable, "-m", "tests.fakes.paced_line", address, str(bytes_s)]
    with subprocess.Popen(
        argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        yield process.stdout.readline().strip()
        process.terminate()
