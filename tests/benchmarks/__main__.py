"""`scripts/bench`: run benchmarks by name, print their figures, keep them as JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.benchmarks import (
    batch,
    builtin,
    busy,
    cluster,
    cold,
    compression,
    kills,
    memory,
    networks,
    points,
    refine,
    remote,
    store,
    waiting,
    warm,
    wire,
)
from tests.benchmarks.provenance import provenance

BENCHMARKS: dict[str, Callable[[], Any]] = {
    "batch": batch.batch,
    "round-trips": wire.round_trips,
    "start-to-hello": wire.start_to_hello,
    "command-to-hello": wire.command_to_hello,
    "cluster": cluster.scaling,
    "kills": kills.kills,
    "memory": memory.memory,
    "builtin-24mp-memory": wire.builtin_24mp_memory,
    "builtin-800px": builtin.builtin_800px,
    "builtin-24mp": builtin.builtin_24mp,
    "builtin-100mp": builtin.builtin_100mp,
    "builtin-region-24mp": builtin.builtin_region_24mp,
    "builtin-foreground": builtin.builtin_foreground,
    "builtin-foreground-24mp": builtin.builtin_foreground_24mp,
    "builtin-import": builtin.builtin_import,
    "busy": busy.busy,
    "cold": cold.cold,
    "compression": compression.compression,
    "networks": networks.figures,
    "points": points.points,
    "refine": refine.refine,
    "remote": remote.remote,
    "store": store.store,
    "waiting": waiting.waiting,
    "warm-calls": warm.warm_calls,
    "warm-overhead": warm.warm_overhead,
}

RESULTS = Path(__file__).parent / "results.json"


def main() -> None:
    """Run what was asked for, or everything, and merge the figures into the results file."""
    parser = argparse.ArgumentParser(prog="scripts/bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=", ".join(BENCHMARKS))
    parser.add_argument("--json", type=Path, default=RESULTS, help="file to keep the figures in")
    arguments = parser.parse_args()
    unknown = sorted(set(arguments.names) - set(BENCHMARKS))
    if unknown:
        parser.error(f"there is no benchmark {', '.join(unknown)}")
    results = json.loads(arguments.json.read_text()) if arguments.json.exists() else {}
    for name in arguments.names or BENCHMARKS:
        sys.stdout.write(f"{name} ...\n")
        figures = BENCHMARKS[name]()
        results[name] = {**provenance(), "figures": figures}
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
        arguments.json.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")


if __name__ == "__main__":
    main()
