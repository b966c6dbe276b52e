"""manifest: what is told of a photo by its record, and who may work on it."""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from tests.daemon.batch.photos import DiskManifest, photo

from flyaway.batch.inputs import Input, sha256
from flyaway.batch.manifest import Record, State, Verdict, judge, results
from flyaway.batch.plan import Job
from flyaway.errors import RequestError

WANTED: dict[str, Any] = {"engine": "auto", "pad": [0, 0.0]}


@pytest.fixture
def manifest(tmp_path: Path) -> DiskManifest:
    manifest = DiskManifest(tmp_path / "out")
    manifest.prepare()
    (manifest.output / "a-cutout.png").write_text("result")
    return manifest


@pytest.fixture
def job(tmp_path: Path) -> Job:
    return photo(tmp_path)


def done(job: Job, **fields: Any) -> Record:
    inputs = {
        name: replace(Input.of(path), sha256=sha256(path)) for name, path in job.files.items()
    }
    outputs = {"a-cutout.png": "0" * 64}
    return Record(job.name, State.DONE, inputs, WANTED, **({"outputs": outputs} | fields))


def verdict(job: Job, record: Record | None, output: Path, weights: str | None = None) -> Verdict:
    return judge(job, record, WANTED, lambda engine: weights, output)


def test_a_record_comes_back_as_it_was_kept(manifest: DiskManifest, job: Job) -> None:
    kept = done(
        job, confidence=0.5, notes=("A note.",), weights={"modnet": "ab"}, former={"old": "cd"},
        origin=Input.of(job.source), engine="modnet", soft=0.25,
    )  # fmt: skip

    manifest.keep(job.key, kept)

    assert manifest.record(job.key) == kept
    assert list(manifest.records()) == [kept]
    assert results(manifest.output) == {"a-cutout.png", "old"}


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"7", b'{"photo": "a"}', b'{"state": "odd"}']
)
def test_a_record_that_makes_no_sense_is_none(content: bytes, manifest: DiskManifest) -> None:
    (manifest.folder / "photos/abc.json").write_bytes(content)
    assert manifest.record("abc") is None
    assert list(manifest.records()) == []


def test_what_is_done_is_done(manifest: DiskManifest, job: Job) -> None:
    assert verdict(job, done(job), manifest.output) is Verdict.DONE
    assert verdict(job, None, manifest.output) is Verdict.NEW


def test_a_photo_has_changed_only_if_its_content_has(manifest: DiskManifest, job: Job) -> None:
    record = done(job)
    os.utime(str(job.source), ns=(1, 1))
    assert verdict(job, record, manifest.output) is Verdict.DONE
    with job.source.open("ab") as file:
        file.write(b"more")
    assert verdict(job, record, manifest.output) is Verdict.CHANGED


def test_so_it_is_with_what_goes_with_it(manifest: DiskManifest, job: Job, tmp_path: Path) -> None:
    trimap = photo(tmp_path, "t.png").source
    with_trimap = replace(job, selection=trimap)
    record = done(with_trimap)
    assert verdict(with_trimap, record, manifest.output) is Verdict.DONE
    assert verdict(job, record, manifest.output) is Verdict.CHANGED
    trimap.unlink()
    assert verdict(with_trimap, record, manifest.output) is Verdict.CHANGED


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"wanted": {"engine": "modnet"}}, Verdict.OTHER_SETTINGS),
        ({"state": State.PUBLISHING}, Verdict.UNFINISHED),
        ({"state": State.FAILED}, Verdict.FAILED),
        ({"outputs": {"gone.png": ""}}, Verdict.LOST),
        ({"weights": {"modnet": "before"}}, Verdict.OTHER_WEIGHTS),
    ],
)
def test_else_it_is_told_why_it_is_to_be_done(
    changes: dict[str, Any], expected: Verdict, manifest: DiskManifest, job: Job
) -> None:
    record = replace(done(job), **changes)
    assert verdict(job, record, manifest.output, "now") is expected


def test_weights_that_are_here_no_more_tell_nothing(manifest: DiskManifest, job: Job) -> None:
    record = done(job, weights={"modnet": "before"})
    assert verdict(job, record, manifest.output, None) is Verdict.DONE


def test_what_failed_because_it_was_not_there_is_tried_once_it_is(
    manifest: DiskManifest, tmp_path: Path
) -> None:
    job = Job("late.png", tmp_path / "late.png")
    record = Record(job.name, State.FAILED, {"photo": Input.of(job.source)}, WANTED)
    assert verdict(job, record, manifest.output) is Verdict.FAILED
    photo(tmp_path, "late.png")
    assert verdict(job, record, manifest.output) is Verdict.CHANGED


def test_a_photo_is_claimed_by_one_at_a_time(manifest: DiskManifest) -> None:
    other = DiskManifest(manifest.output)
    with manifest.claim("abcdef") as first, other.claim("abcdef") as second:
        assert (first, second) == (True, False)
        with other.claim("fedcba") as third:
            assert third
    with other.claim("abcdef") as now:
        assert now


def test_what_the_dead_left_is_cleared_away_and_what_the_living_write_is_not(
    manifest: DiskManifest,
) -> None:
    dead, living = manifest.work_file("aaaa", "mask"), manifest.work_file("bbbb", "mask")
    for file in (dead, living):
        file.write_bytes(b"half")
    with manifest.claim("bbbb"):
        DiskManifest(manifest.output).prepare()
    assert not dead.exists()
    assert living.exists()


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    with pytest.raises(RequestError, match="out cannot be written"):
        DiskManifest(tmp_path / "out").prepare()
