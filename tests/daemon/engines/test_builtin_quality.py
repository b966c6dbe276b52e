"""What scripts/quality measures, keeps, and says of a folder that it cannot measure on."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image as Pillow
from tests.benchmarks import contestants, quality

from flyaway.engines.records import Role
from flyaway.images.arrays import Alpha, Image, Region, Trimap


def photo(folder: Path) -> dict[str, str]:
    """Save a disc, its trimap and its alpha; returns its entry of the index."""
    y, x = np.mgrid[:40, :60]
    alpha = ((14 - np.hypot(y - 20, x - 30)) / 3 + 0.5).clip(0, 1)
    trimap = np.where(alpha == 0, 0, np.where(alpha == 1, 255, 128)).astype(np.uint8)
    image = np.dstack([alpha * 200, 90 - alpha * 20, 160 - alpha * 100]).astype(np.uint8)
    Pillow.fromarray(image).save(folder / "image.png")
    Pillow.fromarray(trimap).save(folder / "trimap.png")
    Pillow.fromarray((alpha * 255).round().astype(np.uint8)).save(folder / "alpha.png")
    return {"id": "disc", "image": "image.png", "trimap": "trimap.png", "alpha": "alpha.png"}


def measured_here(
    entrant: contestants.Contestant, photo: quality.Photo
) -> tuple[NDArray[np.float32], quality.Score]:
    """As quality.measure does, but in this process, where a test can look on."""
    alpha = entrant.solve(photo.image, photo.trimap, photo.region)
    return alpha, quality._score(photo, entrant.name, alpha, 0.0, 0.0)


def said(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    *more: str,
) -> tuple[int, str, str]:
    """Exit status, output and complaints of a run on a folder."""
    monkeypatch.setattr("sys.argv", ["quality", str(folder), "--alone", *more])
    status = quality.main()
    return status, *capsys.readouterr()


def test_measures_and_draws_a_photo(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "index.json").write_text(json.dumps([photo(tmp_path)]))
    sheet = tmp_path / "sheet.png"
    status, out, err = said(tmp_path, monkeypatch, capsys, "--sheet", str(sheet))
    assert (status, err) == (0, "")
    assert [line.split()[:2] for line in out.splitlines()] == [
        ["disc", "builtin"],
        ["mean", "builtin"],
        ["median", "builtin"],
    ]
    with Pillow.open(sheet) as drawn:
        assert drawn.width >= 4 * 60


def test_gives_grown_references_as_regions_and_keeps_how_it_was_measured(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    disc = photo(tmp_path)
    entry = {"id": "disc", "image": disc["image"], "reference": disc["alpha"]}
    (tmp_path / "index.json").write_text(json.dumps([entry]))
    given = []

    def solve(image: Image, trimap: Trimap | None, region: Region | None) -> Alpha:
        assert region is not None
        given.append(region.sum())
        return region.astype(np.float32)

    ours = contestants.Contestant("ours", frozenset({Role.FIND}), solve)
    monkeypatch.setattr(contestants, "engine", lambda name: ours)
    monkeypatch.setattr(quality, "measure", measured_here)
    kept = tmp_path / "kept.json"
    options = ("--region", "10", "--megapixels", "0.0096", "--json", str(kept))
    status, _, err = said(tmp_path, monkeypatch, capsys, *options)
    assert (status, err) == (0, "")
    # A disc of radius 14, and 4.9 pixels around it, both twice as large.
    assert given == [pytest.approx(np.pi * 37.8**2, rel=0.1)]
    scores = json.loads(kept.read_text())
    assert scores["region"] == 10
    assert scores["commit"]
    assert scores["scores"][0]["iou"] == pytest.approx((14 / 18.9) ** 2, abs=0.06)


@pytest.mark.parametrize(
    ("index", "sentence"),
    [
        (None, "has no index.json"),
        ("[{", "cannot be read"),
        ('{"id": "disc"}', "not a list of photos"),
        ('[{"id": "disc"}]', "not a list of photos"),
        ('[{"id": "disc", "image": 7}]', "not a list of photos"),
        ('[{"id": "disc", "image": "lost.png"}]', "The image of disc is not there"),
        ('[{"id": "disc", "image": "index.json"}]', "cannot be read as a picture"),
        (
            '[{"id": "disc", "image": "image.png", "reference": "small.png"}]',
            "The reference of disc is 3x2 pixels, its image 60x40",
        ),
    ],
)
def test_says_what_to_mend_in_a_sentence(
    index: str | None,
    sentence: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    photo(tmp_path)
    Pillow.new("L", (3, 2)).save(tmp_path / "small.png")
    if index is not None:
        (tmp_path / "index.json").write_text(index)
    status, out, err = said(tmp_path, monkeypatch, capsys)
    assert (status, out) == (1, "")
    assert sentence in err
    assert err.count("\n") == 1


def test_says_that_there_is_no_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    status, _, err = said(tmp_path / "none", monkeypatch, capsys)
    assert status == 1
    assert "There is no folder" in err


def test_says_which_photo_or_engine_there_is_not(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "index.json").write_text(json.dumps([photo(tmp_path)]))
    assert "has no photo cat." in said(tmp_path, monkeypatch, capsys, "--only", "cat")[2]
    assert "paintbrush" in said(tmp_path, monkeypatch, capsys, "--engine", "paintbrush")[2]


def test_harms_photos_as_asked_and_keeps_how(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "index.json").write_text(json.dumps([photo(tmp_path)]))
    given = []

    def solve(image: Image, trimap: object, region: object) -> NDArray[np.float32]:
        given.append(image)
        return np.zeros(image.shape[:2], np.float32)

    ours = contestants.Contestant("ours", frozenset({Role.SOLVE}), solve)
    monkeypatch.setattr(contestants, "engine", lambda name: ours)
    monkeypatch.setattr(quality, "measure", measured_here)
    kept = tmp_path / "kept.json"
    for options in ((), ("--noise", "5"), ("--noise", "5"), ("--noise", "5", "--noise-seed", "1")):
        assert said(tmp_path, monkeypatch, capsys, *options)[::2] == (0, "")
    saving = ("--jpeg", "75", "--subsampling", "444", "--json", str(kept))
    assert said(tmp_path, monkeypatch, capsys, *saving)[0] == 0
    clean, noisy, again, other, saved = (each.astype(float) for each in given)
    assert np.array_equal(noisy, again)
    assert not np.array_equal(noisy, other)
    assert (noisy - clean)[clean > 40].std() == pytest.approx(5, rel=0.1)
    assert 0 < np.abs(saved - clean).mean() < 10
    written = json.loads(kept.read_text())
    assert [written[name] for name in ("jpeg", "subsampling", "noise")] == [75, "444", 0]
