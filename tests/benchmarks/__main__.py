"""`scripts/bench`: run benchmarks by name, print their figures, keep them as JSON."""

from __future__ import annotations

import argparse
import contextlib
import datetime
import json
import os
import platform
import subprocess
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path
from typing import Any

from tests.benchmarks import builtin, networks, warm, wire

BENCHMARKS: dict[str, Callable[[], Any]] = {
    "round-trips": wire.round_trips,
    "start-to-hello": wire.start_to_hello,
    "command-to-hello": wire.command_to_hello,
    "builtin-24mp-memory": wire.builtin_24mp_memory,
    "builtin-800px": builtin.builtin_800px,
    "builtin-24mp": builtin.builtin_24mp,
    "builtin-100mp": builtin.builtin_100mp,
    "builtin-region-24mp": builtin.builtin_region_24mp,
    "builtin-foreground": builtin.builtin_foreground,
    "builtin-foreground-24mp": builtin.builtin_foreground_24mp,
    "builtin-import": builtin.builtin_import,
    "networks": networks.figures,
    "warm-calls": warm.warm_calls,
    "warm-overhead": warm.warm_overhead,
}

LIBRARIES = ("torch", "numpy", "scipy", "opencv-python-headless", "pyzmq", "pillow", "pymatting")

REPOSITORY = Path(__file__).parents[2]
RESULTS = REPOSITORY / "tests" / "benchmarks" / "results.json"


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
        results[name] = {
            "when": str(datetime.date.today()),
            "machine": _machine(),
            "commit": _commit(),
            "versions": _versions(),
            "figures": figures,
        }
        sys.stdout.write(json.dumps(figures, indent=2) + "\n")
        arguments.json.write_text(json.dumps(results, indent=2, sort_keys=True) + "\n")


def _machine() -> str:
    """The machine in a line: figures mean little without it."""
    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        model = next(
            (line.split(": ")[1] for line in lines if line.startswith("model name")), model
        )
    load = os.getloadavg()[0] if hasattr(os, "getloadavg") else 0.0
    return f"{os.cpu_count()} cores of {model}, {platform.system()}, load {load:.1f}"


def _commit() -> str:
    """What is measured: "-dirty" where files differ from it, "unknown" outside a checkout."""
    others = (
        f":(exclude,top){RESULTS.relative_to(REPOSITORY).as_posix()}"  # these figures change it
    )
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        changes = _git("status", "--porcelain", "--untracked-files=no", "--", ":(top)", others)
    except (OSError, subprocess.CalledProcessError):
        return "unknown"
    return f"{commit}-dirty" if changes else commit


def _git(*arguments: str) -> str:
    command = ["git", *arguments]
    done = subprocess.run(command, cwd=REPOSITORY, check=True, capture_output=True, text=True)
    return done.stdout.strip()


def _versions() -> dict[str, str]:
    """Of Python and of what the figures depend on; rivals among them where they are installed."""
    versions = {"python": platform.python_version()}
    for name in LIBRARIES:
        with contextlib.suppress(metadata.PackageNotFoundError):
            versions[name] = metadata.version(name)
    return versions


if __name__ == "__main__":
    main()
