"""scripts/bench: what it keeps of a measurement, so that a figure can be traced and trusted."""

from __future__ import annotations

import json
import platform
import sys
from importlib import metadata
from pathlib import Path

import pytest
from tests.benchmarks import __main__ as bench
from tests.benchmarks.repeats import in_turn, spread


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
