"""What the daemon costs around an engine: round trips, memory, and how soon it says hello.

The no-work request is a trimap without unknown pixels, which the pipeline answers with the trimap
itself. Beside it, in the same run and in turn: copying the same bytes into fresh pages, and pyzmq with
copy=False sending the same pixels as one message each way over an open connection.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import zmq
from numpy.typing import NDArray
from tests.benchmarks.repeats import in_turn, seconds_of, spread
from tests.benchmarks.resident import peak_bytes, reset_peak

from flyaway_client import connection, messages
from flyaway_client.client import Client, new_request_id

Pixels = NDArray[np.uint8]

SIZES = {2: (1732, 1155), 12: (4243, 2828), 24: (6000, 4000), 100: (12247, 8165)}
"""Megapixels -> width, height."""

DAEMON_ARGV = [sys.executable, "-m", "flyaway", "daemon", "run"]


@contextmanager
def fresh_daemon() -> Iterator[Path]:
    """A daemon of its own in a home of its own, stopped afterwards."""
    before = os.environ.get(connection.HOME_VARIABLE)
    with TemporaryDirectory() as folder:
        os.environ[connection.HOME_VARIABLE] = folder
        try:
            with Client.connect("benchmark", launch_argv=DAEMON_ARGV) as client:
                yield Path(folder)
                client.shutdown()
                time.sleep(0.5)
        finally:
            if before is None:
                del os.environ[connection.HOME_VARIABLE]
            else:
                os.environ[connection.HOME_VARIABLE] = before


def round_trips(
    repeats: int = 5, sizes: tuple[int, ...] = (2, 12, 24, 100)
) -> list[dict[str, Any]]:
    """Median seconds of a no-work request against its floors, and the daemon's peak memory, by size."""
    rows = []
    with fresh_daemon(), _echo_server() as echo, Client.connect("benchmark") as client:
        pid = client.hello.pid
        for megapixels in sizes:
            width, height = SIZES[megapixels]
            image = np.full((height, width, 4), 200, np.uint8)
            trimap = np.zeros((height, width), np.uint8)
            trimap[height // 4 :, width // 4 :] = 255
            runs: dict[str, Callable[[], object]] = {
                "memcpy_fresh": partial(_copy_into_fresh_pages, image, trimap),
                "pyzmq_nocopy": partial(echo, image, trimap),
                "flyaway": partial(_extract, client, image, "rgba", trimap),
            }
            runs["flyaway"]()  # warm
            idle_bytes = reset_peak(pid)
            seconds = in_turn(runs, repeats)
            medians = {name: statistics.median(values) for name, values in seconds.items()}
            request_bytes = image.nbytes + trimap.nbytes
            rows.append(
                {
                    "megapixels": megapixels,
                    "request_bytes": request_bytes,
                    **{
                        key: value
                        for name, values in seconds.items()
                        for key, value in spread(f"{name}_s", values, 4).items()
                    },
                    "ratio_to_pyzmq": round(medians["flyaway"] / medians["pyzmq_nocopy"], 2),
                    "ratio_to_memcpy": round(medians["flyaway"] / medians["memcpy_fresh"], 2),
                    "daemon_peak_over_request": round(
                        (peak_bytes(pid) - idle_bytes) / request_bytes, 2
                    ),
                }
            )
    return rows


def start_to_hello(repeats: int = 9) -> dict[str, Any]:
    """Median seconds from asking for a daemon to its hello, and its memory with nothing loaded."""
    seconds, resident = [], []
    for _ in range(repeats):
        started_s = time.perf_counter()
        with fresh_daemon(), Client.connect("benchmark") as client:
            seconds.append(time.perf_counter() - started_s)
            resident.append(client.status().rss_bytes)
    return {
        **spread("median_s", seconds, 3),
        **spread("idle_mib", [size / 2**20 for size in resident], 1),
    }


def command_to_hello(repeats: int = 9) -> dict[str, Any]:
    """Median seconds of the whole `flyaway daemon start` command, Python's own start beside it."""
    whole, python = [], []
    for _ in range(repeats):
        with TemporaryDirectory() as folder:
            environ = {**os.environ, connection.HOME_VARIABLE: folder}
            start = partial(_call, [*DAEMON_ARGV[:-1], "start"], environ)
            whole.append(seconds_of(start))
            python.append(seconds_of(partial(_call, [sys.executable, "-c", "pass"], environ)))
            subprocess.run(
                [*DAEMON_ARGV[:-1], "stop"], env=environ, check=True, capture_output=True
            )
    return {
        **spread("median_s", whole, 3),
        **spread("bare_python_s", python, 3),
    }


def builtin_24mp_memory(unknown_share: float = 0.05) -> dict[str, Any]:
    """Peak memory of the whole daemon solving 24 MP with the built-in engine, and how long it took."""
    width, height = SIZES[24]
    rng = np.random.default_rng(24)
    small = rng.integers(0, 256, (height // 40, width // 40, 3), np.uint8)
    image = np.ascontiguousarray(small.repeat(40, 0).repeat(40, 1))
    image += rng.integers(0, 8, image.shape, np.uint8)
    rows, columns = np.ogrid[:height, :width]
    radius = np.hypot(rows - height / 2, columns - width / 2).astype(np.float32)
    middle = height / 3
    half_band = unknown_share * width * height / (4 * np.pi * middle)
    trimap = np.where(radius < middle - half_band, 255, 0).astype(np.uint8)
    trimap[np.abs(radius - middle) <= half_band] = 128
    del radius
    with fresh_daemon(), Client.connect("benchmark") as client:
        _extract(client, np.zeros((64, 64, 3), np.uint8), "rgb", np.zeros((64, 64), np.uint8))
        reset_peak(client.hello.pid)
        started_s = time.perf_counter()
        result = _extract(client, image, "rgb", trimap).result
        return {
            "unknown_share": round(float((trimap == 128).mean()), 3),
            "seconds": round(time.perf_counter() - started_s, 1),
            "daemon_peak_mib": round(peak_bytes(client.hello.pid) / 2**20),
            "engine": result.engine,
            "device": result.device,
        }


def _extract(client: Client, image: Pixels, channels: str, trimap: Pixels) -> Any:
    height, width = trimap.shape
    request = messages.ExtractRequest(
        id=new_request_id(),
        image=messages.ImageHeader(width, height, channels, "u8"),
        selection=messages.ImageHeader(width, height, "gray", "u8"),
        selection_is="trimap",
    )
    return client.extract(request, {"image": image.data, "selection": trimap.data})


def _copy_into_fresh_pages(image: Pixels, trimap: Pixels) -> None:
    for part in (image, trimap, trimap):  # there, and the mask back
        part.copy()


@contextmanager
def _echo_server() -> Iterator[Callable[[Pixels, Pixels], None]]:
    """A pyzmq ROUTER in a process of its own that sends the second part back; yields one round trip."""
    context = zmq.Context()
    socket = context.socket(zmq.DEALER)
    process = subprocess.Popen([sys.executable, "-c", _ECHO], stdout=subprocess.PIPE, text=True)
    assert process.stdout is not None
    socket.connect(process.stdout.readline().strip())

    def trip(image: Pixels, trimap: Pixels) -> None:
        socket.send_multipart([image.data, trimap.data], copy=False)
        (mask,) = socket.recv_multipart(copy=False)
        assert len(mask.buffer) == trimap.nbytes

    try:
        yield trip
    finally:
        process.kill()
        process.wait()
        process.stdout.close()
        context.destroy(linger=0)


_ECHO = """
import zmq
socket = zmq.Context().socket(zmq.ROUTER)
socket.bind("tcp://127.0.0.1:*")
print(socket.getsockopt_string(zmq.LAST_ENDPOINT), flush=True)
while True:
    peer, image, trimap = socket.recv_multipart(copy=False)
    socket.send_multipart([peer, trimap], copy=False)
"""


def _call(argv: list[str], environ: dict[str, str]) -> None:
    subprocess.run(argv, env=environ, check=True, stdout=subprocess.DEVNULL)
