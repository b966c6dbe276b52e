"""ARCHITECTURE.md is true: its table of rooms is that of the contracts, and its paths are there."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
TEXT = (ROOT / "daemon/ARCHITECTURE.md").read_text(encoding="utf-8")
LINTER = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]


def contract(name: str) -> dict[str, list[str]]:
    return next(one for one in LINTER["contracts"] if one["id"] == name)


def test_the_table_has_the_rooms_of_the_contract_in_its_order() -> None:
    rows = re.findall(r"^\| (`flyaway\..*?) \|", TEXT, re.MULTILINE)
    rooms = [re.findall(r"`(.*?)`", row) for row in rows]
    assert rooms == [re.split(r" [:|] ", layer) for layer in contract("rooms")["layers"]]


def test_every_part_of_the_daemon_is_in_a_room() -> None:
    rooms = {room for layer in contract("rooms")["layers"] for room in re.split(r" [:|] ", layer)}
    package = ROOT / "daemon/flyaway"
    parts = {path.stem for path in package.iterdir() if path.suffix == ".py"}
    parts |= {path.name for path in package.iterdir() if (path / "__init__.py").exists()}
    assert {f"flyaway.{part}" for part in parts - {"__init__", "__main__"}} == rooms


def test_every_file_it_names_is_there() -> None:
    named = set(re.findall(r"`((?:\w+/)*\w+\.(?:py|md|toml)|(?:\w+/)+)`", TEXT))
    assert len(named) > 20
    files = [path.relative_to(ROOT).as_posix() for path in ROOT.glob("[!.b]*/**/*.*")]
    files += [path.name for path in ROOT.glob("*.*")]
    folders = {f"{parent.as_posix()}/" for file in files for parent in Path(file).parents}
    lost = [
        name
        for name in named
        if not any(f"/{path}".endswith(f"/{name}") for path in (*files, *folders))
    ]
    assert lost == []
