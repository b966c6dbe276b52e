"""README.md says what is so."""

from __future__ import annotations

import dataclasses
import re
import tomllib
from pathlib import Path

import pytest

from flyaway.config import Settings

REPOSITORY = Path(__file__).parents[2]
README = (REPOSITORY / "README.md").read_text(encoding="utf-8")


def test_table_of_settings_has_each_with_its_default() -> None:
    rows = re.findall(r"^\| `(\w+)` \| `([^`]+)` \|", README, re.MULTILINE)

    told = tomllib.loads("\n".join(f"{name} = {default}" for name, default in rows))

    fields = {field.name: field.default for field in dataclasses.fields(Settings)}
    del fields["problems"]
    assert told == fields


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "docs/guide.md"])
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
