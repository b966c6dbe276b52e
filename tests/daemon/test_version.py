"""The version stands in three places, which must agree."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import flyaway

REPOSITORY = Path(__file__).parents[2]


def test_package_and_project_have_the_same_version() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))

    assert project["project"]["version"] == flyaway.__version__


def test_changelog_begins_with_this_version() -> None:
    changelog = (REPOSITORY / "CHANGELOG.md").read_text(encoding="utf-8")

    versions = re.findall(r"^## (\S+),", changelog, re.MULTILINE)

    assert versions[0] == flyaway.__version__
