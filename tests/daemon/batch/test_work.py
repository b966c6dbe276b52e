"""work: what is asked of the engines for one photo, and what becomes of their answer."""

from __future__ import annotations

import io
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image
from tests.daemon.batch.photos import HEIGHT, WIDTH, alpha, answer, photo, pixels, wishes

from flyaway.batch import work
from flyaway.batch.inputs import sha256
from flyaway.batch.plan import Job
from flyaway.batch.work import Finished
from flyaway.errors import RequestError, TooLargeError
from flyaway.files import photos


def finished(job: Job, output: Path, **options: Any) -> Finished:
    wanted = wishes(output, **options)
    prepared = work.prepare(job, wanted)
    return work.finish(job, prepared, answer(prepared.request), wanted)


def picture(result: Finished, kind: str) -> NDArray[Any]:
    (found,) = (one for one in result.pictures if one.kind == kind)
    file = io.BytesIO()
    found.write(file)
    with Image.open(file) as image:
        return np.array(image)


def test_asks_behind_editors_with_all_that_goes_with_the_photo(tmp_path: Path) -> None:
    job = photo(tmp_path)
    Image.fromarray(alpha()).save(tmp_path / "t.png")
    job = replace(job, selection=tmp_path / "t.png")

    prepared = work.prepare(job, wishes(tmp_path, trimap_pattern="{stem}", engine="builtin"))

    request = prepared.request
    assert (request.is_batch, request.engine, request.selection_is) == (True, "builtin", "trimap")
    assert request.wants_foreground
    assert bytes(prepared.parts["selection"]) == alpha().tobytes()
    assert {name: file.sha256 for name, file in prepared.inputs.items()} == {
        "photo": sha256(job.source), "selection": sha256(tmp_path / "t.png")
    }  # fmt: skip


def test_colours_are_not_asked_for_where_only_a_mask_is_wanted(tmp_path: Path) -> None:
    prepared = work.prepare(photo(tmp_path), wishes(tmp_path, mask=True))
    assert not prepared.request.wants_foreground


def test_glass_is_told_and_done_anew_where_it_was_not(tmp_path: Path) -> None:
    told, before = wishes(tmp_path, transparent=True), wishes(tmp_path)
    assert work.prepare(photo(tmp_path), told).request.transparent
    assert told.wanted == before.wanted | {"transparent": True}


def test_cut_out_and_mask_are_of_one_frame(tmp_path: Path) -> None:
    result = finished(photo(tmp_path), tmp_path, both=True, trim=True, pad="10%")

    cut_out, mask = picture(result, "cutout"), picture(result, "mask")
    assert mask.shape == (8 + 2, 11 + 2)  # 10 % of 11 is one pixel on each side
    assert np.array_equal(cut_out[..., 3], mask)
    assert np.array_equal(mask[1:-1, 1:-1], alpha()[4:12, 6:17])
    assert np.array_equal(cut_out[1:9, 1:11, :3], pixels()[4:12, 6:16])
    assert result.soft == pytest.approx(8 / (WIDTH * HEIGHT))
    assert result.notes == ("A note.",)


def test_a_background_takes_the_place_of_transparency(tmp_path: Path) -> None:
    result = finished(photo(tmp_path), tmp_path, background="#102030")

    shown = picture(result, "cutout")
    assert shown.shape == (HEIGHT, WIDTH, 3)
    assert shown[0, 0].tolist() == [0x10, 0x20, 0x30]
    assert np.array_equal(shown[4:12, 6:16], pixels()[4:12, 6:16])


def test_a_picture_behind_is_known_by_its_content(tmp_path: Path) -> None:
    Image.new("RGB", (4, 4), "red").save(tmp_path / "wall.png")
    first = wishes(tmp_path, background=str(tmp_path / "wall.png"))
    Image.new("RGB", (4, 4), "blue").save(tmp_path / "wall.png")
    second = wishes(tmp_path, background=str(tmp_path / "wall.png"))

    assert first.wanted != second.wanted
    assert picture(
        finished(photo(tmp_path), tmp_path, background=str(tmp_path / "wall.png")), "cutout"
    )[0, 0].tolist() == [0, 0, 255]


def test_a_colour_that_there_is_not_is_refused_before_any_photo(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="'sandd' is no colour"):
        wishes(tmp_path, background="sandd")


def test_nothing_seen_is_not_trimmed_and_said(tmp_path: Path) -> None:
    job, wanted = photo(tmp_path), wishes(tmp_path, mask=True, trim=True)
    prepared = work.prepare(job, wanted)
    empty = replace(answer(prepared.request), alpha=bytearray(WIDTH * HEIGHT))

    result = work.finish(job, prepared, empty, wanted)

    assert picture(result, "mask").shape == (HEIGHT, WIDTH)
    assert "was not trimmed" in result.notes[0]


def test_the_thumbnail_is_the_cut_out_small(tmp_path: Path) -> None:
    result = finished(photo(tmp_path), tmp_path)
    assert np.array_equal(result.thumbnail, np.dstack((pixels(), alpha())))


def test_a_large_grey_deep_photo_has_one_too(tmp_path: Path) -> None:
    grey = np.full((300, 600), 0x8000, np.uint16)
    Image.fromarray(grey).save(tmp_path / "a.png")
    job, wanted = Job("a.png", tmp_path / "a.png"), wishes(tmp_path, mask=True)
    prepared = work.prepare(job, wanted)
    given = replace(answer(prepared.request), alpha=bytearray(b"\xff" * grey.nbytes))

    result = work.finish(job, prepared, given, wanted)

    assert result.thumbnail.shape == (128, 256, 4)
    assert np.abs(result.thumbnail[..., :3].astype(int) - 128).max() <= 1
    assert (result.thumbnail[..., 3] == 255).all()


def test_a_photo_that_changes_while_it_is_read_is_not_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, whole = photo(tmp_path), photos.read_photo

    def read(path: Path, limit: int) -> photos.Photo:
        found = whole(path, limit)
        with path.open("ab") as file:
            file.write(b"more")
        return found

    monkeypatch.setattr(photos, "read_photo", read)
    with pytest.raises(RequestError, match="changed while it was read"):
        work.prepare(job, wishes(tmp_path))


@pytest.mark.parametrize(
    ("fault", "kind", "told"),
    [
        (MemoryError(), TooLargeError, "not enough memory"),
        (ValueError("odd"), RequestError, r"ValueError: odd"),
        (KeyError("tag"), RequestError, "cannot work on"),
    ],
)
def test_odd_files_end_in_sentences(
    fault: Exception, kind: type[Exception], told: str, tmp_path: Path
) -> None:
    with pytest.raises(kind, match=told), work.faults_as_sentences(Job("a.png", tmp_path)):
        raise fault


def test_what_its_name_forbids_is_not_read(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match="Because"):
        work.prepare(Job("a", tmp_path / "nowhere", refusal="Because."), wishes(tmp_path))
