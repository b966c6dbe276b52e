"""The networks' speed and memory, beside their authors' own classes in the same run.

    python -m tests.benchmarks.networks [--authors FOLDER] [--device cuda] [NETWORK…]

Made-up weights (tests/data/parity); each measurement has a process of its own, so that its peak memory is
its own. On a GPU there is a row in half precision too, with how far it is from single precision.
"""

from __future__ import annotations

import argparse
import json
import os
import resource
import subprocess
import sys
import time
from itertools import pairwise
from pathlib import Path
from typing import Any, cast

import torch
from tests.benchmarks import authors
from tests.benchmarks.repeats import spread
from tests.parity import cases, checkpoints
from torch.nn import functional

from flyaway import engines
from flyaway.engines import progress
from flyaway.engines.network import NetworkEngine

DATA = Path(__file__).parents[1] / "data" / "parity"

SIZES = {
    "modnet": (512, 672),
    "birefnet_lite": (1024, 1024),
    "birefnet_large": (1024, 1024),
    "vitmatte": (1024, 1024),
    "vitmatte_base": (1024, 1024),
    "bgmv2_mobilenetv2": (1080, 1920),
    "bgmv2_resnet50": (1080, 1920),
    "bgmv2_resnet101": (1080, 1920),
}
"""Network to height and width of its input."""

LARGER = {"vitmatte_base": (DATA / "vitmatte", "keys_base.json", "vitmatte-base-composition-1k")}
"""Networks of a family's other size: folder, the file of its names, and the engine; all others have a folder."""

THREADS = 2

REPEATS = 5

GAP = "longest_gap_s"
"""Between two reports: how long a cancel may have to wait."""

AUTHORS_VARIABLE = "FLYAWAY_AUTHORS"
"""Names the folder of checkouts where the command line cannot."""


def figures(
    networks: list[str] | None = None, folder: str = "", device: str = "cpu"
) -> list[dict[str, Any]]:
    """A row a network and entrant: seconds, processor seconds, peak memory above what it held before.

    Ours on a processor also say how long a cancel may have to wait: the longest gap between two reports.
    """
    folder = folder or os.environ.get(AUTHORS_VARIABLE, "")
    entrants = [
        "ours",
        *(["ours, half"] if device != "cpu" else []),
        *(["authors"] if folder else []),
    ]
    return [
        _in_a_process(network, entrant, folder, device)
        for network in networks or SIZES
        for entrant in entrants
    ]


def _in_a_process(network: str, entrant: str, folder: str, device: str) -> dict[str, Any]:
    argv = [sys.executable, "-m", __spec__.name, "--one", network, entrant, folder, device]
    done = subprocess.run(argv, check=True, capture_output=True, text=True)
    row: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return row


def measure(network: str, entrant: str, folder: str, device: str) -> dict[str, Any]:
    """One row, measured in this process."""
    torch.set_num_threads(THREADS)
    state = _state(network)
    inputs = [tensor.to(device) for tensor in _inputs(network)]
    if entrant == "authors":
        module, run = authors.load(network, Path(folder), state)
    else:
        module = _ours(network, state).network  # reports from within its layers
        run = _vitmatte(module) if network.startswith("vitmatte") else module
    del state
    module.to(device)
    if entrant == "ours, half":
        with torch.inference_mode():
            single = _first(run(*inputs)).float()
        module.half()
        inputs = [tensor.half() for tensor in inputs]
    before = _peak_mib(device)
    with torch.no_grad() if entrant == "authors" else torch.inference_mode():
        timings = [_timed(run, inputs, device) for _ in range(REPEATS)]
        result = _first(run(*inputs)).float()
    wall, processor, gaps = zip(*timings, strict=True)
    row = {
        "network": network,
        "entrant": entrant,
        "device": device,
        "size": "x".join(map(str, SIZES[network])),
        **spread("seconds", wall, 3),
        "processor_seconds": round(min(processor), 3),
        "peak_mib_above": round(_peak_mib(device) - before),
        "mean": round(float(result.double().mean()), 5),
    }
    if entrant == "ours" and device == "cpu":
        row |= spread(GAP, gaps, 3)
    if entrant == "ours, half":
        row["from_single"] = float((result - single).abs().max())
    return row


def _state(network: str) -> dict[str, torch.Tensor]:
    folder, names, _ = LARGER.get(network, (DATA / network, "keys.json", ""))
    return checkpoints.make(folder, names)


def _ours(network: str, state: dict[str, torch.Tensor]) -> NetworkEngine[Any]:
    if network in LARGER:
        return cast(NetworkEngine[Any], engines.load(LARGER[network][2], state))
    return cases.load(DATA / network, state)


def _timed(run: Any, inputs: list[torch.Tensor], device: str) -> tuple[float, float, float]:
    """Seconds, processor seconds, and the longest gap between two reports in seconds."""
    reported: list[float] = []
    wall, processor = time.perf_counter(), time.process_time()
    with progress.reporting(lambda _, preview=None: reported.append(time.perf_counter()), steps=1):
        run(*inputs)
    if device == "cuda":
        torch.cuda.synchronize()
    seconds, processor = time.perf_counter() - wall, time.process_time() - processor
    return seconds, processor, max(later - earlier for earlier, later in pairwise(reported))


def _inputs(network: str) -> list[torch.Tensor]:
    source = torch.Generator().manual_seed(0)
    height, width = SIZES[network]
    coarse = torch.rand(1, 3, height // 16, width // 16, generator=source)
    image = functional.interpolate(coarse, (height, width), mode="bicubic").clamp(0, 1)
    if network.startswith("vitmatte"):
        return [
            image,
            (3 * coarse[:, :1].repeat_interleave(16, 2).repeat_interleave(16, 3)).floor() / 2,
        ]
    return [image, 0.9 * image] if network.startswith("bgmv2") else [image]


def _vitmatte(module: torch.nn.Module) -> Any:
    """Ours takes colours and trimap as one; theirs normalises inside."""
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    return lambda image, trimap: module(
        torch.cat(((image - mean.to(image)) / deviation.to(image), trimap), 1)
    )


def _first(result: Any) -> torch.Tensor:
    return result[0] if isinstance(result, tuple) else result


def _peak_mib(device: str) -> float:
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure what was asked for and print it as a table and as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("networks", nargs="*", help=", ".join(SIZES))
    parser.add_argument("--authors", default="", help="folder of the authors' checkouts")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--one", nargs=4, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        sys.stdout.write(json.dumps(measure(*options.one)) + "\n")
        return
    rows = figures(options.networks, options.authors, options.device)
    for row in rows:
        sys.stdout.write(
            f"{row['network']:18} {row['size']:10} {row['entrant']:11} {row['seconds']:8.2f} s"
            f" {row['processor_seconds']:8.2f} s of processor {row['peak_mib_above']:6} MiB"
            f" {row.get(GAP, ''):>6}\n"
        )
    sys.stdout.write(json.dumps(rows, indent=2) + "\n")


if __name__ == "__main__":
    main()
