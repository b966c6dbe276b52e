"""docs/install.md: what it quotes is said, and what it names is there."""

from __future__ import annotations

import re
from pathlib import Path

from flyaway.cli.main import _parser

REPOSITORY = Path(__file__).parents[2]
MANUAL = (REPOSITORY / "docs" / "install.md").read_text(encoding="utf-8")
SHELL, POWER = (
    (REPOSITORY / "installer" / name).read_text() for name in ("flyaway.sh", "flyaway.ps1")
)


def test_what_the_table_of_troubles_quotes_is_said() -> None:
    quoted = re.findall(r'^\| "([^"]+)" \|', MANUAL, re.MULTILINE)

    assert len(quoted) == 4
    for sentence in quoted:
        assert sentence in SHELL, sentence


def test_variables_that_it_names_are_read() -> None:
    sources = [SHELL, POWER, *(path.read_text() for path in (REPOSITORY / "daemon").rglob("*.py"))]
    sources += [path.read_text() for path in (REPOSITORY / "plugins").rglob("*.py")]

    named = set(re.findall(r"FLYAWAY_\w+", MANUAL))

    assert {"FLYAWAY_PYTHON", "FLYAWAY_UV_INSTALLER"} <= named
    assert [name for name in named if not any(name in source for source in sources)] == []


def test_options_of_the_scripts_are_theirs() -> None:
    for option in ("--card", "--from", "--uninstall"):
        assert option in MANUAL
        assert f"{option})" in SHELL
    for option in ("-Card", "-From", "-Uninstall"):
        assert option in MANUAL
        assert f"${option[1:]}" in POWER


def test_commands_that_it_gives_are_flyaways() -> None:
    given = re.findall(r"`flyaway ([a-z][a-z -]*)`", MANUAL)

    assert "doctor --fix" in given
    for command in given:
        if command != "extract":  # which wants a photo
            _parser().parse_args(command.split())
