"""How torch's threads wait on a processor, and how it takes memory: settled before torch is imported."""

from __future__ import annotations

import os

VARIABLES = {
    # Threads that spin while they wait keep those they wait for from running: beside other programs two
    # took four times as long as one.
    "OMP_WAIT_POLICY": "PASSIVE",
    # Large pages for large tensors, where Linux has them: a network takes and gives back gigabytes a run,
    # and finding each small page took a tenth of its time.
    "THP_MEM_ALLOC_ENABLE": "1",
}
"""Read by OpenMP's runtime and by torch when they are loaded; measured by `scripts/bench busy networks`."""


def prepare() -> None:
    """Settle them for this process, except what its user has settled."""
    for name, value in VARIABLES.items():
        os.environ.setdefault(name, value)
