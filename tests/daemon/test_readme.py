"""README.md says what is so."""

from __future__ import annotations

import dataclasses
import json
import re
import tomllib
from pathlib import Path
from typing import Any

import pytest

from flyaway.config import Settings

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")
RESULTS = REPOSITORY / "tests" / "benchmarks" / "results.json"
MIB = 1 / 1024
"""In GiB."""


def test_table_of_settings_has_each_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", README, re.MULTILINE)

    told = tomllib.loads("\n".join(f"{name} = {default}" for name, default in rows))

    fields = {field.name: field.default for field in dataclasses.fields(Settings)}
    del fields["problems"]
    assert told == fields


@pytest.mark.parametrize(
    "page",
    [
        "README.md",
        "CONTRIBUTING.md",
        "docs/guide.md",
        "docs/install.md",
        "docs/retouching.md",
        "docs/studio.md",
    ],
)
def test_links_to_files_lead_somewhere(page: str) -> None:
    text = (REPOSITORY / page).read_text(encoding="utf-8")

    targets = re.findall(r"\]\((?!https?:)([^)#]+)", text)

    missing = [
        target for target in targets if not (REPOSITORY / page).parent.joinpath(target).exists()
    ]
    assert missing == []


def test_files_of_the_first_command_are_there() -> None:
    (command,) = re.findall(
        r"^scripts/flyaway extract (\S+) --selection (\S+)", README, re.MULTILINE
    )

    assert [name for name in command if not (REPOSITORY / name).is_file()] == []


def test_figures_are_those_of_the_benchmarks() -> None:
    table = README.partition("| what | figure | beside |\n|---|---|---|\n")[2].partition("\n\n")[0]
    told = [re.findall(r"\d+(?:\.\d+)?", row.split("|", 2)[2]) for row in table.splitlines()]

    measured = _measured()

    assert [len(row) for row in told] == [len(row) for row in measured]
    for row, values in zip(told, measured, strict=True):
        assert all(map(_is_rounded, row, values)), (row, values)


def _is_rounded(told: str, value: float) -> bool:
    half_of_the_last_digit = 0.5 * 10.0 ** -len(told.partition(".")[2])
    return abs(float(told) - value) <= half_of_the_last_digit + 1e-9


def _measured() -> list[list[float]]:
    """What the numbers in each row of the table of figures stand for."""
    figures: dict[str, Any] = {
        name: entry["figures"] for name, entry in json.loads(RESULTS.read_text()).items()
    }
    trips = {row["megapixels"]: row for row in figures["round-trips"]}
    networks = {(row["network"], row["entrant"]): row for row in figures["networks"]}
    start, command = figures["start-to-hello"], figures["command-to-hello"]
    small, colours = figures["builtin-800px"], figures["builtin-foreground"]
    photo, huge = figures["builtin-24mp"], figures["builtin-100mp"]
    clicked = next(row for row in figures["points"]["daemon"] if row["image"] == "6000x4000")
    decoder = next(row for row in figures["points"]["decoders"] if row["network"] == "mobile_sam")
    return [
        [trips[24]["flyaway_s"], trips[24]["pyzmq_nocopy_s"]],
        [trips[100]["flyaway_s"], trips[100]["pyzmq_nocopy_s"]],
        [max(row["daemon_peak_over_request"] for size, row in trips.items() if size >= 12)],
        [command["median_s"], start["idle_mib"], command["bare_python_s"]],
        [small["flyaway_s"], small["pymatting_cf_s"]],
        [photo["seconds"], photo["first_preview_s"], photo["peak_mib_beyond_input"] * MIB],
        [huge["seconds"], huge["peak_mib_beyond_input"] * MIB],
        [figures["builtin-24mp-memory"]["daemon_peak_mib"] * MIB],
        [colours["flyaway_s"], colours["pymatting_ml_s"]],
        *(
            [
                value
                for entrant in ("ours", "authors")
                for row in [networks[network, entrant]]
                for value in (row["seconds"], row["peak_mib_above"] * MIB)
            ]
            for network in ("vitmatte", "birefnet_lite")
        ),
        [figures["batch"]["files_s"], figures["batch"]["memory_s"]],
        [
            clicked["click_s"],
            clicked["load_and_first_look_s"],
            clicked["peak_with_clicks_mib"] * MIB,
            clicked["peak_with_cut_out_mib"] * MIB,
        ],
        [decoder["question_s"], decoder["authors_question_s"]],
    ]
