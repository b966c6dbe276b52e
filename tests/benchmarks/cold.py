"""An engine's first answer: how long its weights take to load, beside reading the file alone.

The file lies in the page cache for both, so that it is our code that is measured and not the disk. Made-up
weights under the published names, as safetensors or in the kind of file that they are published in; the network is
built, filled and folded, ready to run. As many threads as the daemon takes.
"""

from __future__ import annotations

from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

import torch
from tests.benchmarks.repeats import in_turn, spread
from tests.parity import cases, checkpoints

from flyaway.config import Settings

DATA = Path(__file__).parents[1] / "data" / "parity"

NETWORKS = (
    *("u2netp", "modnet", "ppmatting_v2", "mobile_sam", "ppmatting", "vitmatte", "repvit_sam"),
    *("dim_hctt", "sam2.1_hiera_tiny", "bgmv2_resnet50", "u2net", "birefnet_lite", "isnet"),
    *("p3m", "aim", "ben2", "gfm", "birefnet_large"),
)
"""From 5 to 885 MB: of each family whose weights are in one file at least one."""

REPEATS = 7


def cold() -> list[dict[str, Any]]:
    """A row a network: bytes, seconds of both, and how many times the reading the loading took, the median over the turns."""
    torch.set_num_threads(Settings().engine_threads)
    return [_row(network) for network in NETWORKS]


def _row(network: str) -> dict[str, Any]:
    with TemporaryDirectory() as place:
        (file,) = checkpoints.write(DATA / network, Path(place))
        seconds = in_turn(
            {"load": lambda: cases.load(DATA / network, file), "read": file.read_bytes}, REPEATS
        )
        turns = zip(seconds["load"], seconds["read"], strict=True)
        return {
            "network": network,
            "file_bytes": file.stat().st_size,
            **spread("load_s", seconds["load"], 3),
            **spread("read_s", seconds["read"], 3),
            "times_reading": round(median(load / read for load, read in turns), 2),
        }
