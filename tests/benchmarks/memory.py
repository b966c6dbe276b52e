"""What memory the daemon holds when it is idle: fresh, after work, after strangers have leaned on it."""

from __future__ import annotations

import os
import socket
import struct
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
from tests.benchmarks.resident import peak_bytes, reset_peak, resident_bytes
from tests.benchmarks.wire import SIZES, fresh_daemon

from flyaway_client import protocol
from flyaway_client.client import Client, new_request_id
from flyaway_client.connection import ConnectionFile
from flyaway_client.messages import ExtractRequest, ImageHeader

STRANGERS = 400

SETTLE_S = 8.0
"""Longer than a stranger is waited for, and the daemon then waits before it gives memory back."""

GREETING = b"\xff" + bytes(8) + b"\x7f\x03\x01" + b"PLAIN".ljust(20, b"\0") + bytes(32)


def memory() -> dict[str, Any]:
    """MiB of a daemon of its own by what has happened to it; idle engines are let go of after 12 seconds."""
    with settings("idle_unload_minutes = 0.2\n"), fresh_daemon() as home:
        file = ConnectionFile.read(home)
        assert file is not None
        figures: dict[str, Any] = {"fresh": _mib(resident_bytes(file.pid))}
        reset_peak(file.pid)
        _lean_on(int(file.address.rpartition(":")[2]))
        figures["strangers"] = STRANGERS
        figures["peak_with_strangers"] = _mib(peak_bytes(file.pid))
        time.sleep(SETTLE_S)
        figures["after_strangers"] = _mib(resident_bytes(file.pid))
        reset_peak(file.pid)
        _work()
        figures["peak_with_work"] = _mib(peak_bytes(file.pid))
        figures["after_work"] = _mib(resident_bytes(file.pid))
        time.sleep(SETTLE_S)
        figures["after_work_and_a_while"] = _mib(resident_bytes(file.pid))
        time.sleep(2 * SETTLE_S)
        figures["after_the_engine_was_let_go"] = _mib(resident_bytes(file.pid))
        return figures


@contextmanager
def settings(content: str) -> Iterator[None]:
    """Settings for daemons that are started meanwhile."""
    before = os.environ.get("FLYAWAY_CONFIG")
    with TemporaryDirectory() as folder:
        path = Path(folder) / "config.toml"
        path.write_text(content)
        os.environ["FLYAWAY_CONFIG"] = str(path)
        try:
            yield
        finally:
            del os.environ["FLYAWAY_CONFIG"]
            if before is not None:
                os.environ["FLYAWAY_CONFIG"] = before


def _lean_on(port: int) -> None:
    """Connect many times without a password, and send all but the end of the longest login there can be."""
    size = protocol.MAX_FRAME_BYTES
    login = GREETING + b"\x06" + struct.pack(">Q", size) + b"\x05HELLO" + bytes(size - 100)
    with ExitStack() as stack:
        for _ in range(STRANGERS):
            with suppress(OSError):  # hung up on
                stranger = stack.enter_context(socket.create_connection(("127.0.0.1", port), 5))
                stranger.sendall(login)


def _work() -> None:
    """Solve the edge of a disc in 12 megapixels."""
    width, height = SIZES[12]
    image = np.random.default_rng(12).integers(0, 256, (height, width, 3), np.uint8)
    rows, columns = np.ogrid[:height, :width]
    radius = np.hypot(rows - height / 2, columns - width / 2)
    trimap = np.where(radius < height / 3, 255, 0).astype(np.uint8)
    trimap[np.abs(radius - height / 3) < 40] = 128
    request = ExtractRequest(
        id=new_request_id(),
        image=ImageHeader(width, height, "rgb", "u8"),
        selection=ImageHeader(width, height, "gray", "u8"),
        selection_is="trimap",
        engine="builtin",
    )
    with Client.connect("benchmark") as client:
        client.extract(request, {"image": image.data, "selection": trimap.data})


def _mib(size: int) -> int:
    return round(size / 2**20)
