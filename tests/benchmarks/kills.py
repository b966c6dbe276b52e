"""What is left of a batch that is killed a hundred times: the loop of the tests, with what it counted kept."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tests.benchmarks.wire import fresh_daemon
from tests.daemon.cli.kills import kill
from tests.daemon.cli.runs import make_many

KILLS = 100


def kills() -> dict[str, Any]:
    """The toll of a hundred kills; raises AssertionError where something is not as it has to be."""
    with TemporaryDirectory() as folder, fresh_daemon():
        many = make_many(Path(folder) / "many", 5 * KILLS)
        return asdict(kill(many, Path(folder) / "out", KILLS))
