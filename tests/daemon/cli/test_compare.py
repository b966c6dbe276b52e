"""compare: from a photo to a sheet, through a real daemon."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.daemon.servers import Gate, Loading, MadeUpEngine, serving

from flyaway.cli.main import main
from flyaway.config import Settings
from flyaway.engines.contract import AnyEngine
from flyaway.errors import EngineError, WeightsError
from flyaway.images import sheet
from flyaway.serving.engine_service import EngineService
from flyaway.weights.store import Store

WIDTH, HEIGHT = 120, 90

posix = pytest.mark.skipif(os.name == "nt", reason="signals as POSIX has them")


HERE = ("modnet-photographic", "ben2-base")


def engine_of(name: str) -> AnyEngine:
    if name not in ("builtin", *HERE):
        raise WeightsError(f"{name} is not installed.")
    if name.startswith("ben2"):
        raise EngineError("BEN2 has failed on the test's bench.")
    return MadeUpEngine()


@pytest.fixture
def daemon(home: Path, store: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A daemon with made-up engines of which two have their weights here, and one fails."""
    monkeypatch.setattr(Store, "holds", lambda self, record: record.name in HERE)
    with serving(engines=EngineService(Settings(), Loading(engine_of))) as running:
        running.file.write(home)
        yield


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    folder = tmp_path / "Fötos und mehr"
    folder.mkdir()
    pixels = np.random.default_rng(1).integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
    Image.fromarray(pixels).save(folder / "写真.png")
    trimap = np.full((HEIGHT, WIDTH), 128, np.uint8)
    trimap[:, :20], trimap[:, -40:] = 0, 255
    Image.fromarray(trimap).save(folder / "trimap.png")
    return folder / "写真.png"


def compare(photo: Path, *options: str | Path) -> int:
    return main(["compare", str(photo), *map(str, options)])


def trimap(photo: Path) -> Path:
    return photo.with_name("trimap.png")


def opened(path: Path) -> Any:
    with Image.open(path) as image:
        assert image.mode == "RGB"
        return np.array(image)


def test_a_row_for_each_engine_beside_the_photo(
    daemon: None, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    names = "modnet-photographic,ben2-base,birefnet-lite,nobody,backgroundmattingv2-resnet50"
    assert compare(photo, "--trimap", trimap(photo), "--engines", names) == 0

    shown = capsys.readouterr()
    lines = dict(line.split(": ", 1) for line in shown.out.splitlines())
    assert ",".join(lines) == names
    assert "to load first" in lines["modnet-photographic"]
    assert "MB of memory" in lines["modnet-photographic"]
    assert lines["ben2-base"] == "BEN2 has failed on the test's bench."
    assert lines["birefnet-lite"] == "birefnet-lite is not installed."
    assert "no engine called 'nobody'" in lines["nobody"]
    assert "Give that as the plate" in lines["backgroundmattingv2-resnet50"]
    target = photo.with_name("写真-comparison.png")
    assert shown.err == f"{target}: 1 of 5 engines have done it\n"
    result = opened(target)
    assert result.shape[1] == sheet.layout(WIDTH, HEIGHT, 5).row_width


def test_the_sheet_shows_what_each_engine_made(daemon: None, photo: Path) -> None:
    target = photo.with_name("sheet.png")
    assert compare(photo, "--trimap", trimap(photo), "--engines", "builtin", "-o", target) == 0

    result, bottom = opened(target), -16 - 12
    alpha = result[bottom - HEIGHT : bottom, 16 : 16 + WIDTH]
    assert np.all(alpha[:, :20] == 0)
    assert np.all(alpha[:, 20:-40] == 128)
    assert np.all(alpha[:, -40:] == 255)
    photo_px = opened(photo)
    over_white = result[bottom - HEIGHT : bottom, 16 + 2 * (WIDTH + 12) :][:, :WIDTH]
    assert np.all(over_white[:, :20] == 255)
    assert np.array_equal(over_white[:, -40:], photo_px[:, -40:])


def test_what_was_loaded_before_is_told_from_what_was_not(
    daemon: None, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(photo, "--engines", "builtin") == 0
    assert "to load first" in capsys.readouterr().out
    assert compare(photo, "--engines", "builtin") == 0
    assert "loaded before" in capsys.readouterr().out


@pytest.mark.parametrize("options", [(), ("--engines", "all")])
def test_all_and_nothing_are_the_engines_whose_weights_are_here(
    options: tuple[str, ...], daemon: None, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(photo, *options) == 0
    asked = {line.split(":")[0] for line in capsys.readouterr().out.splitlines()}
    assert asked == {"modnet-photographic", "ben2-base", "builtin"}


def test_a_crop_is_all_that_is_compared(daemon: None, photo: Path) -> None:
    target = photo.with_name("sheet.png")
    options = ("--trimap", trimap(photo), "--engines", "builtin", "--crop", "10,5,29,14")
    assert compare(photo, *options, "-o", target) == 0
    alpha = opened(target)[-28 - 10 : -28, 16:36]
    assert np.all(alpha[:, :10] == 0)
    assert np.all(alpha[:, 10:] == 128)


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (("--crop", "0,0,120,10"), "is no part of the photo of 120 × 90 pixels"),
        (("--crop", "9,0,8,10"), "is no part of the photo"),
        (("-o", "sheet.jpg"), "let the name sheet.jpg end in .png"),
    ],
)
def test_what_cannot_be_is_refused_with_a_sentence(
    options: tuple[str, ...], sentence: str, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert compare(photo, *options) == 2
    assert sentence in capsys.readouterr().err
    assert sorted(path.name for path in photo.parent.iterdir()) == ["trimap.png", "写真.png"]


@pytest.mark.parametrize(
    "options",
    [("--crop", "1,2,3"), ("--crop", "a,b,c,d"), ("--crop", "-1,0,3,4"), ("--engines", ","),
     ("--engines", ",".join(map(str, range(65))))],
)  # fmt: skip
def test_options_that_say_nothing_are_refused(options: tuple[str, ...], photo: Path) -> None:
    with pytest.raises(SystemExit, match="2"):
        compare(photo, *options)


def test_no_source_is_overwritten(
    daemon: None, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = photo.read_bytes()
    assert compare(photo, "-o", photo) == 2
    assert "would be overwritten" in capsys.readouterr().err
    assert photo.read_bytes() == before


def test_where_no_engine_has_done_it_the_sheet_says_why_and_the_command_fails(
    daemon: None, photo: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    target = photo.with_name("sheet.png")
    assert compare(photo, "--engines", "ben2-base,birefnet-hr", "-o", target) == 1
    assert "0 of 2 engines have done it" in capsys.readouterr().err
    assert opened(target).shape[0] > 100


@posix
def test_ctrl_c_cancels_and_leaves_no_file(
    home: Path, photo: Path, gate: Gate, capsys: pytest.CaptureFixture[str]
) -> None:
    def press() -> None:
        gate.wait_until_begun()
        os.kill(os.getpid(), signal.SIGINT)

    presser = threading.Thread(target=press)
    with serving(gate) as running:
        running.file.write(home)
        presser.start()
        assert compare(photo, "--engines", "builtin,birefnet-lite") == 130
        presser.join()
        gate.wait_until_ended()
    assert capsys.readouterr().err == "flyaway: Cancelled.\n"
    assert sorted(path.name for path in photo.parent.iterdir()) == ["trimap.png", "写真.png"]
