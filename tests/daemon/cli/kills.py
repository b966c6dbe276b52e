"""A batch that is killed again and again, at random moments, until all is done: what became of its photos."""

from __future__ import annotations

import json
import random
import signal
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from tests.daemon.cli.runs import (
    HEIGHT,
    MANY,
    WIDTH,
    begun,
    command,
    finished,
    read,
    results,
    told_by,
    tree,
)
from tests.daemon.servers import PATIENCE_S

from flyaway.batch.manifest import Manifest, State
from flyaway_client.client import Client

_SEED = 5


@dataclass(frozen=True)
class Toll:
    """What was counted.

    Attributes:
        photos: how many there were; each becomes a cut-out and a mask.
        kills: how many runs were killed.
        kills_while_naming: those after which a photo's results were recorded as whole and not yet as named.
        files_left_over: what the killed had begun to write, under names of their own, all in all.
        half_written: results that could not be read or had another size, after any kill.
        changed: results that were done and then others, or gone.
        solved_again: photos that were solved more than once, which those in hand at a kill are.
        results: how many there are in the end.
    """

    photos: int
    kills: int
    kills_while_naming: int
    files_left_over: int
    half_written: int
    changed: int
    solved_again: int
    results: int


def kill(many: Path, out: Path, kills: int) -> Toll:
    """Kill that many runs over the photos of `make_many`, five for each kill, and let the last one end.

    Raises:
        AssertionError: something is not as it has to be.
    """
    photos, chance, before = 5 * kills, random.Random(_SEED), tree(many)
    known: dict[str, tuple[int, int]] = {}
    naming = left = half = changed = 0
    for _ in range(kills):
        with begun(command(many, out, *MANY)) as process:
            told = told_by(process)
            for _ in range(1 + chance.randrange(4)):
                next(told, None)
            time.sleep(chance.random() * 0.1)
            process.send_signal(signal.SIGKILL)
            process.wait(PATIENCE_S)
        half += sum(not _is_whole(out / path) for path in (results(out) if out.exists() else ()))
        naming += any(record.state is State.PUBLISHING for record in Manifest(out).records())
        left += len(list((out / ".flyaway-batch/work").glob("*")))
        now = finished(out)
        changed += sum(now.get(path) != file for path, file in known.items())
        known = now
        assert len(known) < 2 * photos, "there was nothing left to be broken off"
    with Client.connect("a test", start=False) as client:
        solved_before = client.status().done

    whole = subprocess.run(command(many, out, *MANY), check=False, capture_output=True, text=True)

    assert whole.returncode == 0
    with Client.connect("a test", start=False) as client:
        solved = client.status().done
    now = finished(out)
    changed += sum(now.get(path) != file for path, file in known.items())
    expected = {f"{i % 3}/{i}-{kind}.png" for i in range(photos) for kind in ("cutout", "mask")}
    assert results(out) == set(now) == expected
    assert list((out / ".flyaway-batch/work").iterdir()) == []
    assert tree(many) == before
    again = subprocess.run(command(many, out, *MANY), check=True, capture_output=True, text=True)
    assert json.loads(again.stdout.splitlines()[0])["to_do"] == 0
    assert finished(out) == now
    assert (half, changed) == (0, 0)
    assert solved_before <= photos + kills * 4, "photos that were done were done again"
    return Toll(photos, kills, naming, left, half, changed, solved - photos, len(now))


def _is_whole(result: Path) -> bool:
    try:
        height, width = read(result).shape[:2]
    except (OSError, SyntaxError):
        return False
    return (height, width) == (HEIGHT, WIDTH)
