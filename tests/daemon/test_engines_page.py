"""docs/engines.md: every engine is in it, with its purpose, size and licence as its record has them."""

from __future__ import annotations

from pathlib import Path

import pytest

from flyaway import engines
from flyaway_client.menu_entries import megabytes

PAGE = (Path(__file__).parents[2] / "docs" / "engines.md").read_text("utf-8")
PAID_WORK = {True: "yes", False: "no", None: "not known"}


@pytest.mark.parametrize("name", engines.names())
def test_the_page_on_engines_says_what_the_records_say(name: str) -> None:
    record = engines.record(name)
    size = megabytes(record.weights_bytes) if record.weights_bytes else "none"
    told = record.training.told.removeprefix("Trained on ") or "Not told plainly."
    told = told[0].upper() + told[1:]
    cells = (
        f"`{name}`",
        record.purpose,
        size,
        record.licence,
        PAID_WORK[record.paid_work],
        f"[{told}]({record.training.url})" if record.training.url else told,
        PAID_WORK[record.training.paid_work],
    )

    assert PAGE.count(f"| {' | '.join(cells)} |\n") == 1


def test_it_names_no_engine_that_there_is_not() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith("| `")]
    assert len(rows) == len(engines.names())
