"""The two plugins are twins: CONTRIBUTING.md names the role of each file, and the same role has the same name."""

from __future__ import annotations

import re

import pytest

from flyaway_installer.assemble import CHECKOUT, PACKAGES

EDITORS = ("krita", "gimp")
DOORS = {"__init__.py", "extension.py", "flyaway_gimp.py"}
"""Each editor says how these are to be named."""


def roles() -> list[dict[str, list[str]]]:
    """The rows of the table: the files of each plugin that have one role."""
    text = (CHECKOUT.parent / "CONTRIBUTING.md").read_text("utf-8")
    table = text.partition("### The plugins, role by role")[2].partition("\n### ")[0]
    rows = [line.split("|")[2:4] for line in table.splitlines() if line.startswith("|")][2:]
    return [dict(zip(EDITORS, map(files_in, row), strict=True)) for row in rows]


def files_in(cell: str) -> list[str]:
    return re.findall(r"`(\w+\.py)`", cell)


@pytest.mark.parametrize("editor", EDITORS)
def test_every_file_has_one_role(editor: str) -> None:
    listed = [name for role in roles() for name in role[editor]]
    folder = CHECKOUT / editor / PACKAGES[editor]
    assert sorted(listed) == sorted(path.name for path in folder.glob("*.py"))


def test_the_same_role_has_the_same_name_in_both() -> None:
    for role in roles():
        krita, gimp = (set(role[editor]) - DOORS for editor in EDITORS)
        assert not (krita and gimp) or krita & gimp, role
        assert not krita or gimp <= krita, role
