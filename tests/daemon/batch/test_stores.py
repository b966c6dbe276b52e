"""Batches over photos and results in stores: fsspec's memory and disk, and a server that speaks S3's protocol."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import fsspec
import numpy as np
import pytest
from PIL import Image
from tests.daemon.batch import stores
from tests.daemon.batch.photos import pixels
from tests.daemon.batch.stores import KINDS, empty, lay, tree
from tests.daemon.servers import copy_selection, serving

from flyaway.batch import store_path
from flyaway.batch.inputs import Input
from flyaway.batch.manifest import Manifest, State
from flyaway.batch.plan import Job
from flyaway.batch.store_path import StorePath
from flyaway.cli.main import main
from flyaway.extraction.pipeline import Outcome
from flyaway.serving.tasks import ExtractionTask

REPORTS = {"failures.csv", "contact-sheet.html", "contact-sheet.png"}


@pytest.fixture(scope="module")
def s3() -> Iterator[str]:
    with stores.s3() as address:
        yield address


@pytest.fixture(params=KINDS)
def photos(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """The URL of a folder for photos in a store, which is empty."""
    if request.param == "s3":
        request.getfixturevalue("s3")
    return empty(request.param, tmp_path)


@pytest.fixture
def asked(home: Path) -> Iterator[list[ExtractionTask]]:
    """What a daemon was asked, which answers with the image's first channel."""
    tasks: list[ExtractionTask] = []

    def work(task: ExtractionTask) -> Outcome:
        tasks.append(task)
        return copy_selection(task)

    with serving(work) as running:
        running.file.write(home)
        yield tasks


def batch(photos: str, out: str, *options: str) -> int:
    return main(["batch", photos, "-o", out, "--mask", *options])


def failures(out: str) -> str:
    return tree(out)["failures.csv"].decode("utf-8-sig")


def test_a_store_is_mirrored_into_a_store_and_a_second_run_does_what_is_new(
    asked: list[ExtractionTask],
    photos: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for index, name in enumerate(("a.png", "two words/a.png", "ü/[b]*'\".png")):
        lay(f"{photos}/{name}", seed=index)
    lay(f"{photos}/notes.txt", b"no photo")
    lay(f"{photos}/.hidden/c.png", b"no photo")
    before, out = tree(photos), f"{photos}-out"

    assert batch(photos, out) == 0
    lay(f"{photos}/a.png", seed=7)
    lay(f"{photos}/new.png", seed=8)
    capsys.readouterr()
    assert batch(photos, out, "--json") == 0

    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert {line["photo"] for line in told if line["event"] == "done"} == {"a.png", "new.png"}
    masks = {"a-mask.png", "two words/a-mask.png", "ü/[b]*'\"-mask.png", "new-mask.png"}
    assert set(tree(out)) == masks | REPORTS
    fetched = tmp_path / "fetched.png"
    StorePath.of(f"{out}/a-mask.png").fetch(fetched)
    with Image.open(fetched) as image:
        assert np.array_equal(np.array(image), pixels(7)[..., 0])
    assert {name: before[name] for name in before if name != "a.png"}.items() <= tree(
        photos
    ).items()
    assert len(asked) == 5
    assert list((StorePath.of(out) / ".flyaway-batch/work").iterdir()) == []
    capsys.readouterr()
    assert batch(photos, out, "--json") == 0
    assert json.loads(capsys.readouterr().out.splitlines()[0])["to_do"] == 0


def test_a_photo_that_another_takes_the_place_of_within_a_second_is_another(s3: str) -> None:
    """S3 tells times in whole seconds."""
    photo, second_ns = f"s3://{stores.BUCKET}/photo.png", 10**9

    def states() -> list[Input]:
        return [Input.of(lay(photo, content)) for content in (b"one", b"two", b"one")]

    one, two, again = next(
        found
        for found in (states() for _ in range(20))
        if len({state.modified_ns // second_ns for state in found}) == 1
    )
    assert one == again != two
    assert one.bytes == two.bytes


def test_results_beside_the_photos_are_no_photos(asked: list[ExtractionTask], photos: str) -> None:
    lay(f"{photos}/a.png")
    lay(f"{photos}/deep/b.png", seed=1)

    assert [batch(photos, out) for out in (photos, photos, f"{photos}/deep/out")] == [0, 0, 0]
    assert batch(photos, f"{photos}/deep/out") == 0

    assert len(asked) == 4


def test_nothing_that_is_not_ours_is_written_over(asked: list[ExtractionTask], photos: str) -> None:
    out = f"{photos}-out"
    for name in ("a", "b"):
        lay(f"{photos}/{name}.png")
    lay(f"{out}/a-mask.png", b"precious")

    assert batch(photos, out) == 1

    assert tree(out)["a-mask.png"] == b"precious"
    assert "a-mask.png is there already" in failures(out)
    assert "b-mask.png" in tree(out)
    lay(f"{out}/failures.csv", b"mine")
    assert batch(photos, out, "--retry-failed") == 2
    assert tree(out)["failures.csv"] == b"mine"


def test_a_name_that_is_taken_at_the_last_moment_is_left(photos: str, tmp_path: Path) -> None:
    manifest = Manifest(StorePath.of(photos))
    ours, theirs = tmp_path / "ours", lay(f"{photos}/a.png", b"theirs")
    ours.write_bytes(b"ours")

    with pytest.raises(FileExistsError):
        manifest.name(ours, "a.png", may_replace=False)
    assert theirs.read_bytes() == b"theirs"
    manifest.name(ours, "b/c.png", may_replace=False)
    manifest.name(ours, "a.png", may_replace=True)
    assert tree(photos) == {"a.png": b"ours", "b/c.png": b"ours"}


def test_bad_files_end_in_the_table_by_their_urls(asked: list[ExtractionTask], photos: str) -> None:
    lay(f"{photos}/corrupt.jpg", b"\xff\xd8\xff\xe0 no jpeg")
    lay(f"{photos}/empty.png", b"")
    lay(f"{photos}/raw.NEF", b"raw")
    lay(f"{photos}/a.png")

    assert batch(photos, f"{photos}-out", "--trimap-pattern", "../trimaps/{stem}.png") == 1

    told = failures(f"{photos}-out")
    trimaps = photos.rpartition("/")[0] + "/trimaps"
    assert f"{photos}/corrupt.jpg" in told or f"{trimaps}/corrupt.png" in told
    assert f"{trimaps}/a.png cannot be opened: It is not there." in told
    assert "/tmp" not in told.replace(photos, "").replace(trimaps, "")
    assert batch(photos, f"{photos}-out") == 1
    told = failures(f"{photos}-out")
    assert f"{photos}/corrupt.jpg is damaged or cut short" in told
    assert f"{photos}/empty.png is not an image" in told
    assert "raw converter" in told
    assert "/tmp" not in told.replace(photos, "")


def test_what_goes_with_photos_and_their_options_come_from_the_store(
    asked: list[ExtractionTask], photos: str
) -> None:
    trimap = StorePath.of(f"{photos}/masks/a.png")
    lay(f"{photos}/a.png")
    lay(str(trimap), seed=2)
    lay(f"{photos}/flyaway-batch.toml", b'output = "out"\ntrimap-pattern = "masks/{stem}.png"\n')

    assert main(["batch", photos, "--mask"]) == 0

    assert [task.request.selection_is for task in asked] == ["trimap"]
    assert "out/a-mask.png" in tree(photos)


def test_a_run_that_died_between_the_record_and_the_name_is_settled(
    asked: list[ExtractionTask], photos: str
) -> None:
    out = f"{photos}-out"
    lay(f"{photos}/a.png")
    batch(photos, out)
    manifest, key = Manifest(StorePath.of(out)), Job.key_of("a.png")
    done = manifest.record(key)
    assert done is not None
    manifest.keep(key, replace(done, state=State.PUBLISHING))

    assert batch(photos, out) == 0  # its result has its name already
    settled = manifest.record(key)
    assert settled is not None
    assert (len(asked), settled.state) == (1, State.DONE)

    manifest.keep(key, replace(done, state=State.PUBLISHING))
    (StorePath.of(out) / "a-mask.png").unlink()
    assert batch(photos, out) == 0
    assert len(asked) == 2
    assert "a-mask.png" in tree(out)


def test_photos_in_a_store_and_results_on_a_disk_go_together(
    asked: list[ExtractionTask], photos: str, tmp_path: Path
) -> None:
    lay(f"{photos}/deep/a.png")
    folder = tmp_path / "photos"
    folder.mkdir()
    Image.fromarray(pixels(1)).save(folder / "b.png")

    assert batch(photos, str(tmp_path / "out")) == 0
    assert batch(str(folder), f"{photos}-out") == 0

    assert (tmp_path / "out/deep/a-mask.png").is_file()
    assert "b-mask.png" in tree(f"{photos}-out")


def test_keys_that_would_lead_out_of_the_folder_are_refused(
    asked: list[ExtractionTask], s3: str, tmp_path: Path
) -> None:
    boto3 = pytest.importorskip("boto3", reason="s3fs would tidy the keys")
    photos = empty("s3", tmp_path)
    for key in ("/../../../out.png", "//a.png", "/b/./c.png", "/d\\..\\e.png", "/good.png"):
        content = lay(f"{photos}/good.png").read_bytes()
        boto3.client("s3").put_object(
            Bucket=stores.BUCKET, Key=f"{photos.rpartition('/')[2]}{key}", Body=content
        )

    assert batch(photos, str(tmp_path / "out")) == 1

    written = {path.name for path in tmp_path.rglob("*-mask.png")}
    assert written == {"good-mask.png"}
    with (tmp_path / "out/failures.csv").open(encoding="utf-8-sig") as file:
        assert file.read().count("Rename it.") == 4


@pytest.mark.parametrize(
    ("url", "sentence"),
    [
        ("nosuch://bucket/photos", "names a kind of store that is not known"),
        ("s3://", "names no bucket and no folder"),
        ("s3:///photos", "names no bucket and no folder"),
        ("memory://", "names no bucket and no folder"),
        ("zip://a.png::s3://bucket/photos.zip", "names one store through another"),
        ("sftp://ana:secret@studio/photos", "has a password in it"),
        ("memory://nowhere", "memory://nowhere is not there."),
    ],
)
def test_urls_that_cannot_be_used_are_sentences(
    url: str, sentence: str, home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert batch(url, str(tmp_path / "out")) == 2

    told = capsys.readouterr().err
    assert sentence in told
    assert "secret" not in told
    assert "Traceback" not in told
    assert not (tmp_path / "out").exists()


def test_a_package_that_is_missing_is_named(
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    def missing(*_: Any, **__: Any) -> None:
        raise ImportError("Install s3fs to access S3")

    monkeypatch.setattr(fsspec, "url_to_fs", missing)

    assert batch("s3://bucket/photos", str(tmp_path / "out")) == 2
    assert "`pip install s3fs` brings it; on a cluster, on all nodes." in capsys.readouterr().err


def test_a_bucket_that_there_is_not_and_a_server_that_is_gone_are_sentences(
    s3: str,
    asked: list[ExtractionTask],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert batch("s3://nowhere/photos", str(tmp_path / "out")) == 2
    assert "s3://nowhere/photos is not there." in capsys.readouterr().err
    photos = empty("s3", tmp_path)
    lay(f"{photos}/a.png")
    assert batch(photos, "s3://nowhere/out") == 2
    assert "s3://nowhere/out cannot be written" in capsys.readouterr().err
    with pytest.raises(FileNotFoundError):
        fsspec.filesystem("s3", skip_instance_cache=True).ls("nowhere")

    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    stores._forget()
    try:
        assert batch(photos, str(tmp_path / "out")) == 1
    finally:
        monkeypatch.undo()
        stores._forget()
    told = capsys.readouterr().err
    assert f"{photos} cannot be reached (EndpointConnectionError" in told
    assert "run the same command again" in told


def test_a_store_that_goes_away_in_the_middle_ends_the_run_and_blames_no_photo(
    asked: list[ExtractionTask],
    photos: str,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    for index in range(6):
        lay(f"{photos}/{index}.png", seed=index)
    whole = store_path._filesystem

    def leave(origin: str) -> Any:
        if len(asked) >= 2:
            raise TimeoutError("no answer")
        return whole(origin)

    with monkeypatch.context() as patched:
        patched.setattr(store_path, "_filesystem", leave)
        assert batch(photos, f"{photos}-out") == 1

    told = capsys.readouterr().err
    assert "cannot be reached (TimeoutError: no answer)" in told
    assert len(asked) < 6
    assert batch(photos, f"{photos}-out") == 0
    assert len(tree(f"{photos}-out")) == 6 + len(REPORTS)


def test_watching_is_not_for_stores(
    home: Path, photos: str, capsys: pytest.CaptureFixture[str]
) -> None:
    lay(f"{photos}/a.png")
    assert batch(photos, f"{photos}-out", "--watch") == 2
    assert "watch is for folders of this machine" in capsys.readouterr().err
