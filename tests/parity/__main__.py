"""Hold the networks against stored outputs of their authors' code.

    scripts/parity FOLDER…

Each FOLDER is a case folder (keys.json, case_*.npz) or holds several. Every case runs through the real
weights loader and the real engine; a row a comparison, and a non-zero exit where one is beyond its
tolerance or nothing was found to compare.
"""
# ruff: noqa: T201 - a command talks to its user

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import torch
from tests.parity import cases, checkpoints


def main() -> int:
    """Compare all that is found; the exit status."""
    parser = argparse.ArgumentParser(prog="scripts/parity", description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER")
    parser.add_argument("--threads", type=int, default=2, help="processor threads (default 2)")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    rows = holding = 0
    for folder in sorted(_case_folders(options.folders)):
        if not cases.is_known(folder):
            print(f"-     {folder.name}: no engine for this network yet")
            continue
        for measured in _run(folder):
            rows, holding = rows + 1, holding + measured.holds
            share = "" if measured.share == 1 else f" for {measured.share:.1%} of the pixels"
            print(
                f"{'ok   ' if measured.holds else 'BEYOND'} {measured.case:44}"
                f" {measured.difference:9.2e} of {measured.tolerance:.0e}{share}",
                flush=True,
            )
    print(f"{holding} of {rows} comparisons hold")
    return 0 if rows and holding == rows else 1


def _case_folders(folders: list[Path]) -> set[Path]:
    return {keys.parent for folder in folders for keys in folder.resolve().rglob("keys.json")}


def _run(folder: Path) -> Iterator[cases.Measurement]:
    with tempfile.TemporaryDirectory() as place:
        engine = cases.load(folder, *checkpoints.write(folder, Path(place)))
    yield from cases.measure(folder, engine)


if __name__ == "__main__":
    sys.exit(main())
