"""The networks' speed and memory, beside ONNX Runtime and their authors' own classes in the same run.

    python -m tests.benchmarks.networks [--authors FOLDER] [--device cuda] [NETWORK…]

Made-up weights (tests/data/parity). Every entrant has a process of its own, so that its peak memory is its
own, and they take turns, so that a busy moment hits all alike. On a GPU there is a row in half precision
too, with how far it is from single precision, and ONNX Runtime has none: it is measured on processors.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from itertools import pairwise
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple, cast

import torch
from tests.benchmarks import authors, exported
from tests.benchmarks.repeats import spread
from tests.benchmarks.resident import peak_bytes, reset_peak
from tests.parity import cases, checkpoints
from torch.nn import functional

from flyaway import engines
from flyaway.engines import processor, progress
from flyaway.engines.network import NetworkEngine
from flyaway.engines.sdmatte.network import SDMatte
from flyaway.engines.sdmatte.prompting import Prompt

DATA = Path(__file__).parents[1] / "data" / "parity"

SIZES = {
    "modnet": (512, 672),
    "birefnet_lite": (1024, 1024),
    "birefnet_large": (1024, 1024),
    "birefnet_512": (512, 512),
    "vitmatte": (1024, 1024),
    "vitmatte_base": (1024, 1024),
    "bgmv2_mobilenetv2": (1080, 1920),
    "bgmv2_resnet50": (1080, 1920),
    "bgmv2_resnet101": (1080, 1920),
    "mobile_sam": (1024, 1024),
    "repvit_sam": (1024, 1024),
    "sam2.1_hiera_tiny": (1024, 1024),
    "ben2": (1024, 1024),
    "isnet": (1024, 1024),
    "u2net": (320, 320),
    "u2netp": (320, 320),
    "gfm": (768, 1024),
    "aim": (768, 1024),
    "p3m": (768, 1024),
    "ppmatting": (1024, 1024),
    "ppmatting_v2": (512, 512),
    "dim_hctt": (1024, 1024),
    "sim": (768, 768),
    "sdmatte": (512, 512),
    "sdmatte_full": (256, 256),
}
"""Network to height and width of its input; of those that are pointed with, the encoder's. SDMatte has a fifth of its
parameters, as in its parity cases, or all, but sees less than it usually does: it would take many minutes."""

LARGER = {
    "vitmatte_base": (DATA / "vitmatte", "keys_base.json", "vitmatte-base-composition-1k"),
    "birefnet_512": (DATA / "birefnet_large", "keys.json", "birefnet-512"),
    "sdmatte_full": (DATA / "sdmatte", "keys_full.json", "sdmatte"),
}
"""Networks of a family's other size: folder, the file of its names, and the engine; all others have a folder."""

THREADS = 1
"""Of every entrant: with more, it would be the machine's other programs that are measured."""

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
    The others say how long ours took for each second of theirs: `ratio`, and `processor_ratio` of processor
    seconds; medians over the turns, below 1 where ours is faster. One that cannot be run says why.
    """
    folder = folder or os.environ.get(AUTHORS_VARIABLE, "")
    entrants = [
        "ours",
        *(["onnx runtime"] if device == "cpu" else ["ours, half"]),
        *(["authors"] if folder else []),
    ]
    return [row for name in networks or SIZES for row in _beside(name, entrants, folder, device)]


def _beside(
    network: str, entrants: list[str], folder: str, device: str
) -> Iterator[dict[str, Any]]:
    """One network's rows. A first round is run and does not count."""
    with ExitStack() as stack:
        entered = {
            name: stack.enter_context(Entrant(network, name, folder, device)) for name in entrants
        }
        running = {name: entrant for name, entrant in entered.items() if not entrant.failure}
        timings: dict[str, list[Timing]] = {name: [] for name in running}
        for turn in range(REPEATS + 1):
            for name, entrant in running.items():
                timing = entrant.run()
                if turn:
                    timings[name].append(timing)
        for name, entrant in entered.items():
            row = {"network": network, "entrant": name, "device": device, "threads": THREADS}
            if entrant.failure:
                yield row | {"failure": entrant.failure}
                continue
            row |= {"size": "x".join(map(str, SIZES[network])), **_spread(timings[name])}
            if name == "ours":
                row |= spread(GAP, [timing.gap_s for timing in timings[name]], 3)
            elif name != "ours, half":
                row |= ratios(timings["ours"], timings[name])
            yield row | entrant.end()


class Timing(NamedTuple):
    """One run: seconds, processor seconds, the longest gap between two reports in seconds."""

    seconds: float
    processor_s: float
    gap_s: float


def _spread(timings: list[Timing]) -> dict[str, Any]:
    return {
        **spread("seconds", [timing.seconds for timing in timings], 3),
        "processor_seconds": round(min(timing.processor_s for timing in timings), 3),
    }


def ratios(ours: list[Timing], theirs: list[Timing]) -> dict[str, float]:
    """How long ours took for each second of theirs: medians over the turns."""
    turns = list(zip(ours, theirs, strict=True))
    return {
        "ratio": round(median(a.seconds / b.seconds for a, b in turns), 2),
        "processor_ratio": round(median(a.processor_s / b.processor_s for a, b in turns), 2),
    }


class Entrant:
    """A process that holds one network ready and runs it each time it is told to.

    Args:
        network: one of `SIZES`.
        entrant: "ours", "ours, half", "onnx runtime" or "authors".
        folder: of the authors' checkouts.
        device: as torch names it.
        threads: how many it may use.
        variables: of its environment; by default the daemon's.

    Attributes:
        failure: why it cannot, "" if it can.
    """

    def __init__(
        self,
        network: str,
        entrant: str = "ours",
        folder: str = "",
        device: str = "cpu",
        threads: int = THREADS,
        variables: Mapping[str, str] = processor.VARIABLES,
    ) -> None:
        words = (network, entrant, folder, device, str(threads))
        argv = [sys.executable, "-m", __spec__.name, "--one", *words]
        environment = {**os.environ, **variables}
        self._process = subprocess.Popen(
            argv, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, env=environment
        )
        self.failure: str = self._answer()["failure"]

    def __enter__(self) -> Entrant:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate()  # an end of its input ends it

    def run(self) -> Timing:
        """Run the network once."""
        return Timing(*self._ask("run"))

    def end(self) -> dict[str, Any]:
        """What it says of all its runs."""
        row: dict[str, Any] = self._ask("end")
        return row

    def _ask(self, what: str) -> Any:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{what}\n")
        self._process.stdin.flush()
        return self._answer()

    def _answer(self) -> Any:
        assert self._process.stdout is not None
        return json.loads(self._process.stdout.readline())


def enter(network: str, entrant: str, folder: str, device: str, threads: str) -> None:
    """Be an entrant's process: answer in a line of JSON to each line read."""
    answers, sys.stdout = sys.stdout, sys.stderr  # authors print

    def answer(content: Any) -> None:
        answers.write(json.dumps(content) + "\n")
        answers.flush()

    torch.set_num_threads(int(threads))
    inputs = [tensor.to(device) for tensor in _inputs(network)]
    try:
        run, inputs, facts = _ready(network, entrant, folder, inputs)
    except Exception as failure:  # noqa: BLE001 - an entrant that cannot run is reported, with the reason
        answer({"failure": f"{type(failure).__name__}: {failure}".splitlines()[0]})
        return
    before = reset_peak(os.getpid()) / 2**20 if device == "cpu" else _peak_mib(device)
    answer({"failure": ""})
    with torch.no_grad() if entrant == "authors" else torch.inference_mode():
        for line in sys.stdin:
            if line == "run\n":
                timing, result = _timed(run, inputs, device)
                answer(timing)
            else:
                facts["peak_mib_above"] = round(_peak_mib(device) - before)
                facts["mean"] = round(float(first(result).double().mean()), 5)
                if "single" in facts:
                    facts["from_single"] = float(
                        (first(result).float() - facts.pop("single")).abs().max()
                    )
                answer(facts)


def _ready(
    network: str, entrant: str, folder: str, inputs: list[torch.Tensor]
) -> tuple[Any, list[torch.Tensor], dict[str, Any]]:
    """What is run, with what, and what is known of it already."""
    if entrant == "onnx runtime":
        if network.startswith("vitmatte"):
            inputs = [_as_one(*inputs)]
        return _exported(network), inputs, {}
    state, device = _state(network), inputs[0].device
    if entrant == "authors":
        module, run = authors.load(network, Path(folder), state)
        module.to(device)
        return run, inputs, {}
    module = _ours(network, state).network.to(device)  # reports from within its layers
    run = _called(network, module)
    if entrant != "ours, half":
        return run, inputs, {}
    with torch.inference_mode():
        single = first(run(*inputs)).float()
    module.half()
    return run, [tensor.half() for tensor in inputs], {"single": single}


def _exported(network: str) -> Any:
    """In ONNX Runtime; exported by another process, whose memory is not to be counted."""
    with TemporaryDirectory() as place:
        file = Path(place) / "network.onnx"
        argv = [sys.executable, "-m", __spec__.name, "--export", network, str(file)]
        done = subprocess.run(argv, capture_output=True, text=True)
        if done.returncode:
            raise RuntimeError(done.stderr.strip().splitlines()[-1])
        return exported.load(file, THREADS)


def export(network: str, file: str) -> None:
    """Write a network of ours for ONNX Runtime."""
    inputs, module = _inputs(network), _ours(network, _state(network)).network
    if network.startswith("vitmatte"):
        inputs = [_as_one(*inputs)]
    else:
        module = _called(network, module)
    exported.write(module, inputs, Path(file))


def _state(network: str) -> dict[str, torch.Tensor]:
    folder, names, _ = LARGER.get(network, (DATA / network, "keys.json", ""))
    return checkpoints.make(folder, names)


def _ours(network: str, state: dict[str, torch.Tensor]) -> NetworkEngine[Any]:
    if network in LARGER:
        return cast(NetworkEngine[Any], engines.load(LARGER[network][2], state))
    return cases.load(DATA / network, state)


def _timed(run: Any, inputs: list[torch.Tensor], device: str) -> tuple[Timing, Any]:
    reported: list[float] = []
    wall, processor_s = time.perf_counter(), time.process_time()
    with progress.reporting(lambda _, preview=None: reported.append(time.perf_counter()), steps=1):
        result = run(*inputs)
    if device == "cuda":
        torch.cuda.synchronize()
    seconds, processor_s = time.perf_counter() - wall, time.process_time() - processor_s
    gap_s = max(later - earlier for earlier, later in pairwise(reported))
    return Timing(seconds, processor_s, gap_s), result


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
    if network == "dim_hctt":
        return [torch.cat((image, image[:, :1].round()), 1)]
    if network == "sim":
        return [
            image,
            image - 0.5,
            *(torch.rand(1, n, *image.shape[2:], generator=source) for n in (8, 20)),
        ]
    return [image, 0.9 * image] if network.startswith("bgmv2") else [image]


def _called(network: str, module: Any) -> Any:
    """How a network of ours is run with the inputs that all entrants get."""
    if network.startswith("vitmatte"):
        return lambda image, trimap: module(_as_one(image, trimap))
    return _Prompted(network, module) if network.startswith("sdmatte") else module


class _Prompted(torch.nn.Module):
    """SDMatte with a trimap of the first input that it is to have."""

    def __init__(self, name: str, network: SDMatte) -> None:
        super().__init__()
        self.network = network
        levels = 2 * _inputs(name)[0][0, 0].round() - 1
        self.prompt = Prompt(levels.numpy())

    def forward(self, image: torch.Tensor) -> torch.Tensor:
        """Alpha of a picture, 0..1."""
        alpha: torch.Tensor = self.network(
            self.network.encode(2 * image - 1), self.prompt, is_opaque=True
        )
        return alpha


def _as_one(image: torch.Tensor, trimap: torch.Tensor) -> torch.Tensor:
    """ViTMatte's colours and trimap as ours takes them; theirs normalises inside."""
    mean = torch.tensor([0.485, 0.456, 0.406]).view(1, 3, 1, 1)
    deviation = torch.tensor([0.229, 0.224, 0.225]).view(1, 3, 1, 1)
    return torch.cat(((image - mean.to(image)) / deviation.to(image), trimap), 1)


def first(result: Any) -> torch.Tensor:
    """Alpha or logits, which come first where a network gives more."""
    return result[0] if isinstance(result, tuple | list) else result


def _peak_mib(device: str) -> float:
    if device == "cuda":
        return torch.cuda.max_memory_allocated() / 2**20
    return peak_bytes(os.getpid()) / 2**20


def main() -> None:
    """Measure what was asked for and print it as a table and as JSON."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("networks", nargs="*", help=", ".join(SIZES))
    parser.add_argument("--authors", default="", help="folder of the authors' checkouts")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--one", nargs=5, help=argparse.SUPPRESS)
    parser.add_argument("--export", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.one:
        return enter(*options.one)
    if options.export:
        return export(*options.export)
    rows = figures(options.networks, options.authors, options.device)
    for row in rows:
        sys.stdout.write(f"{row['network']:18} {row['entrant']:13} {_in_words(row)}\n")
    sys.stdout.write(json.dumps(rows, indent=2) + "\n")


def _in_words(row: dict[str, Any]) -> str:
    if "failure" in row:
        return str(row["failure"])
    return (
        f"{row['size']:10} {row['seconds']:8.2f} s {row['processor_seconds']:8.2f} s of processor"
        f" {row['peak_mib_above']:6} MiB {row.get(GAP, ''):>6} {row.get('processor_ratio', ''):>5}"
    )


if __name__ == "__main__":
    main()
