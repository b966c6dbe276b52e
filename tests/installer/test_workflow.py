"""The workflow for a public forge: it can be read, and what it runs is there."""

from __future__ import annotations

import re
import shlex
from pathlib import Path
from typing import Any

import pytest
import yaml

from flyaway.cli.main import _parser

REPOSITORY = Path(__file__).parents[2]


@pytest.fixture
def jobs() -> dict[str, Any]:
    text = (REPOSITORY / ".github" / "workflows" / "test.yml").read_text()
    found: dict[str, Any] = yaml.safe_load(text)["jobs"]
    return found


def commands(jobs: dict[str, Any]) -> list[str]:
    steps = [step for job in jobs.values() for step in job["steps"]]
    return [line.strip() for step in steps for line in step.get("run", "").splitlines()]


def test_it_is_for_all_three_systems(jobs: dict[str, Any]) -> None:
    assert jobs["linux"]["runs-on"] == "ubuntu-latest"
    assert jobs["others"]["strategy"]["matrix"]["os"] == ["windows-latest", "macos-latest"]


def test_files_that_it_names_are_there(jobs: dict[str, Any]) -> None:
    text = "\n".join(commands(jobs)).replace("\\", "/")
    named = set(re.findall(r"(?<![\w/])(?:installer|tests|\.ci)/[\w./]+", text))

    assert {"installer/flyaway.sh", "installer/flyaway.ps1", ".ci/run", "tests/common"} <= named
    assert [name for name in named if not (REPOSITORY / name).exists()] == []


def test_commands_of_flyaway_that_it_runs_can_be_given(jobs: dict[str, Any]) -> None:
    pattern = r'"\S* ?\S*flyaway(?:\.exe)?" (.*)'
    given = [shlex.split(match) for line in commands(jobs) for match in re.findall(pattern, line)]

    assert ["daemon", "autostart", "on"] in given
    assert len(given) == 6
    for argv in given:
        _parser().parse_args(argv)
