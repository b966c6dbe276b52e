"""batch: real folders through a daemon, and what is left of them when a run is killed, stopped, or not alone."""

from __future__ import annotations

import csv
import errno
import json
import os
import re
import signal
import subprocess
import threading
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import pytest
from PIL import Image
from tests.daemon.cli.kills import kill
from tests.daemon.cli.runs import (
    HEIGHT,
    MANY,
    WIDTH,
    begun,
    command,
    make_many,
    pixels,
    read,
    results,
    save,
    told_by,
    tree,
)
from tests.daemon.servers import PATIENCE_S, Gate, copy_selection, request, serving, wait_until

from flyaway.batch.settings import settle
from flyaway.cli import batch as command_line
from flyaway.cli.main import main
from flyaway.config import Settings
from flyaway.extraction.pipeline import Outcome
from flyaway.files import formats
from flyaway.serving.tasks import ExtractionTask
from flyaway_client.client import Client

KILLS = int(os.environ.get("FLYAWAY_KILLS", "8"))
"""How often a run is killed; more finds more: FLYAWAY_KILLS=100."""

PHOTOS = 5 * KILLS
"""So many that there is something to do for each run that is killed."""

posix = pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")


class Recorder:
    """Work that notes what it was asked, and hands the selection or the image's first channel back."""

    def __init__(self) -> None:
        self.tasks: list[ExtractionTask] = []

    def __call__(self, task: ExtractionTask) -> Outcome:
        self.tasks.append(task)
        return copy_selection(task)


@pytest.fixture
def daemon(home: Path) -> Iterator[Recorder]:
    """A daemon that the commands find, and what it was asked; it answers without colours."""
    recorder = Recorder()
    with serving(recorder) as running:
        running.file.write(home)
        yield recorder


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """A folder with folders in it, the same name in two of them, and names that scripts trip over."""
    folder = tmp_path / "Fötos"
    for index, name in enumerate(
        ("a.png", "two words/a.png", "two words/lín\né.png", "ü/b'\".png")
    ):
        save(folder / name, index)
    (folder / "notes.txt").write_text("no photo")
    (folder / ".hidden.png").write_bytes(b"no photo")
    return folder


def failures(folder: Path) -> dict[str, str]:
    """Photo -> sentence."""
    with (folder / "failures.csv").open(encoding="utf-8-sig", newline="") as file:
        return {row["photo"]: row["sentence"] for row in csv.DictReader(file)}


def batch(photos: Path, out: Path, *options: str) -> int:
    """Masks, which `copy_selection` can answer."""
    return main(["batch", str(photos), "-o", str(out), "--mask", *options])


def lines(capsys: pytest.CaptureFixture[str]) -> list[dict[str, Any]]:
    return [json.loads(line) for line in capsys.readouterr().out.splitlines()]


def test_mirrors_the_tree_so_that_equal_names_do_not_meet(
    daemon: Recorder, photos: Path, tmp_path: Path
) -> None:
    before = tree(photos)

    assert batch(photos, tmp_path / "out") == 0

    assert results(tmp_path / "out") == {
        "a-mask.png", "two words/a-mask.png", "two words/lín\né-mask.png", "ü/b'\"-mask.png"
    }  # fmt: skip
    assert np.array_equal(read(tmp_path / "out/a-mask.png"), pixels(0)[..., 0])
    assert np.array_equal(read(tmp_path / "out/two words/a-mask.png"), pixels(1)[..., 0])
    assert tree(photos) == before
    assert all(task.request.is_batch for task in daemon.tasks)


def test_a_second_run_does_only_what_is_new_or_has_changed(
    daemon: Recorder, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    batch(photos, out)
    save(photos / "new.png", 7)
    save(photos / "a.png", 8)
    (photos / "ü/b'\".png").touch()  # which is no change
    capsys.readouterr()
    asked = len(daemon.tasks)

    assert batch(photos, out, "--json") == 0

    assert len(daemon.tasks) - asked == 2
    told = lines(capsys)
    assert {line["photo"] for line in told if line["event"] == "done"} == {"new.png", "a.png"}
    assert np.array_equal(read(out / "a-mask.png"), pixels(8)[..., 0])


def test_other_settings_have_everything_done_again_over_our_own_results(
    daemon: Recorder, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    batch(photos, out)
    asked = len(daemon.tasks)

    assert batch(photos, out, "--pad", "2") == 0

    assert len(daemon.tasks) == 2 * asked
    assert read(out / "a-mask.png").shape == (HEIGHT + 4, WIDTH + 4)


def test_a_result_that_was_lost_is_made_again(
    daemon: Recorder, photos: Path, tmp_path: Path
) -> None:
    batch(photos, tmp_path / "out")
    (tmp_path / "out/a-mask.png").unlink()

    assert batch(photos, tmp_path / "out") == 0

    assert len(daemon.tasks) == 5
    assert (tmp_path / "out/a-mask.png").is_file()


def test_nothing_that_is_not_ours_is_written_over(
    daemon: Recorder, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    (out / "two words").mkdir(parents=True)
    (out / "a-mask.png").write_text("precious")

    assert batch(photos, out) == 1

    assert (out / "a-mask.png").read_text() == "precious"
    assert "is there already" in failures(out)["a.png"]
    assert len(results(out)) == 4


def test_a_table_of_somebody_elses_is_not_written_over(
    daemon: Recorder, photos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (photos / "failures.csv").write_text("mine")

    assert batch(photos, photos) == 2

    assert "failures.csv is not what a batch has made" in capsys.readouterr().err
    assert (photos / "failures.csv").read_text() == "mine"
    assert daemon.tasks == []


def test_a_result_that_was_retouched_is_kept_when_settings_change(
    daemon: Recorder, photos: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    batch(photos, out)
    (out / "a-mask.png").write_text("retouched")
    assert batch(photos, out) == 0

    assert batch(photos, out, "--pad", "2") == 1

    assert (out / "a-mask.png").read_text() == "retouched"
    assert list(failures(out)) == ["a.png"]


def test_bad_files_end_in_the_table_and_do_not_end_the_run(
    daemon: Recorder, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    (photos / "corrupt.jpg").write_bytes(b"\xff\xd8\xff\xe0 no jpeg")
    (photos / "raw.NEF").write_bytes(b"raw")
    whole = (photos / "a.png").read_bytes()
    (photos / "cut.png").write_bytes(whole[: len(whole) // 2])
    Image.new("L", (200, 100)).save(photos / "huge.png")
    (photos / "gone.png").symlink_to(photos / "nowhere.png")
    (tmp_path / "config.toml").write_text("max_megapixels = 0.01")

    assert batch(photos, out) == 1

    told = failures(out)
    assert set(told) == {"corrupt.jpg", "raw.NEF", "cut.png", "huge.png", "gone.png"}
    assert "raw converter" in told["raw.NEF"]
    assert "200 × 100 pixels" in told["huge.png"]
    assert "cannot be opened" in told["gone.png"]
    assert all(sentence.endswith(".") for sentence in told.values())
    assert len(results(out)) == 4
    assert "failures.csv" in capsys.readouterr().err


def test_what_failed_is_left_until_it_changes_or_is_asked_for(
    daemon: Recorder, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = tmp_path / "out"
    for name in ("bad.png", "worse.png"):
        (photos / name).write_bytes(b"no photo")
    batch(photos, out)
    capsys.readouterr()
    assert batch(photos, out, "--json") == 1
    assert [line for line in lines(capsys) if "photo" in line] == []
    save(photos / "bad.png", 5)

    assert batch(photos, out) == 1
    assert list(failures(out)) == ["worse.png"]
    assert (out / "bad-mask.png").is_file()
    capsys.readouterr()
    assert batch(photos, out, "--retry-failed", "--json") == 1
    assert [line["photo"] for line in lines(capsys) if line["event"] == "failed"] == ["worse.png"]


def test_trimaps_go_along_and_are_no_photos(daemon: Recorder, photos: Path, tmp_path: Path) -> None:
    trimap = np.full((HEIGHT, WIDTH), 128, np.uint8)
    for photo in list(photos.rglob("[!.]*.png")):
        Image.fromarray(trimap).save(photo.with_name(f"{photo.stem}_trimap.png"))
    (photos / "a_trimap.png").unlink()

    assert batch(photos, tmp_path / "out", "--trimap-pattern", "{stem}_trimap.png") == 1

    assert len(results(tmp_path / "out")) == 3
    assert {task.request.selection_is for task in daemon.tasks} == {"trimap"}
    assert "a_trimap.png cannot be opened" in failures(tmp_path / "out")["a.png"]


def test_the_file_beside_the_photos_holds_options_and_the_command_line_wins(
    daemon: Recorder, photos: Path, tmp_path: Path
) -> None:
    (photos / "flyaway-batch.toml").write_text(
        'output = "../results"\nboth = true\npad = 3\nformat = "tiff"\nname = "{kind}/{stem}"\n'
    )

    assert main(["batch", str(photos), "--mask", "--format", "webp"]) == 0

    assert "two words/mask/a.webp" in results(tmp_path / "results")
    assert len(results(tmp_path / "results")) == 4
    assert read(tmp_path / "results/mask/a.webp").shape[:2] == (HEIGHT + 6, WIDTH + 6)


def test_a_dry_run_says_what_would_be_done_and_writes_nothing(
    photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert batch(photos, tmp_path / "out", "--dry-run") == 0

    shown = capsys.readouterr()
    assert "two words/a.png -> two words/a-mask.png: new" in shown.out
    assert "4 photos, 4 to do." in shown.err
    assert ".txt" in shown.err
    assert not (tmp_path / "out").exists()


def test_parts_are_each_photo_once(daemon: Recorder, photos: Path, tmp_path: Path) -> None:
    for index in range(20):
        save(photos / f"{index}.png", index)

    for part in range(1, 4):
        assert batch(photos, tmp_path / "out", "--shard", f"{part}/3") == 0

    assert len(daemon.tasks) == 24
    assert len(results(tmp_path / "out")) == 24


def test_results_beside_the_photos_are_not_taken_for_photos(daemon: Recorder, photos: Path) -> None:
    assert batch(photos, photos) == 0
    assert batch(photos, photos) == 0
    assert batch(photos, photos / "two words" / "out") == 0

    assert len(daemon.tasks) == 8


def test_an_engine_that_there_is_not_ends_the_run_at_once(
    daemon: Recorder, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert batch(photos, tmp_path / "out", "--engine", "none-such") == 1

    assert "none-such" in capsys.readouterr().err
    assert failures(tmp_path / "out") == {}


def test_the_least_certain_come_first_on_the_sheet(
    home: Path, photos: Path, tmp_path: Path
) -> None:
    def work(task: ExtractionTask) -> Outcome:
        outcome = copy_selection(task)
        sure = 0.2 if bytes(task.parts["image"]) == pixels(1).tobytes() else 0.9
        return Outcome(outcome.alpha, "copy", "test bench", confidence=sure)

    with serving(work) as running:
        running.file.write(home)
        assert batch(photos, tmp_path / "out") == 0

    page = (tmp_path / "out/contact-sheet.html").read_text(encoding="utf-8")
    named = [
        figure.partition("<br>")[0].rpartition("<figcaption>")[2]
        for figure in page.split("<figure>")[1:]
    ]
    assert named[0] == "two words/a.png"
    assert len(named) == 4
    assert "20% sure" in page
    links = [part.partition('"')[0] for part in page.split('src="')[1:]]
    assert all((tmp_path / "out" / link).is_file() for link in links)
    assert read(tmp_path / "out/contact-sheet.png").shape[2] == 3


def test_a_folder_that_cannot_be_looked_into_is_told_and_counts(
    daemon: Recorder,
    photos: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    whole = os.scandir

    def scandir(path: str) -> Any:
        if Path(path).name == "two words":
            raise PermissionError(13, "Permission denied", path)
        return whole(path)

    monkeypatch.setattr(os, "scandir", scandir)

    assert batch(photos, tmp_path / "out") == 1

    assert "two words cannot be read: Permission denied." in capsys.readouterr().err
    assert len(daemon.tasks) == 2


def test_a_full_disk_ends_the_run_and_the_next_goes_on(
    daemon: Recorder,
    photos: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    out, written = tmp_path / "out", []
    whole = formats.write_mask

    def write(file: BinaryIO, alpha: Any, kind: str) -> None:
        written.append(kind)
        if len(written) > 2:
            file.write(b"half")
            raise OSError(errno.ENOSPC, "No space left on device")
        whole(file, alpha, kind)

    monkeypatch.setattr(formats, "write_mask", write)
    assert batch(photos, out) == 1
    assert "No space left on device" in capsys.readouterr().err
    assert len(results(out)) == 2
    assert list((out / ".flyaway-batch/work").iterdir()) == []
    monkeypatch.undo()
    monkeypatch.setenv("FLYAWAY_HOME", str(tmp_path / "flyaway home"))

    assert batch(photos, out) == 0

    assert len(results(out)) == 4
    assert failures(out) == {}


def test_ctrl_c_finishes_what_is_in_hand_and_says_how_to_go_on(
    home: Path, photos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str], gate: Gate
) -> None:
    for index in range(20):
        save(photos / f"{index}.png", index)

    def press() -> None:
        gate.wait_until_begun()
        os.kill(os.getpid(), signal.SIGINT)
        wait_until(lambda: signal.getsignal(signal.SIGINT) is signal.default_int_handler)
        gate.opened.set()

    with serving(gate) as running:
        running.file.write(home)
        finger = threading.Thread(target=press)
        finger.start()
        assert batch(photos, tmp_path / "out", "--workers", "1") == 130
        finger.join()
        done = len(results(tmp_path / "out"))
        assert 1 <= done < 24
        assert "Run the same command again" in capsys.readouterr().err

        assert batch(photos, tmp_path / "out") == 0

    assert len(results(tmp_path / "out")) == 24
    assert len(gate.ids) == 24


def test_a_second_ctrl_c_gives_up_what_is_in_hand(
    home: Path, photos: Path, tmp_path: Path, gate: Gate
) -> None:
    def press() -> None:
        gate.wait_until_begun()
        os.kill(os.getpid(), signal.SIGINT)
        wait_until(lambda: signal.getsignal(signal.SIGINT) is signal.default_int_handler)
        os.kill(os.getpid(), signal.SIGINT)

    with serving(gate) as running:
        running.file.write(home)
        finger = threading.Thread(target=press)
        finger.start()
        assert batch(photos, tmp_path / "out") == 130
        finger.join()

    assert results(tmp_path / "out") == set()
    assert list((tmp_path / "out/.flyaway-batch/work").iterdir()) == []


def test_a_daemon_whose_queue_is_full_is_waited_for(
    home: Path, photos: Path, tmp_path: Path
) -> None:
    with serving(settings=Settings(max_waiting=1)) as running:
        running.file.write(home)
        assert batch(photos, tmp_path / "out", "--workers", "8") == 0

    assert len(results(tmp_path / "out")) == 4


def test_the_page_of_it_tells_every_option_and_its_example_can_be_used() -> None:
    page = (Path(__file__).parents[3] / "docs/studio.md").read_text(encoding="utf-8")
    offered = {name for name, *_ in (*command_line._TEXTS, *command_line._SWITCHES)}
    table = page.partition("| option | what it does |")[2].partition("\n\n")[0]
    assert set(re.findall(r"`--([a-z-]+)", table)) == offered
    (example,) = re.findall(r"```toml\n(.*?)```", page, re.DOTALL)
    assert settle({}, tomllib.loads(example)).kinds == ("cutout", "mask")


# --- runs as processes of their own, with the daemon as users have it


@pytest.fixture
def own_daemon(home: Path) -> Iterator[None]:
    """The daemon as a process, with its engines."""
    assert main(["daemon", "start"]) == 0
    yield
    assert main(["daemon", "stop"]) == 0


@pytest.fixture
def many(tmp_path: Path) -> Path:
    return make_many(tmp_path / "many", PHOTOS)


@posix
@pytest.mark.slow
@pytest.mark.timeout(60 + 20 * KILLS)
def test_killed_at_any_moment_nothing_is_lost_doubled_or_half_written(
    own_daemon: None, many: Path, tmp_path: Path
) -> None:
    toll = kill(many, tmp_path / "out", KILLS)
    assert toll.kills == KILLS


@posix
def test_two_runs_at_once_share_the_work(own_daemon: None, many: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with begun(command(many, out, *MANY)) as first, begun(command(many, out, *MANY)) as second:
        told = [list(told_by(process)) for process in (first, second)]
        assert [first.wait(PATIENCE_S), second.wait(PATIENCE_S)] == [0, 0]

    done = [line["photo"] for each in told for line in each if line["event"] == "done"]
    assert len(done) == len(set(done)) == PHOTOS
    assert len(results(out)) == 2 * PHOTOS
    with Client.connect("a test", start=False) as client:
        assert client.status().done == PHOTOS


@posix
def test_watching_takes_photos_as_they_come_and_only_once_they_are_whole(
    own_daemon: None, tmp_path: Path
) -> None:
    photos, out = tmp_path / "photos", tmp_path / "out"
    save(tmp_path / "whole.png", 1)
    content = (tmp_path / "whole.png").read_bytes()
    photos.mkdir()
    with begun(command(photos, out, "--both", "--watch")) as process:
        told = told_by(process)
        assert next(told)["event"] == "begun"
        (photos / "late.png").write_bytes(content[: len(content) // 2])
        (photos / "whole.png").write_bytes(content)
        first = [next(told) for _ in range(2)]
        assert {(line["event"], line["photo"]) for line in first} == {
            ("done", "whole.png"), ("failed", "late.png")
        }  # fmt: skip
        with (photos / "late.png").open("ab") as file:
            file.write(content[len(content) // 2 :])
        line = next(told)
        assert (line["event"], line["photo"]) == ("done", "late.png")
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 0

    assert failures(out) == {}
    assert len(results(out)) == 4


@posix
def test_an_editor_goes_before_a_batch(home: Path, photos: Path, tmp_path: Path) -> None:
    """While a batch has its photos waiting, a request like an editor's is the next that is done."""
    gate, order = Gate(), list[bool]()

    def work(task: ExtractionTask) -> Outcome:
        order.append(task.request.is_batch)
        return gate(task)

    with serving(work) as running:
        running.file.write(home)
        runner = threading.Thread(
            target=subprocess.run,
            args=([*command(photos, tmp_path / "out", "--mask"), "--workers", "3"],),
            kwargs={"capture_output": True, "check": True},
        )
        runner.start()
        gate.wait_until_begun()
        peer = running.peer()
        wait_until(lambda: peer.status().queued == 2)
        peer.upload(request("editor"))
        wait_until(lambda: peer.status().queued == 3)
        gate.opened.set()
        assert len(peer.alpha(request("editor"))) == 12
        runner.join()

    assert order == [True, False, True, True, True]
