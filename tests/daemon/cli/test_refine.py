"""refine: from a photo and its mask to the refined mask, through a real daemon with the built-in engine."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from tests.daemon.servers import Loading, serving

from flyaway import engines
from flyaway.cli.main import main
from flyaway.config import Settings
from flyaway.engines.contract import AnyEngine
from flyaway.serving.engine_service import EngineService

WIDTH, HEIGHT = 80, 60


def scene() -> Any:
    """Bright on the right half, dark on the left, a soft edge between."""
    ramp = np.clip((np.arange(WIDTH) - WIDTH / 2) / 6 + 0.5, 0, 1)
    return np.rint(40 + 180 * ramp[None, :, None] * np.ones((HEIGHT, 1, 3))).astype(np.uint8)


def mask(dtype: type = np.uint8) -> Any:
    """Right, but for a part that was lost."""
    ramp = np.clip((np.arange(WIDTH) - WIDTH / 2) / 6 + 0.5, 0, 1)
    levels: Any = np.rint(ramp[None] * np.ones((HEIGHT, 1)) * np.iinfo(dtype).max).astype(dtype)
    levels[20:40, :60] = 0
    return levels


def drawn(top: int, left: int, bottom: int, right: int) -> Any:
    levels = np.zeros((HEIGHT, WIDTH), np.uint8)
    levels[top:bottom, left:right] = 255
    return levels


@pytest.fixture
def folder(home: Path, tmp_path: Path) -> Iterator[Path]:
    """A folder with the files, and a daemon that the command finds."""
    files = {
        "photo": scene(),
        "mask": mask(),
        "inside": drawn(15, 30, 45, 70),
        "keep": drawn(25, 62, 30, 66),
        "remove": drawn(50, 70, 55, 75),
        "unknown": drawn(16, 34, 44, 62),
    }
    for name, levels in files.items():
        Image.fromarray(levels).save(tmp_path / f"{name}.png")

    def load(name: str) -> AnyEngine:
        return engines.load(name)

    with serving(engines=EngineService(Settings(), Loading(load))) as running:
        running.file.write(home)
        yield tmp_path


def refine(folder: Path, *options: str) -> int:
    paths = [str(folder / f"{name}.png") for name in ("photo", "mask")]
    return main(["refine", *paths, *options, "-o", str(folder / "out.png")])


def result(folder: Path) -> Any:
    with Image.open(folder / "out.png") as image:
        return np.array(image)


def test_finds_what_was_lost_and_leaves_all_else_as_it_was(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert refine(folder, "--inside", str(folder / "inside.png")) == 0
    refined, place = result(folder), drawn(15, 30, 45, 70) > 0
    assert (refined[~place] == mask()[~place]).all()
    assert refined[30, 55] > 200
    assert "out.png: Built-in engine" in capsys.readouterr().err


def test_glass_is_told(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert refine(folder, "--inside", str(folder / "inside.png"), "--transparent") == 0
    assert "can make nothing of the hint that light shines through" in capsys.readouterr().err


def test_strokes_hold_and_need_no_region(folder: Path) -> None:
    strokes = [(f"--{name}", str(folder / f"{name}.png")) for name in ("keep", "remove", "unknown")]
    assert refine(folder, *(word for pair in strokes for word in pair)) == 0
    refined = result(folder)
    assert (refined[25:30, 62:66] == 255).all()
    assert (refined[50:55, 70:75] == 0).all()
    assert refined[30, 48] > 200
    assert refined[5, 5] == 0


def test_a_deep_mask_stays_deep_and_may_be_replaced(folder: Path) -> None:
    Image.fromarray(mask(np.uint16)).save(folder / "mask.png")
    options = ["--inside", str(folder / "inside.png"), "-o", str(folder / "mask.png")]
    assert main(["refine", str(folder / "photo.png"), str(folder / "mask.png"), *options]) == 0
    with Image.open(folder / "mask.png") as image:
        refined = np.array(image).astype(int)
    place = drawn(15, 30, 45, 70) > 0
    assert (refined[~place] == mask(np.uint16)[~place]).all()
    assert (refined[place] % 257 != 0).any(), "it has but 256 levels"


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        ([], "Say where: give --inside"),
        (["--inside", "missing.png"], "missing.png"),
        (["--inside", "photo.png", "-o", "out.jpg"], "let the name out.jpg end in .png"),
    ],
)
def test_what_cannot_be_is_said(
    folder: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    options: list[str],
    complaint: str,
) -> None:
    monkeypatch.chdir(folder)
    assert main(["refine", "photo.png", "mask.png", "-o", "out.png", *options]) == 2
    assert complaint in capsys.readouterr().err
    assert not (folder / "out.png").exists()


@pytest.mark.parametrize(
    ("levels", "complaint"),
    [(scene(), "is no mask"), (mask()[:, 1:], "the photo 80 × 60")],
)
def test_what_is_no_mask_of_the_photo_is_refused(
    folder: Path, capsys: pytest.CaptureFixture[str], levels: Any, complaint: str
) -> None:
    Image.fromarray(levels).save(folder / "mask.png")
    assert refine(folder, "--inside", str(folder / "inside.png")) == 2
    assert complaint in capsys.readouterr().err
