"""report: failures as a table, and a sheet to look at."""

from __future__ import annotations

import csv
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from PIL import Image
from tests.daemon.batch.photos import DiskManifest, read

from flyaway.batch import report
from flyaway.batch.manifest import Record, State
from flyaway.batch.plan import Job
from flyaway.errors import RequestError


class Everything(frozenset[str]):
    """The names of all photos that can be."""

    def __contains__(self, name: object) -> bool:
        return name != "gone.png"


NAMES = Everything()


@pytest.fixture
def manifest(tmp_path: Path) -> DiskManifest:
    manifest = DiskManifest(tmp_path / "out")
    manifest.prepare()
    return manifest


def keep(manifest: DiskManifest, name: str, **fields: Any) -> None:
    key = Job(name, Path()).key
    record = Record(name, State.DONE, {}, {}, outputs={f"{name}-cutout.png": ""})
    manifest.keep(key, replace(record, **fields))
    Image.new("RGBA", (64, 32), (255, 0, 0, 128)).save(manifest.thumbnail(key))


class Page(HTMLParser):
    """What a browser finds in a page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.links: list[str] = []
        self.pictures: list[str] = []
        self.titles: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        values = dict(attrs)
        if tag == "a":
            self.links.append(unquote(values["href"] or ""))
            self.titles.append(values["title"] or "")
        if tag == "img":
            self.pictures.append(unquote(values["src"] or ""))


def page(manifest: DiskManifest) -> Page:
    return Page((manifest.output / "contact-sheet.html").read_text(encoding="utf-8"))


def test_the_unsure_come_first_then_soft_edges(manifest: DiskManifest) -> None:
    keep(manifest, "sure", confidence=0.9)
    keep(manifest, "told, soft", soft=0.3)
    keep(manifest, "told, hard", soft=0.1)
    keep(manifest, "unsure", confidence=0.2)
    keep(manifest, "failed", state=State.FAILED, sentence="Because.")

    assert report.write(manifest, NAMES) == 1

    names = [link.removesuffix("-cutout.png") for link in page(manifest).links]
    assert names == ["unsure", "sure", "told, soft", "told, hard"]


def test_names_and_notes_of_all_kinds_are_shown_as_they_are(manifest: DiskManifest) -> None:
    name = "a\n<b>&\"ü'%23 #?.png"
    keep(manifest, name, notes=('A "note" & more.', "Another."))

    report.write(manifest, NAMES)

    found = page(manifest)
    assert found.links == [f"{name}-cutout.png"]
    assert found.titles == ['A "note" & more.\nAnother.']
    assert all((manifest.output / picture).is_file() for picture in found.pictures)


def test_the_picture_shows_fifty_over_a_checkerboard(manifest: DiskManifest) -> None:
    for index in range(51):
        keep(manifest, f"{index}.png")

    report.write(manifest, NAMES)

    sheet = read(manifest.output / "contact-sheet.png")
    assert sheet.shape[1] == 1600
    assert sheet.shape[0] // 5 >= 160
    corner, other, middle = sheet[0, 0], sheet[0, 10], sheet[80, 80]
    assert corner.tolist() == [220] * 3
    assert other.tolist() == [170] * 3
    assert middle[0] > 190
    assert middle[1] < 120


def test_the_picture_tells_photos_of_one_name_apart(manifest: DiskManifest) -> None:
    keep(manifest, "shoes/same.png")
    keep(manifest, "a folder with a name that is long/bags/same.png")

    report.write(manifest, NAMES)

    sheet = read(manifest.output / "contact-sheet.png")
    under = sheet[160:174, :160], sheet[160:174, 160:]
    assert all((line == 255).mean() > 0.5 and line.min() < 50 for line in under)
    assert under[0].tolist() != under[1].tolist()


def test_nothing_done_is_a_sheet_of_nothing(manifest: DiskManifest) -> None:
    assert report.write(manifest, NAMES) == 0
    assert page(manifest).links == []
    assert (manifest.output / "contact-sheet.png").is_file()


def test_a_thumbnail_that_is_gone_is_left_out(manifest: DiskManifest) -> None:
    keep(manifest, "a.png")
    manifest.thumbnail(Job("a.png", Path()).key).unlink()

    report.write(manifest, NAMES)

    assert read(manifest.output / "contact-sheet.png").shape[:2] == (188, 160)


def test_failures_are_a_table_that_spreadsheets_open(manifest: DiskManifest) -> None:
    keep(manifest, 'b,"\n.png', state=State.FAILED, sentence="Too large, it is.", when="today")

    report.write(manifest, NAMES)

    content = (manifest.output / "failures.csv").read_bytes()
    assert content.startswith(b"\xef\xbb\xbf")  # without it Excel takes umlauts for two letters
    with (manifest.output / "failures.csv").open(encoding="utf-8-sig", newline="") as file:
        assert list(csv.DictReader(file)) == [
            {"photo": 'b,"\n.png', "sentence": "Too large, it is.", "when": "today"}
        ]


def test_photos_that_are_gone_have_not_failed(manifest: DiskManifest) -> None:
    keep(manifest, "gone.png", state=State.FAILED, sentence="Because.")
    assert report.write(manifest, NAMES) == 0


@pytest.mark.parametrize("name", ["failures.csv", "contact-sheet.html", "contact-sheet.png"])
def test_reports_are_written_over_our_own_alone(name: str, manifest: DiskManifest) -> None:
    keep(manifest, "a.png", state=State.FAILED, sentence="Because.")
    report.check(manifest.output)
    report.write(manifest, NAMES)
    report.check(manifest.output)

    (manifest.output / name).write_text("the user's")
    with pytest.raises(RequestError, match="would be written over"):
        report.check(manifest.output)


def test_a_folder_in_the_place_of_a_report_is_told(manifest: DiskManifest) -> None:
    (manifest.output / "failures.csv").mkdir()
    with pytest.raises(RequestError, match=r"failures\.csv cannot be read"):
        report.check(manifest.output)
