"""extract: from files to a file, through a real daemon."""

from __future__ import annotations

import os
import signal
import stat
import struct
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from PIL import Image, ImageCms
from tests.daemon.icc import PROPHOTO, of_table
from tests.daemon.servers import Gate, copy_selection, serving

from flyaway.cli.main import main
from flyaway.config import Settings
from flyaway.extraction.pipeline import NO_ENGINE, Outcome
from flyaway.serving.engine_service import EngineService
from flyaway.serving.tasks import ExtractionTask
from flyaway.weights.store import Store
from flyaway_client.messages import CHANNELS, ExtractRequest
from flyaway_client.prompts import Box, Point, Prompts

SRGB = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
SAMPLES = Path(__file__).parents[3] / "docs" / "samples"
WIDTH, HEIGHT = 40, 30

posix = pytest.mark.skipif(os.name == "nt", reason="signals, modes and links as POSIX has them")


@dataclass
class Recorder:
    """Work that notes down what it was asked, and hands the selection back at the asked depth."""

    requests: list[ExtractRequest] = field(default_factory=list)
    parts: list[dict[str, bytes]] = field(default_factory=list)

    def __call__(self, task: ExtractionTask) -> Outcome:
        self.requests.append(task.request)
        self.parts.append({name: bytes(data) for name, data in task.parts.items()})
        outcome = copy_selection(task)
        alpha, header = outcome.alpha, task.request.foreground
        if task.request.output_dtype == "u16":
            alpha = alpha.astype(np.uint16) * 257
        colours = None
        if header is not None:
            colours = np.zeros((*alpha.shape, CHANNELS[header.channels]), alpha.dtype)
        return replace(outcome, alpha=alpha, foreground=colours)


@pytest.fixture
def daemon(home: Path) -> Iterator[Recorder]:
    """A daemon that the commands find, and what it was asked."""
    recorder = Recorder()
    with serving(recorder) as running:
        running.file.write(home)
        yield recorder


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with a photo and a selection of its right half, all with awkward names."""
    folder = tmp_path / "Fötos und mehr"
    folder.mkdir()
    Image.fromarray(pixels()).save(folder / "a photo.png")
    Image.fromarray(selection()).save(folder / "sélection.png")
    return folder


def pixels(dtype: type = np.uint8) -> Any:
    return np.random.default_rng(1).integers(0, np.iinfo(dtype).max, (HEIGHT, WIDTH, 3), dtype)


def selection() -> Any:
    mask = np.zeros((HEIGHT, WIDTH), np.uint8)
    mask[:, WIDTH // 2 :] = 255
    return mask


def opened(path: Path) -> Image.Image:
    """The image in a file, which is closed again."""
    with Image.open(path) as image:
        image.load()
        return image


def extract(folder: Path, *options: str | Path) -> int:
    return main(["extract", str(folder / "a photo.png"), *map(str, options)])


def test_writes_the_photos_colours_with_alpha_beside_the_photo(
    daemon: Recorder, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert extract(folder, "--selection", folder / "sélection.png") == 0

    result = np.array(opened(folder / "a photo-cutout.png"))
    assert np.array_equal(result[..., 3], selection())
    assert np.array_equal(result[:, WIDTH // 2 :, :3], pixels()[:, WIDTH // 2 :])
    shown = capsys.readouterr()
    assert shown.out == ""
    assert shown.err.splitlines() == [
        "A note.",
        f"{folder / 'a photo-cutout.png'}: copy on test bench, 0.0 s",
    ]


def test_work_that_needed_no_engine_is_not_said_to_be_on_a_device(
    home: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def work(task: ExtractionTask) -> Outcome:
        return replace(copy_selection(task), engine=NO_ENGINE, device="", notes=())

    with serving(work) as running:
        running.file.write(home)
        assert extract(folder, "--trimap", folder / "sélection.png", "--mask") == 0

    assert capsys.readouterr().err == f"{folder / 'a photo-mask.png'}: no engine, 0.0 s\n"


def test_mask_is_the_alpha_alone(daemon: Recorder, folder: Path) -> None:
    assert extract(folder, "--selection", folder / "sélection.png", "--mask") == 0

    result = opened(folder / "a photo-mask.png")
    assert result.mode == "L"
    assert np.array_equal(np.array(result), selection())


@pytest.mark.parametrize(
    ("option", "kind"), [("--selection", "guess"), ("--trimap", "trimap"), ("--region", "region")]
)
def test_option_says_what_the_file_means(
    option: str, kind: str, daemon: Recorder, folder: Path
) -> None:
    assert extract(folder, option, folder / "sélection.png") == 0

    assert daemon.requests[0].selection_is == kind
    assert daemon.parts[0]["selection"] == selection().tobytes()
    assert daemon.parts[0]["image"] == pixels().tobytes()


def test_without_a_selection_the_subject_is_found_automatically(
    daemon: Recorder, folder: Path
) -> None:
    assert extract(folder) == 0

    assert daemon.requests[0].selection_is == "automatic"
    assert daemon.requests[0].selection is None


def test_edge_width_engine_and_profile_are_passed_on(daemon: Recorder, folder: Path) -> None:
    Image.fromarray(pixels()).save(folder / "a photo.png", icc_profile=SRGB)
    options = ["--edge-width", "12", "--engine", "builtin"]

    assert extract(folder, "--selection", folder / "sélection.png", *options) == 0

    asked = daemon.requests[0]
    assert (asked.edge_width_px, asked.engine, asked.colour) == (12, "builtin", "icc")
    assert daemon.parts[0]["icc"] == SRGB
    assert opened(folder / "a photo-cutout.png").info["icc_profile"] == SRGB


def test_plate_goes_along_and_fine_engine_is_named(daemon: Recorder, folder: Path) -> None:
    Image.fromarray(pixels()[::-1]).save(folder / "empty.png")

    assert extract(folder, "--plate", folder / "empty.png", "--fine-engine", "none") == 0

    asked = daemon.requests[0]
    assert asked.plate is not None
    assert asked.fine_engine == "none"
    assert daemon.parts[0]["plate"] == pixels()[::-1].tobytes()


def test_sixteen_bit_photo_gets_a_sixteen_bit_alpha(daemon: Recorder, folder: Path) -> None:
    grey = pixels(np.uint16)[..., 0]
    Image.fromarray(grey).save(folder / "a photo.png")

    assert extract(folder, "--selection", folder / "sélection.png", "--mask") == 0

    asked = daemon.requests[0]
    assert (asked.image.dtype, asked.output_dtype) == ("u16", "u16")
    mask = np.array(opened(folder / "a photo-mask.png"))
    assert np.array_equal(mask, selection().astype(np.uint16) * 257)


def test_output_may_be_a_folder_or_any_png(daemon: Recorder, folder: Path) -> None:
    (folder / "out").mkdir()

    assert extract(folder, "-o", folder / "out") == 0
    assert extract(folder, "-o", folder / "sub.PNG") == 0

    assert (folder / "out" / "a photo-cutout.png").is_file()
    assert (folder / "sub.PNG").is_file()


def test_existing_result_is_replaced(daemon: Recorder, folder: Path) -> None:
    (folder / "cutout.png").write_text("old")

    assert extract(folder, "-o", folder / "cutout.png") == 0

    assert opened(folder / "cutout.png").mode == "RGBA"


def refused(capsys: pytest.CaptureFixture[str], status: int, daemon: Recorder) -> str:
    """The one sentence of a command that ended without asking the daemon for work."""
    assert status == 2
    assert daemon.requests == []
    (line,) = capsys.readouterr().err.splitlines()
    assert line.startswith("flyaway: ")
    return line


def test_photo_that_is_no_image_is_refused(
    daemon: Recorder, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "a photo.png").write_text("no image")

    assert "is not an image" in refused(capsys, extract(folder), daemon)


@pytest.mark.parametrize("image", ["", ".", "/"])
def test_photo_without_a_name_is_refused(
    image: str, daemon: Recorder, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "is a folder. Name a photo" in refused(capsys, main(["extract", image]), daemon)


def test_photo_over_the_limit_of_the_settings_is_refused(
    daemon: Recorder, folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "config.toml").write_text("max_megapixels = 0.01")
    Image.new("L", (200, 100)).save(folder / "a photo.png")

    assert "200 × 100 pixels" in refused(capsys, extract(folder), daemon)


def test_plate_with_another_profile_is_refused(
    daemon: Recorder, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.fromarray(pixels()).save(folder / "empty.png", icc_profile=SRGB)

    status = extract(folder, "--plate", folder / "empty.png")

    assert "another colour profile" in refused(capsys, status, daemon)


@pytest.mark.parametrize("option", ["--selection", "--trimap", "--region", "--plate"])
def test_selection_of_another_size_is_refused_with_both_sizes(
    option: str, daemon: Recorder, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    Image.new("L", (WIDTH, HEIGHT - 1)).save(folder / "s.png")

    line = refused(capsys, extract(folder, option, folder / "s.png"), daemon)

    assert "40 × 29 pixels, the photo 40 × 30" in line


@pytest.fixture
def pointer(monkeypatch: pytest.MonkeyPatch) -> None:
    """An engine that can be pointed with is here."""
    monkeypatch.setattr(Store, "holds", lambda store, record: record.name == "mobile-sam")


@pytest.mark.usefixtures("pointer")
def test_points_and_boxes_are_passed_on(daemon: Recorder, folder: Path) -> None:
    options = ["--point", "5,6.5", "--not", "1,2", "--point", "7,8", "--box", "0,1,30,20"]
    assert extract(folder, *options) == 0
    assert extract(folder, "--point", "5,6", "--size", "part") == 0

    first, second = (request.prompts for request in daemon.requests)
    points = Point(5, 6.5), Point(7, 8), Point(1, 2, False)
    assert first == Prompts(points, (Box(0, 1, 30, 20),))
    assert second == Prompts((Point(5, 6),), size="part")
    assert daemon.requests[0].selection is None


def test_that_light_shines_through_is_passed_on(daemon: Recorder, folder: Path) -> None:
    assert extract(folder, "--transparent") == 0
    assert extract(folder) == 0
    assert [request.transparent for request in daemon.requests] == [True, False]


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--not", "1,2"], "--not and --size go with --point or --box"),
        (["--size", "part"], "--not and --size go with --point or --box"),
        (["--point", "40,2"], "40, 2 does not lie in the image of 40 x 30 pixels"),
        (["--box", "9,9,1,1"], "left and top come before its right and bottom"),
    ],
)
def test_points_that_make_no_sense_are_refused(
    options: list[str],
    complaint: str,
    daemon: Recorder,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    assert extract(folder, *options) != 0
    assert complaint in capsys.readouterr().err
    assert daemon.requests == []


def test_points_go_without_a_selection(
    daemon: Recorder, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert extract(folder, "--point", "1,1", "--region", folder / "sélection.png") != 0
    assert "--point and --box go without --region" in capsys.readouterr().err


@pytest.mark.parametrize("value", ["5", "5,", "5,six", "5,inf", "1,2,3"])
def test_a_point_is_two_numbers(
    value: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        extract(folder, "--point", value)
    assert "must be 2 numbers with commas between" in capsys.readouterr().err


def test_without_weights_says_how_to_get_them(
    daemon: Recorder, folder: Path, store: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert extract(folder, "--point", "1,1") != 0
    assert "(41 MB) with `flyaway models download mobile-sam`" in capsys.readouterr().err


def test_edge_width_without_a_selection_is_refused(
    daemon: Recorder, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "--selection" in refused(capsys, extract(folder, "--edge-width", "9"), daemon)


@pytest.mark.parametrize("width", ["0", "-3", "1.5", "wide", "1000001"])
def test_edge_width_must_be_a_number_of_pixels(
    width: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        extract(folder, "--edge-width", width)

    assert "whole number of pixels" in capsys.readouterr().err


@pytest.mark.parametrize("name", ["a photo.png", "sélection.png"])
def test_never_writes_over_what_it_reads(
    name: str, daemon: Recorder, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = (folder / name).read_bytes()
    status = extract(folder, "--selection", folder / "sélection.png", "-o", folder / name)

    line = refused(capsys, status, daemon)

    assert "would be overwritten" in line
    assert (folder / name).read_bytes() == before


def test_result_that_is_no_png_is_refused(
    daemon: Recorder, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert ".png" in refused(capsys, extract(folder, "-o", folder / "result.jpg"), daemon)


@pytest.mark.parametrize("name", ["no such folder/result.png", "a photo.png/result.png"])
def test_unwritable_place_is_noticed_before_the_work(
    name: str, daemon: Recorder, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert "cannot be written" in refused(capsys, extract(folder, "-o", folder / name), daemon)


def test_refusal_of_the_daemon_leaves_the_old_result_and_nothing_else(
    daemon: Recorder, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (folder / "result.png").write_text("old")
    before = sorted(folder.iterdir())

    assert extract(folder, "-o", folder / "result.png", "--engine", "none-such") == 2

    assert "none-such" in capsys.readouterr().err
    assert (folder / "result.png").read_text() == "old"
    assert sorted(folder.iterdir()) == before


def test_progress_is_shown_on_a_terminal_only(
    daemon: Recorder,
    folder: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)

    assert extract(folder) == 0

    shown = capsys.readouterr().err
    assert shown.startswith("\r  0% ")
    assert shown.rpartition("\r")[2].startswith("A note.\n")


def test_ctrl_c_cancels_the_work_and_leaves_no_file(
    home: Path, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    gate = Gate()
    before = sorted(folder.iterdir())

    def press() -> None:
        gate.wait_until_begun()
        os.kill(os.getpid(), signal.SIGINT)

    with serving(gate) as running:
        running.file.write(home)
        finger = threading.Thread(target=press)
        finger.start()
        assert extract(folder) == 130
        finger.join()
        gate.wait_until_ended()

    assert capsys.readouterr().err == "flyaway: Cancelled.\n"
    assert sorted(folder.iterdir()) == before


@posix
@pytest.mark.parametrize("number", [signal.SIGTERM, getattr(signal, "SIGHUP", None)])
def test_ends_by_other_signals_leave_no_file(
    home: Path, folder: Path, gate: Gate, number: signal.Signals
) -> None:
    def end_it() -> None:
        gate.wait_until_begun()
        os.kill(os.getpid(), number)

    usual = signal.signal(
        number, signal.SIG_DFL
    )  # whoever runs the tests may have it ignored, as nohup does
    with serving(gate) as running:
        running.file.write(home)
        ender = threading.Thread(target=end_it)
        ender.start()
        with pytest.raises(SystemExit) as caught:
            extract(folder, "--selection", folder / "sélection.png")
        ender.join()
    signal.signal(number, usual)

    assert caught.value.code == 128 + number
    assert {path.name for path in folder.iterdir()} == {"a photo.png", "sélection.png"}


@posix
def test_existing_result_keeps_who_may_read_it(daemon: Recorder, folder: Path) -> None:
    target = folder / "a photo-cutout.png"
    target.write_bytes(b"")
    target.chmod(0o640)
    old_mask = os.umask(0o077)
    try:
        assert extract(folder, "--selection", folder / "sélection.png") == 0
    finally:
        os.umask(old_mask)
    assert stat.S_IMODE(target.stat().st_mode) == 0o640


@posix
def test_links_that_wait_beside_the_result_are_not_followed(
    daemon: Recorder, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    precious = folder / "precious"
    precious.write_text("precious")
    for name in (f".a photo-cutout.png.{os.getpid()}", ".guessed.flyaway"):
        (folder / name).symlink_to(precious)
    assert extract(folder, "--selection", folder / "sélection.png") == 0
    monkeypatch.setattr("secrets.token_hex", lambda size: "guessed")
    assert extract(folder, "--selection", folder / "sélection.png") == 2
    assert precious.read_text() == "precious"


def test_sample_of_the_readme_comes_out_with_soft_hair(home: Path, tmp_path: Path) -> None:
    photo, outline = SAMPLES / "astronaut.png", SAMPLES / "outline.png"
    target = tmp_path / "cutout.png"

    try:
        status = main(["extract", str(photo), "--selection", str(outline), "-o", str(target)])
    finally:
        main(["daemon", "stop"])

    assert status == 0
    result = np.array(opened(target))
    face, corner, hair = result[110, 225], result[10, 500], result[12:60, 150:300, 3]
    assert face.tolist() == [*np.array(opened(photo))[110, 225], 255]
    assert corner.tolist() == [0, 0, 0, 0]
    assert ((hair > 20) & (hair < 235)).sum() > 100


@pytest.mark.parametrize(
    ("options", "is_wanted"), [((), True), (("--keep-colors",), False), (("--mask",), False)]
)
def test_the_subjects_own_colours_are_asked_for_where_they_are_written(
    daemon: Recorder, folder: Path, options: tuple[str, ...], is_wanted: bool
) -> None:
    assert extract(folder, *options) == 0
    assert daemon.requests[0].wants_foreground == is_wanted


@pytest.mark.parametrize(
    "icc", [b"", SRGB, PROPHOTO, of_table()], ids=["none", "srgb", "wide", "one way"]
)
@pytest.mark.parametrize("dtype", [np.uint8, np.uint16])
def test_changes_nothing_but_mixed_pixels(
    home: Path, folder: Path, dtype: type, icc: bytes
) -> None:
    """Through the whole daemon: an orange subject, smooth against green, of colours that only the profile has."""
    alpha = np.clip((np.hypot(*(np.mgrid[:60, :80] - [[[30]], [[40]]])) - 16) / -4, 0, 1)[..., None]
    full = np.iinfo(dtype).max
    scene = alpha * (1.0, 0.5, 0.0) + (1 - alpha) * (0.0, 1.0, 0.2)
    scene = np.rint((scene * 0.98 + np.random.default_rng(0).random(scene.shape) * 0.02) * full)
    photo = folder / "scene.tif"
    write_tiff(photo, scene.astype(dtype), icc)
    trimap = np.where(alpha[..., 0] == 1, 255, np.where(alpha[..., 0] == 0, 0, 128)).astype(
        np.uint8
    )
    Image.fromarray(trimap).save(folder / "trimap.png")
    before = photo.read_bytes()

    with serving(engines=EngineService(Settings())) as running:
        running.file.write(home)
        status = main(
            ["extract", str(photo), "--trimap", str(folder / "trimap.png"), "--engine", "builtin",
             "-o", str(folder / "out.png")]
        )  # fmt: skip

    assert status == 0
    assert photo.read_bytes() == before
    encoded = np.fromfile(folder / "out.png", np.uint8)
    result = np.asarray(cv2.imdecode(encoded, cv2.IMREAD_UNCHANGED))[..., [2, 1, 0, 3]]
    assert result.dtype == dtype
    is_opaque, is_mixed = result[..., 3] == full, (result[..., 3] > 0) & (result[..., 3] < full)
    assert is_opaque.any()
    assert is_mixed.any()
    assert np.array_equal(result[is_opaque][:, :3], scene[is_opaque])
    orange = np.array((1.0, 0.5, 0.0)) * full
    left, before_it = (
        np.abs(those[is_mixed] - orange).mean() for those in (result[..., :3], scene)
    )
    assert left < 0.5 * before_it


def write_tiff(path: Path, rgb: Any, icc: bytes) -> None:
    """An uncompressed RGB TIFF (TIFF 6.0), 8 or 16 bits a channel, with a profile if one is given."""
    height, width, _ = rgb.shape
    pixels = rgb.astype(rgb.dtype.newbyteorder("<")).tobytes()
    entries = [(256, 3, 1, width), (257, 3, 1, height), (258, 3, 3, None), (259, 3, 1, 1), (262, 3, 1, 2),
               (273, 4, 1, None), (277, 3, 1, 3), (278, 3, 1, height), (279, 4, 1, len(pixels))]  # fmt: skip
    if icc:
        entries.append((34675, 7, len(icc), None))
    end = 8 + 2 + 12 * len(entries) + 4
    places = {258: end, 34675: end + 6, 273: end + 6 + len(icc) + len(icc) % 2}
    table = b"".join(
        struct.pack("<HHII", tag, kind, count, places[tag] if value is None else value)
        for tag, kind, count, value in entries
    )
    bits = struct.pack("<3H", *[8 * rgb.itemsize] * 3)
    path.write_bytes(
        b"II*\0" + struct.pack("<IH", 8, len(entries)) + table + bytes(4)
        + bits + icc + bytes(len(icc) % 2) + pixels
    )  # fmt: skip
