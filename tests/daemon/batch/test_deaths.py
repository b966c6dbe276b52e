"""deaths: a photo that kills whoever works on it is given up; those that were in hand beside it are not."""

from __future__ import annotations

import subprocess
import sys
import threading
from pathlib import Path

import pytest
from tests.daemon.batch.photos import DiskManifest
from tests.daemon.servers import PATIENCE_S

from flyaway.batch.deaths import Deaths
from flyaway.batch.plan import Job
from flyaway.errors import RequestError

DIE = """
import os, sys
from contextlib import ExitStack
from pathlib import Path
from flyaway.batch.deaths import Deaths
from flyaway.batch.manifest import Manifest
from flyaway.batch.plan import Job

deaths = Deaths(Manifest(Path(sys.argv[1])))
with ExitStack() as stack:
    for name in sys.argv[2:]:
        stack.enter_context(deaths.watched(Job(name, Path(name))))
    os._exit(9)
"""


@pytest.fixture
def manifest(tmp_path: Path) -> DiskManifest:
    manifest = DiskManifest(tmp_path / "out")
    manifest.prepare()
    return manifest


def die(manifest: DiskManifest, *names: str) -> None:
    """Be a worker that ends at the work on these photos."""
    ended = subprocess.run([sys.executable, "-c", DIE, manifest.output, *names], check=False)
    assert ended.returncode == 9


def job(name: str) -> Job:
    return Job(name, Path(name))


def test_a_photo_that_kills_is_given_up_after_a_few_tries(manifest: DiskManifest) -> None:
    die(manifest, "beside", "deadly")
    die(manifest, "deadly")
    die(manifest, "deadly")

    deaths = Deaths(manifest)
    with deaths.watched(job("beside")):
        pass
    with pytest.raises(RequestError, match="died 3 times"), deaths.watched(job("deadly")):
        pytest.fail("it was begun a fourth time")


def test_what_ended_or_failed_leaves_no_mark(manifest: DiskManifest) -> None:
    deaths = Deaths(manifest)
    for _ in range(5):
        with pytest.raises(ValueError, match="odd"), deaths.watched(job("odd")):
            raise ValueError("odd")
    assert list((manifest.folder / "work").iterdir()) == []


def test_the_next_run_begins_anew(manifest: DiskManifest) -> None:
    for _ in range(3):
        die(manifest, "deadly")

    manifest.prepare()

    with Deaths(manifest).watched(job("deadly")):
        pass


def test_those_at_which_somebody_died_are_done_one_at_a_time(manifest: DiskManifest) -> None:
    die(manifest, "one", "two")
    deaths, is_begun = Deaths(manifest), threading.Event()

    def begin() -> None:
        with deaths.watched(job("two")):
            is_begun.set()

    with deaths.watched(job("one")):
        other = threading.Thread(target=begin)
        other.start()
        with deaths.watched(job("new")):  # which waits for nobody
            assert not is_begun.is_set()
        size = manifest.mark(job("two").key).stat().st_size
    other.join(PATIENCE_S)
    assert is_begun.is_set()
    assert size == 1, "it was begun while another was"
