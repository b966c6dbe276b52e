"""scripts/bench: what it keeps of a measurement, so that a figure can be traced and trusted."""

from __future__ import annotations

import json
import platform
import sys
from collections.abc import Callable
from importlib import metadata
from pathlib import Path

import pytest
import torch
from tests.benchmarks import __main__ as bench
from tests.benchmarks import exported, networks
from tests.benchmarks.repeats import in_turn, spread
from tests.parity import random_weights

from flyaway.engines import checkpoint
from flyaway.engines.backgroundmattingv2.network import BackgroundMattingV2
from flyaway.engines.modnet.network import MODNet
from flyaway.engines.vitmatte.network import ViTMatte


def test_figures_come_with_machine_commit_and_versions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "results.json"
    target.write_text('{"earlier": {"figures": 1}}')
    monkeypatch.setattr(bench, "BENCHMARKS", {"made-up": lambda: {"median_s": 0.5}})
    monkeypatch.setattr(sys, "argv", ["scripts/bench", "--json", str(target), "made-up"])

    bench.main()

    results = json.loads(target.read_text())
    assert results["earlier"] == {"figures": 1}
    entry = results["made-up"]
    assert entry["figures"] == {"median_s": 0.5}
    assert "cores of" in entry["machine"]
    assert entry["commit"]
    assert entry["versions"]["python"] == platform.python_version()
    assert {name: entry["versions"][name] for name in ("torch", "numpy", "pyzmq", "pillow")} == {
        name: metadata.version(name) for name in ("torch", "numpy", "pyzmq", "pillow")
    }


def test_the_least_and_the_most_stand_beside_the_median() -> None:
    assert spread("warm_s", [0.1234, 0.5, 0.2], 2) == {"warm_s": 0.2, "warm_s_range": [0.12, 0.5]}


def test_runs_take_turns_and_a_first_round_does_not_count() -> None:
    order: list[str] = []

    seconds = in_turn({"a": lambda: order.append("a"), "b": lambda: order.append("b")}, 2)

    assert order == ["a", "b"] * 3
    assert {name: len(values) for name, values in seconds.items()} == {"a": 2, "b": 2}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("make", "channels"),
    [
        (MODNet, (3,)),
        (lambda: ViTMatte(384, 6), (4,)),
        (lambda: BackgroundMattingV2("mobilenetv2"), (3, 3)),
    ],
    ids=["modnet", "vitmatte", "backgroundmattingv2"],  # BiRefNet's takes minutes to export
)
def test_what_onnx_runtime_is_given_is_the_same_network(
    make: Callable[[], torch.nn.Module], channels: tuple[int, ...], tmp_path: Path
) -> None:
    pytest.importorskip("onnxruntime")
    pytest.importorskip("onnx")
    network = checkpoint.build(make)
    checkpoint.fill(network, random_weights.fill(network), "network")
    source = torch.Generator().manual_seed(3)
    inputs = [torch.rand(1, count, 64, 96, generator=source) for count in channels]
    with torch.no_grad():
        ours = networks.first(network(*inputs))
    exported.write(network, inputs, tmp_path / "network.onnx")
    theirs = networks.first(exported.load(tmp_path / "network.onnx", threads=1)(*inputs))
    assert ours.std() > 1e-3
    assert torch.allclose(ours, theirs, atol=1e-3, rtol=1e-3)


def test_a_ratio_is_of_runs_in_the_same_turn() -> None:
    ours, theirs = (
        [networks.Timing(s, s / 2, 0.0) for s in row] for row in ((1, 8, 1), (2, 16, 2))
    )
    assert networks.ratios(ours, theirs) == {"ratio": 0.5, "processor_ratio": 0.5}
