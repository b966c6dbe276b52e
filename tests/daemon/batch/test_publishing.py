"""publishing: whole, recorded, then named; at every step where a run can die, the next one knows what to do."""

from __future__ import annotations

import errno
import os
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
import pytest
from PIL import Image
from tests.daemon.batch.photos import HEIGHT, WIDTH, DiskManifest, photo, pixels

from flyaway.batch import publishing
from flyaway.batch.inputs import Input, sha256
from flyaway.batch.manifest import Record, State
from flyaway.batch.plan import Job
from flyaway.batch.work import Finished, Picture
from flyaway.errors import OutputError, RequestError
from flyaway.files import replacing


class DeathError(BaseException):
    """The run ends here, as by kill."""


@pytest.fixture
def manifest(tmp_path: Path) -> DiskManifest:
    manifest = DiskManifest(tmp_path / "out")
    manifest.prepare()
    return manifest


@pytest.fixture
def job(tmp_path: Path) -> Job:
    job = photo(tmp_path / "photos", "sub/a.png")
    return replace(job, targets={"cutout": "sub/a-cutout.png", "mask": "sub/a-mask.png"})


def result(content: bytes) -> Finished:
    """Two files of this content, each with its kind behind."""

    def writer(kind: str) -> Callable[[BinaryIO], object]:
        return lambda file: file.write(content + kind.encode())

    thumbnail = Image.fromarray(pixels()).convert("RGBA")

    kinds = ("cutout", "mask")
    return Finished(
        tuple(Picture(kind, writer(kind)) for kind in kinds), np.array(thumbnail), 0.1, ()
    )


def record(job: Job) -> Record:
    file = replace(Input.of(job.source), sha256=sha256(job.source))
    return Record(job.name, State.FAILED, {"photo": file}, {})


def publish(manifest: DiskManifest, job: Job, content: bytes) -> Record:
    before = manifest.record(job.key)
    return publishing.publish(manifest, job, result(content), record(job), before)


def contents(manifest: DiskManifest, job: Job) -> list[bytes]:
    return [(manifest.output / path).read_bytes() for path in job.targets.values()]


def test_results_get_their_names_and_are_remembered(manifest: DiskManifest, job: Job) -> None:
    done = publish(manifest, job, b"first ")

    assert contents(manifest, job) == [b"first cutout", b"first mask"]
    assert manifest.record(job.key) == done
    assert (done.state, done.replaced) == (State.DONE, {})
    assert done.outputs == {path: sha256(manifest.output / path) for path in job.targets.values()}
    assert list((manifest.folder / "work").iterdir()) == []
    with Image.open(manifest.thumbnail(job.key)) as image:
        assert image.size == (WIDTH, HEIGHT)


def test_our_own_results_are_replaced(manifest: DiskManifest, job: Job) -> None:
    publish(manifest, job, b"first ")
    publish(manifest, job, b"second ")
    assert contents(manifest, job) == [b"second cutout", b"second mask"]


@pytest.mark.parametrize("foreign", ["cutout", "mask"])
def test_where_one_name_is_taken_none_is_given(
    foreign: str, manifest: DiskManifest, job: Job
) -> None:
    target = manifest.output / job.targets[foreign]
    target.parent.mkdir(parents=True)
    target.write_text("precious")

    with pytest.raises(RequestError, match="is there already"):
        publish(manifest, job, b"first ")

    assert target.read_text() == "precious"
    assert [path for path in target.parent.iterdir() if path != target] == []
    assert list((manifest.folder / "work").iterdir()) == []


def test_a_folder_or_a_dead_link_of_that_name_stays(manifest: DiskManifest, job: Job) -> None:
    target = manifest.output / job.targets["cutout"]
    target.mkdir(parents=True)
    with pytest.raises(RequestError, match="is there already"):
        publish(manifest, job, b"")
    target.rmdir()
    target.symlink_to("nowhere")
    with pytest.raises(RequestError, match="is there already"):
        publish(manifest, job, b"")
    assert target.is_symlink()


def test_what_comes_at_the_last_moment_stays(
    manifest: DiskManifest, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = manifest.output / job.targets["cutout"]
    keep = manifest.keep

    def keep_late(key: str, record: Record) -> None:
        keep(key, record)
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text("precious")

    monkeypatch.setattr(manifest, "keep", keep_late)
    with pytest.raises(RequestError, match="is there already"):
        publish(manifest, job, b"first ")
    assert target.read_text() == "precious"


def test_without_links_files_are_renamed_and_nothing_is_written_over(
    manifest: DiskManifest, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(Path, "hardlink_to", refuse)
    publish(manifest, job, b"first ")
    assert contents(manifest, job) == [b"first cutout", b"first mask"]

    file = manifest.folder / "work/late"
    file.write_bytes(b"late")
    with pytest.raises(RequestError, match="is there already"):
        publishing._name(manifest, file, job.targets["mask"], may_replace=False)
    assert contents(manifest, job)[1] == b"first mask"


@pytest.mark.parametrize("step", range(8))
@pytest.mark.parametrize("has_earlier", [False, True])
def test_a_run_that_dies_at_any_step_leaves_old_or_new_and_the_next_one_finishes(
    step: int, has_earlier: bool, manifest: DiskManifest, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each change on the disk is a step; death strikes before it, and no clearing up follows."""
    if has_earlier:
        publish(manifest, job, b"first ")
    steps = iter(range(100))

    def deadly(name: str, whole: Callable[..., object]) -> Callable[..., object]:
        def do(*arguments: object, **options: object) -> object:
            if next(steps) == step:
                raise DeathError
            return whole(*arguments, **options)

        return do

    with monkeypatch.context() as dying:
        for name in ("replace", "hardlink_to"):
            dying.setattr(Path, name, deadly(name, getattr(Path, name)))
        dying.setattr(replacing, "create", deadly("create", replacing.create))
        try:
            with monkeypatch.context() as dead:
                dead.setattr(Path, "unlink", lambda *_, **__: None)
                publish(manifest, job, b"second ")
        except DeathError:
            pass
        else:
            assert step >= 7, "it should have died"

    for path, kind in zip(job.targets.values(), ("cutout", "mask"), strict=True):
        if (manifest.output / path).exists():
            whole = {b"second " + kind.encode()} | (
                {b"first " + kind.encode()} if has_earlier else set()
            )
            assert (manifest.output / path).read_bytes() in whole
    manifest.prepare()
    assert list((manifest.folder / "work").iterdir()) == []
    found = manifest.record(job.key)
    settled = None
    if found is not None and found.state is State.PUBLISHING:
        settled = publishing.settle(manifest, job, found)
    if settled is None:
        publish(manifest, job, b"second ")
    assert contents(manifest, job) == [b"second cutout", b"second mask"]
    final = manifest.record(job.key)
    assert final is not None
    assert final.state is State.DONE


def test_another_photo_of_the_same_name_does_not_replace(
    manifest: DiskManifest, job: Job, tmp_path: Path
) -> None:
    publish(manifest, job, b"first ")
    other = replace(photo(tmp_path / "others", "sub/a.png", seed=1), targets=job.targets)

    with pytest.raises(RequestError, match="were made from"):
        publish(manifest, other, b"other ")

    assert contents(manifest, job)[0] == b"first cutout"


def test_the_same_photo_in_another_place_does(
    manifest: DiskManifest, job: Job, tmp_path: Path
) -> None:
    publish(manifest, job, b"first ")
    moved = replace(photo(tmp_path / "moved", "sub/a.png"), targets=job.targets)
    publish(manifest, moved, b"second ")
    assert contents(manifest, job)[0] == b"second cutout"


def test_results_of_a_photo_that_fails_later_stay_ours(manifest: DiskManifest, job: Job) -> None:
    done = publish(manifest, job, b"first ")
    manifest.keep(job.key, publishing.failed(record(job), done, "Because."))
    publish(manifest, job, b"second ")
    assert contents(manifest, job)[0] == b"second cutout"


@pytest.mark.parametrize(
    ("number", "kind"),
    [(errno.ENOSPC, OutputError), (errno.EROFS, OutputError), (errno.ENAMETOOLONG, RequestError)],
)
def test_a_full_disk_is_told_from_an_odd_name(number: int, kind: type[RequestError]) -> None:
    with pytest.raises(RequestError) as caught, publishing.writing(Path("out")):
        raise OSError(number, os.strerror(number), "a file")
    assert type(caught.value) is kind
    assert os.strerror(number) in str(caught.value)


def test_so_it_is_where_the_record_cannot_be_written(
    manifest: DiskManifest, job: Job, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(path: Path) -> BinaryIO:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(replacing, "create", refuse)
    with pytest.raises(OutputError, match="Make room"):
        publish(manifest, job, b"first ")


def test_refusals_pass_as_they_are() -> None:
    with pytest.raises(RequestError, match="As it is"), publishing.writing(Path("out")):
        raise RequestError("As it is.")
