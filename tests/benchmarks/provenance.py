"""Where and on what something was measured: figures mean little without it."""

from __future__ import annotations

import contextlib
import datetime
import os
import platform
import subprocess
from importlib import metadata
from pathlib import Path
from typing import Any

LIBRARIES = (
    "torch",
    "numpy",
    "scipy",
    "opencv-python-headless",
    "pyzmq",
    "pillow",
    "pymatting",
    "onnxruntime",
)

REPOSITORY = Path(__file__).parents[2]

FIGURES = ":(exclude,top,glob)tests/benchmarks/**/*.json"
"""Git's words for all files but those that measuring changes."""


def provenance() -> dict[str, Any]:
    """Day, machine, commit, and versions of what the figures depend on."""
    return {
        "when": str(datetime.date.today()),
        "machine": _machine(),
        "commit": _commit(),
        "versions": _versions(),
    }


def _machine() -> str:
    """The machine in a line."""
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
    try:
        commit = _git("rev-parse", "--short=12", "HEAD")
        changes = _git("status", "--porcelain", "--untracked-files=no", "--", ":(top)", FIGURES)
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
