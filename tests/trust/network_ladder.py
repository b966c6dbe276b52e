"""Memory by megapixel where networks work: one of each kind with made-up weights, given a small and a large photo.

What a network takes for a small photo is its own: its weights, and what it sees pictures in. Beyond that it may take for each
megapixel what the built-in engine may, whose work on colours and edges is part of all work.
"""

from __future__ import annotations

import time
from itertools import starmap
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks.resident import peak_bytes, reset_peak
from tests.parity import cases
from tests.trust import rungs
from tests.trust.daemons import running_daemon
from tests.trust.ladders import DAEMON_MIB_A_MEGAPIXEL, MIB, PATIENCE_S, SETTINGS
from tests.trust.networks import PARITY, bring
from tests.trust.records import Finding

from flyaway import engines
from flyaway.engines.records import EngineRecord, Role
from flyaway_client.client import Client, new_request_id
from flyaway_client.errors import ClientError
from flyaway_client.messages import ExtractRequest, ImageHeader
from flyaway_client.prompts import Box, Prompts

SIZES = (rungs.FILE_SIZE, rungs.LARGE_SIZE)
UNKNOWN = 0.1


def networks(count: int, seconds: float, seed: int) -> Finding:
    """Try this many networks, chosen by the seed; all where there are no more."""
    finding, begun_s = Finding(seed), time.monotonic()
    possible = [name for name in cases.NETWORKS if cases.is_known(PARITY / name)]
    peaks: dict[str, list[int]] = {}
    for name in finding.some_of(possible, count):
        if time.monotonic() > begun_s + seconds:
            break
        try:
            peaks[name] = _peaks(name, finding)
        except ClientError as error:
            finding.require(False, f"{name}: {error.message}")
            continue
        for sentence in broken(*peaks[name]):
            finding.require(False, f"{name}: {sentence}")
    finding.figures = {
        "networks": len(peaks),
        "possible": len(possible),
        "megapixels": [width * height / 1e6 for width, height in SIZES],
        "peak_mib": {name: [peak // MIB for peak in found] for name, found in peaks.items()},
        "most_mib_a_megapixel": round(max(starmap(_each, peaks.values()), default=0) / MIB, 1),
    }
    finding.seconds = round(time.monotonic() - begun_s, 1)
    return finding


def broken(small: int, large: int) -> list[str]:
    """What is not as promised where the two photos took so many bytes."""
    each = _each(small, large)
    if each <= DAEMON_MIB_A_MEGAPIXEL * MIB:
        return []
    return [f"it took {each / MIB:.1f} MiB for each megapixel"]


def _each(small: int, large: int) -> float:
    """Bytes for each megapixel by which one photo is larger than the other."""
    (width, height), (larger_width, larger_height) = SIZES
    return (large - small) / ((larger_width * larger_height - width * height) / 1e6)


def _peaks(name: str, finding: Finding) -> list[int]:
    """The most that a daemon takes for each photo beyond what it holds when it has done nothing, in bytes."""
    record = engines.record(cases.NETWORKS[name].engine)
    with TemporaryDirectory() as folder, running_daemon(Path(folder), SETTINGS) as running:
        bring({record.name: PARITY / name})
        rest = running.rest(1).resident_bytes
        peaks = []
        for width, height in SIZES:
            reset_peak(running.process.pid)
            _ask(record, width, height)
            peaks.append(peak_bytes(running.process.pid) - rest)
        finding.broken += running.tracebacks()
        return peaks


def _ask(record: EngineRecord, width: int, height: int) -> None:
    """Have a photo cut out in the way that the network is made for, in colours, too.

    Raises:
        ClientError: it was refused.
    """
    photo, trimap = rungs.picture(width, height, UNKNOWN)
    header, parts = ImageHeader(width, height, "rgb", "u8"), {"image": photo.tobytes()}
    with_more: dict[str, Any] = {"fine_engine": "builtin"}
    if Role.FIND in record.ranks:
        pass
    elif Role.SOLVE in record.ranks:
        with_more = {
            "selection": ImageHeader(width, height, "gray", "u8"),
            "selection_is": "trimap",
        }
        parts["selection"] = trimap.tobytes()
    elif Role.COMPARE in record.ranks:
        with_more["plate"], parts["plate"] = header, parts["image"]
    else:
        box = Box(width // 4, height // 4, width * 3 // 4, height * 3 // 4)
        with_more["prompts"] = Prompts(boxes=(box,))
    request = ExtractRequest(
        new_request_id(), header, engine=record.name, wants_foreground=True, **with_more
    )
    with Client.connect("ladder", start=False, timeout_s=PATIENCE_S) as client:
        client.extract(request, parts)
