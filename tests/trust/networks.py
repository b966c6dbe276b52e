"""Networks for long runs: pseudo-random weights, through the store and the loader that trained ones go through."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.parity import checkpoints

from flyaway import engines
from flyaway.weights.store import Store

PARITY = Path(__file__).parents[1] / "data" / "parity"

FOLDERS = {
    "modnet-photographic": PARITY / "modnet",
    "modnet-webcam": PARITY / "modnet",
    "u2net-small": PARITY / "u2netp",
}
"""Engines that find the subject by themselves -> where names and shapes of their weights are."""

POINTER = {"mobile-sam": PARITY / "mobile_sam"}
"""One that is pointed with, likewise."""

BUDGET_MB = 80
"""Room for one of the two MODNets, with which the loader reckons with 52 MB each: they evict each other."""


def bring(networks: Mapping[str, Path] = FOLDERS) -> None:
    """Put weights for them into this home's store."""
    for name, described in networks.items():
        record = engines.record(name)
        with TemporaryDirectory() as folder:
            file, *beside = checkpoints.write(described, Path(folder))
            Store().adopt(record, file)
            if record.companion:
                Store().adopt(record.companion, *beside)
