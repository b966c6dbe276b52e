"""The log stays small whatever strangers do."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

from flyaway.serving.logs import Repeats


def record(line: str) -> logging.LogRecord:
    return logging.LogRecord("flyaway", logging.WARNING, "file", 1, line, (), None)


def test_a_line_that_comes_again_is_counted() -> None:
    repeats = Repeats()
    assert repeats.filter(record("refused"))
    assert not any(repeats.filter(record("refused")) for _ in range(1000))
    other = record("served")
    assert repeats.filter(other)
    assert other.getMessage() == "(the line before came 1000 more times) served"
    third = record("%")
    assert repeats.filter(third)
    assert third.getMessage() == "%"


def test_the_log_of_a_started_daemon_is_put_aside_when_it_is_large(tmp_path: Path) -> None:
    path = tmp_path / "daemon.log"
    flood = (
        "import logging, sys; from pathlib import Path; from flyaway.serving import logs;"
        "logs.LARGEST_BYTES = 10_000; log = logging.getLogger();"
        f"log.addHandler(logs.handler(Path({str(path)!r})));"
        "[log.warning('line %d', number) for number in range(5000)]; print('last', file=sys.stderr)"
    )
    with path.open("ab") as file:
        subprocess.run([sys.executable, "-c", flood], stderr=file, check=True)
    written = sorted(path.name for path in tmp_path.iterdir())
    assert written == ["daemon.log", "daemon.log.1"]
    assert all(file.stat().st_size < 20_000 for file in tmp_path.iterdir())
    assert path.read_text().endswith("line 4999\nlast\n")


def test_where_a_person_reads_it_nothing_is_written_to_a_file(tmp_path: Path) -> None:
    say = (
        "import logging; from pathlib import Path; from flyaway.serving import logs;"
        f"logging.getLogger().addHandler(logs.handler(Path({str(tmp_path / 'daemon.log')!r})));"
        "logging.warning('seen')"
    )
    done = subprocess.run([sys.executable, "-c", say], capture_output=True, text=True, check=True)
    assert "seen" in done.stderr
    assert not list(tmp_path.iterdir())
