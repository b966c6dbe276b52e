"""docs/trust.md quotes what the runs have found, and no promise that is not kept."""

from __future__ import annotations

import json
from typing import Any

import pytest
from tests.benchmarks.provenance import REPOSITORY
from tests.trust import ladders
from tests.trust.records import RESULTS
from tests.trust.soak import RUNS

PAGE = (REPOSITORY / "docs" / "trust.md").read_text(encoding="utf-8")
FOUND: dict[str, Any] = json.loads(RESULTS.read_text(encoding="utf-8"))
COUNTED = {
    "fuzz-daemon": "messages",
    "fuzz-client": "messages",
    "soak-jobs": "jobs",
    "soak-deaths": "conversations",
    "soak-gimp": "conversations",
    "soak-dialogs": "conversations",
    "soak-krita": "conversations",
    "soak-sleeps": "conversations",
    "soak-races": "races",
    "soak-shapes": "inputs",
    "soak-formats": "inputs",
    "soak-profiles": "inputs",
    "soak-networks": "networks",
}


def test_every_run_was_done() -> None:
    names = {"fuzz-daemon", "fuzz-client", *(f"soak-{name}" for name in RUNS)}
    assert FOUND.keys() == COUNTED.keys() == names


@pytest.mark.parametrize("name", COUNTED)
def test_the_page_says_how_often(name: str) -> None:
    found = FOUND[name]
    (row,) = (
        line
        for line in PAGE.splitlines()
        if line.startswith(f"| `scripts/{name.replace('-', ' ')}`")
    )
    count = found["figures"][COUNTED[name]]
    assert f"{count:,}".replace(",", " ") in row
    if "growth_percent" in found["figures"]:
        assert f"{found['figures']['growth_percent']} %" in row


@pytest.mark.parametrize("name", ["soak-shapes", "soak-formats", "soak-profiles"])
def test_the_page_says_what_inputs_may_take(name: str) -> None:
    bounds = (
        f"{ladders.DAEMON_BASE_MIB} MiB and {ladders.DAEMON_MIB_A_MEGAPIXEL} MiB for each megapixel",
        f"{ladders.COMMAND_BASE_MIB} MiB and {ladders.COMMAND_MIB_A_MEGAPIXEL} MiB for each",
    )
    assert all(bound in PAGE for bound in bounds)
    assert FOUND[name]["figures"]["inputs"] > 0


def test_the_page_says_what_a_megapixel_takes_with_networks() -> None:
    figures = FOUND["soak-networks"]["figures"]
    (row,) = (line for line in PAGE.splitlines() if line.startswith("| `scripts/soak networks`"))
    assert f"at most {figures['most_mib_a_megapixel']} MiB for each megapixel more" in row
    small = [first for first, _ in figures["peak_mib"].values()]
    assert f"from {min(small)} to {max(small):,}".replace(",", " ") in row


@pytest.mark.parametrize("name", COUNTED)
def test_what_was_broken_is_told(name: str) -> None:
    for sentence in FOUND[name]["broken"]:
        assert sentence in PAGE
