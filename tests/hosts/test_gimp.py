"""Extract Foreground in the real GIMP: called by scripts and by hand, with the real daemon."""

from __future__ import annotations

import contextlib
import itertools
import os
import signal
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from tests.hosts.editor import Running, wait_for
from tests.hosts.gimp_host import DIALOG, Gimp
from tests.hosts.pictures import portrait, write_png

from flyaway_client.client import Client, new_request_id
from flyaway_client.messages import ExtractRequest, ImageHeader

HERE = Path(__file__).parent
SIZE = (160, 120)
"""Width and height of the photo."""

SUBJECT = (32, 12, 96, 96)
"""An ellipse around the disc of `portrait`, as x, y, width, height."""

SAMPLES = {"u8": np.uint8, "u16": np.uint16, "f32": np.float32}


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return write_png(tmp_path / "ein Bild.png", portrait(*SIZE))


@pytest.fixture
def deep_photo(tmp_path: Path) -> Path:
    """The same at 16 bits a colour."""
    path = tmp_path / "deep.png"
    assert cv2.imwrite(str(path), portrait(*SIZE)[..., ::-1].astype(np.uint16) * 257)
    return path


@pytest.fixture
def see_through_photo(tmp_path: Path) -> Path:
    """The same with its left fifth transparent."""
    opacity = np.full((SIZE[1], SIZE[0], 1), 255, np.uint8)
    opacity[:, : SIZE[0] // 5] = 0
    return write_png(tmp_path / "cut.png", np.concatenate([portrait(*SIZE), opacity], axis=2))


# --- called by a script ----------------------------------------------------------------------------

U8 = {"depth": "u8", "mask_format": "Y u8"}
U16 = {"depth": "u16", "mask_format": "Y u16"}
FLOAT = {"depth": "u16", "mask_format": "Y float"}
OUTPUT_DTYPES = {"Y u8": "u8", "Y u16": "u16", "Y float": "f32"}


def test_masks_layers_of_every_kind_like_the_daemon_does(
    gimp: Gimp, photo: Path, deep_photo: Path, see_through_photo: Path, tmp_path: Path
) -> None:
    """Pixel by pixel the alpha of the same request made without GIMP; all else is left alone."""
    plain = {"file": str(photo), "ellipse": SUBJECT, **U8}
    deep = {"file": str(deep_photo), "ellipse": SUBJECT}
    cases: list[dict[str, Any]] = [
        {"name": "8 bits", **plain},
        {"name": "8 bits linear", **plain, "precision": "U8_LINEAR"},
        {"name": "16 bits", **deep, **U16},
        {"name": "16 bits linear", **deep, **U16, "precision": "U16_LINEAR"},
        {"name": "float", **deep, **FLOAT, "precision": "FLOAT_LINEAR"},
        {"name": "half", **deep, **FLOAT, "precision": "HALF_NON_LINEAR"},
        {"name": "grey", **plain, "model": "gray"},
        {"name": "palette", **plain, "model": "indexed"},
        {"name": "Adobe RGB", **deep, **U16, "profile": "adobe"},
        {"name": "soft selection", **plain, "feather": 12},
        {"name": "nothing selected", **plain, "ellipse": None},
        {"name": "partly transparent", **plain, "file": str(see_through_photo)},
        {"name": "beyond the canvas", **plain, "offset": [-20, -10], "canvas": [120, 100]},
        {"name": "smaller than the canvas", **plain, "offset": [40, 30], "canvas": [240, 200]},
        {
            "name": "rough region",
            **plain,
            "settings": {"selection-is": "region", "engine": "builtin"},
        },
        {
            "name": "own edge width",
            **plain,
            "settings": {"selection-is": "outline", "edge-width": 3},
        },
        {"name": "new layer", **plain, "settings": {"output": "new-layer"}},
        {
            "name": "new layer, see-through, 16 bits",
            **deep,
            **U16,
            "file": str(see_through_photo),
            "precision": "U16_NON_LINEAR",
            "settings": {"output": "new-layer", "paid-work-only": True},
        },
    ]
    args = {"cases": cases, "folder": str(tmp_path)}
    facts = gimp.run(HERE / "gimp_cases.py", args=args, seconds=120)
    with gimp.client() as client:
        for case in cases:
            check(client, case, facts[case["name"]], tmp_path)


def check(client: Client, case: Mapping[str, Any], facts: Mapping[str, Any], folder: Path) -> None:
    """Make sure of one case's mask, of the colours the daemon got, and that no pixel has changed."""
    name = case["name"]
    assert facts["sentence"] == "", name
    width, height = facts["layer"]
    assert (width, height) == SIZE
    assert facts["is_untouched"], name
    is_copied = case.get("settings", {}).get("output") == "new-layer"
    masked, hidden = [True, True], [False, False]  # is it visible, has it a mask
    assert facts["layers"] == ([masked, hidden] if is_copied else [masked]), name

    image_rgba = np.fromfile(folder / f"{name}.image", SAMPLES[case["depth"]])
    colours = image_rgba.reshape(height, width, 4)[..., :3]
    full = np.iinfo(colours.dtype).max
    if "model" not in case:
        expected = portrait(*SIZE) / 255
        # Two of 255 for the way through another profile or linear 8 bits and back, else rounding.
        slack = {"Adobe RGB": 0.001, "8 bits linear": 0.06, "half": 0.002}.get(name, 0.0001)
        assert np.abs(colours / full - expected).max() <= slack, name

    selection = np.fromfile(folder / f"{name}.selection", np.uint8).reshape(facts["canvas"][::-1])
    over_layer = shifted(selection, case.get("offset", (0, 0)), (height, width))
    mask_dtype = OUTPUT_DTYPES[case["mask_format"]]
    settings = case.get("settings", {})
    is_selected = bool(selection.any())
    request = ExtractRequest(
        id=new_request_id(),
        image=ImageHeader(width, height, "rgba", case["depth"]),
        selection=ImageHeader(width, height, "gray", "u8") if is_selected else None,
        selection_is=settings.get("selection-is", "guess") if is_selected else "automatic",
        edge_width_px=settings.get("edge-width"),
        engine=settings.get("engine", "auto"),
        output_dtype=mask_dtype,
        wants_foreground=is_copied,
    )
    parts: dict[str, Any] = {"image": image_rgba} | (
        {"selection": over_layer} if is_selected else {}
    )
    extracted = client.extract(request, parts)
    top_rgba = np.fromfile(folder / f"{name}.top", image_rgba.dtype)
    expected_rgba = image_rgba.reshape(-1, 4).copy()
    alpha = np.frombuffer(extracted.alpha, SAMPLES[mask_dtype])
    if extracted.foreground is not None:
        foreground = np.frombuffer(extracted.foreground, image_rgba.dtype).reshape(-1, 3)
        is_mixed = (alpha > 0) & (alpha < full)
        expected_rgba[is_mixed, :3] = foreground[is_mixed]
    np.testing.assert_array_equal(top_rgba.reshape(-1, 4), expected_rgba, name)
    values = np.fromfile(folder / f"{name}.mask", SAMPLES[mask_dtype])
    slack = 2**-11 if name == "half" else 0  # the last bit that its mask can hold
    assert np.abs(values.astype(np.float64) - alpha).max() <= slack, name
    assert values.min() == 0 and values.max() == (1 if mask_dtype == "f32" else full), name


def test_changes_no_bit_but_those_that_were_asked_for(
    gimp: Gimp, photo: Path, deep_photo: Path, see_through_photo: Path, tmp_path: Path
) -> None:
    """Of the layer none, and in its decontaminated copy none where the subject is wholly seen, or not at all."""
    bright = {"light": 40, **FLOAT, "file": str(deep_photo)}
    kinds: dict[str, dict[str, Any]] = {
        "8 bits": U8,
        "8 bits, no alpha channel": {**U8, "has_alpha": False},
        "8 bits linear": {**U8, "precision": "U8_LINEAR"},
        "8 bits, Adobe RGB": {**U8, "profile": "adobe"},
        "16 bits": {**U16, "precision": "U16_NON_LINEAR", "file": str(deep_photo)},
        "16 bits, Adobe RGB": {**U16, "precision": "U16_NON_LINEAR", "profile": "adobe"},
        "32 bits": {**FLOAT, "precision": "U32_NON_LINEAR"},
        "half": {**bright, "precision": "HALF_NON_LINEAR"},
        "float": {**bright, "precision": "FLOAT_LINEAR"},
        "float, Adobe RGB": {**bright, "precision": "FLOAT_NON_LINEAR", "profile": "adobe"},
        "double": {**bright, "precision": "DOUBLE_LINEAR"},
        "grey": {**U8, "model": "gray"},
        "grey float": {**bright, "precision": "FLOAT_NON_LINEAR", "model": "gray"},
        "indexed": {**U8, "model": "indexed"},
        "see-through": {**U16, "precision": "U16_NON_LINEAR", "file": str(see_through_photo)},
        "moved": {**U8, "offset": [40, 30], "canvas": [240, 200]},
    }
    usual = {"file": str(photo), "ellipse": SUBJECT, "has_alpha": True}
    cases = [{**usual, **kind, "name": name} for name, kind in kinds.items()]
    args = {"cases": cases, "folder": str(tmp_path)}
    facts = gimp.run(HERE / "gimp_colours.py", args=args, seconds=240)
    for case in cases:
        name = case["name"]
        for output, fact in facts[name].items():
            assert fact == {"sentence": "", "is_copied": output == "new-layer"}, name
            before, after, top = (
                (tmp_path / f"{name}.{output}.{kind}").read_bytes()
                for kind in ("before", "after", "top")
            )
            assert after == before, f"{name}, {output}"
            mask_dtype = OUTPUT_DTYPES[case["mask_format"]]
            mask = np.fromfile(tmp_path / f"{name}.{output}.mask", SAMPLES[mask_dtype])
            full = 1 if mask_dtype == "f32" else np.iinfo(mask.dtype).max
            is_mixed: NDArray[np.bool_] = np.asarray((mask > 0) & (mask < full))
            assert 0 < is_mixed.sum() < is_mixed.size, name
            pixels = [np.frombuffer(one, np.uint8).reshape(mask.size, -1) for one in (before, top)]
            has_changed: NDArray[np.bool_] = np.atleast_1d((pixels[0] != pixels[1]).any(axis=1))
            assert not has_changed[~is_mixed].any(), f"{name}, {output}"
            if output == "new-layer" and name != "indexed":
                assert has_changed[is_mixed].mean() > 0.2, name


def shifted(
    selection: NDArray[np.uint8], offset: tuple[int, int], size: tuple[int, int]
) -> NDArray[np.uint8]:
    """The selection (in the canvas) where it lies over a layer of this size; outside nothing is selected."""
    over_layer = np.zeros(size, np.uint8)
    for y, x in itertools.product(range(size[0]), range(size[1])):
        row, column = y + offset[1], x + offset[0]
        if 0 <= row < selection.shape[0] and 0 <= column < selection.shape[1]:
            over_layer[y, x] = selection[row, column]
    return over_layer


def test_puts_the_subject_where_the_user_wants_it(gimp: Gimp, photo: Path, tmp_path: Path) -> None:
    args = {"ellipse": SUBJECT, "place": [20, 20, 50, 60], "folder": str(tmp_path)}
    said = gimp.run(HERE / "gimp_outputs.py", document=photo, args=args, seconds=120)
    assert said == {
        "selection": ["", 1, 0, True],
        "layer-mask": ["", 1, 0, True],
        "refined-mask": ["", 1, 0, True],
        "new-layer": ["", 2, 0, False],
    }

    def levels(name: str) -> NDArray[np.uint8]:
        return np.fromfile(tmp_path / name, np.uint8).reshape(SIZE[::-1])

    # The same request made twice gives the same alpha, whatever becomes of it.
    assert (levels("selection.selection") == levels("layer-mask.mask")).all()
    place = levels("refined-mask.selection") > 0
    before, after = levels("layer-mask.mask"), levels("refined-mask.mask")
    assert (after[~place] == before[~place]).all()
    assert (after != before).any()
    assert (levels("new-layer.mask") == after).all()


def test_takes_the_selection_from_masks_channels_and_layers(
    gimp: Gimp, photo: Path, tmp_path: Path
) -> None:
    """What a selection made of the same would do, whatever the image keeps its levels as."""
    kinds: dict[str, dict[str, str]] = {
        "8 bits": {},
        "8 bits linear": {"precision": "U8_LINEAR"},
        "16 bits, Adobe RGB": {"precision": "U16_NON_LINEAR", "profile": "adobe"},
    }
    cases = [
        {"file": str(photo), "ellipse": None, **kind, "name": name} for name, kind in kinds.items()
    ]
    trimap = np.zeros(SIZE[::-1], np.uint8)
    cv2.ellipse(trimap, (80, 60), (50, 50), 0, 0, 360, 128, cv2.FILLED)
    cv2.ellipse(trimap, (80, 60), (30, 30), 0, 0, 360, 255, cv2.FILLED)
    levels = tmp_path / "trimap"
    levels.write_bytes(trimap.tobytes())
    args = {"cases": cases, "levels": str(levels)}
    found = gimp.run(HERE / "gimp_sources.py", args=args, seconds=240)
    for name in kinds:
        said = found[name].pop("refusals")
        assert "says nothing about the layer" in said["black"], name
        assert "“aside” does not touch the layer" in said["aside"], name
        assert "is the layer to cut out of" in said["layer itself"], name
        expected = dict.fromkeys(("channel", "mask", "selection", "RGBA", "RGB", "group"), True)
        assert found[name] == expected, name


def test_says_what_to_change_where_it_cannot_work(gimp: Gimp, photo: Path) -> None:
    refusals = gimp.run(HERE / "gimp_refusals.py", document=photo, window=True)
    assert refusals.pop("nothing wrong") == ""
    expected = {
        "group": "“Cast” is a layer group",
        "several": "Several layers are selected",
        "none": "There is no layer",
        "channel": "is a channel",
        "text": "is a text layer",
        "locked": "is locked. Unlock its pixels",
        "selection aside": "does not touch the layer",
        "floating": "floating selection",
    }
    assert refusals.keys() == expected.keys()
    for case, words in expected.items():
        assert words in refusals[case], case


def test_a_cut_out_of_a_link_layer_keeps_its_colours(
    gimp: Gimp, photo: Path, tmp_path: Path
) -> None:
    args = {"photo": str(photo), "folder": str(tmp_path)}
    made = gimp.run(HERE / "gimp_linked.py", document=photo, args=args)
    if gimp.installation.version.startswith("3.0"):
        assert made is None
        return
    assert made == {"layer-mask": ["", True, True, True], "new-layer": ["", True, False, True]}


def test_compares_with_another_layer_if_the_engine_is_there(gimp: Gimp, photo: Path) -> None:
    """It never is: these weights must be brought, and the daemon says so."""
    said = gimp.run(HERE / "gimp_plates.py", document=photo)
    assert said.pop("nothing wrong") == ""
    expected = {
        "compared": "Background Matting V2 ResNet-50",
        "no plate": "compares the photo with one of the empty scene",
        "photo as plate": "is the layer to cut out of",
        "beside": "“empty” does not cover all of the layer",
    }
    assert said.keys() == expected.keys()
    for case, words in expected.items():
        assert words in said[case], case


@pytest.fixture
def big_photo(tmp_path: Path) -> Path:
    return write_png(tmp_path / "big.png", portrait(*BIG))


BIG = (4000, 3000)
LONG_WORK = {"ellipse": [200, 200, 3600, 2600], "feather": 1200}
"""Selects nearly all of the big photo softly, so that nearly all of it is unknown."""


def test_says_when_the_daemon_dies_and_goes_on_with_a_new_one(gimp: Gimp, big_photo: Path) -> None:
    running = gimp.start(
        HERE / "gimp_killed.py", document=big_photo, args=LONG_WORK, window=False, seconds=120
    )
    running.note("ready")
    wait_until_working(gimp)
    first = gimp.daemon_pid()
    gimp.kill_daemon()
    result = running.result(100)
    sentence, is_masked = result["first"]
    assert "daemon stopped in the middle of the work" in sentence
    assert not is_masked
    assert result["second"] == ["", True]
    assert gimp.daemon_pid() != first


def wait_until_working(gimp: Gimp, running: int = 1) -> None:
    """Return once the daemon works on this many requests."""

    def is_so() -> bool:
        # It is there already, or the plugin is to start it.
        if not (gimp.flyaway_home / "connection.json").exists():
            return False
        with gimp.client() as client:
            return client.status().running == running

    wait_for(is_so, f"the daemon does not work on {running} requests", 60)


@contextlib.contextmanager
def standing_still(gimp: Gimp) -> Iterator[None]:
    """In this the daemon stands still: on a busy machine its work would be done before GIMP has heeded a key."""
    os.kill(gimp.daemon_pid(), signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(gimp.daemon_pid(), signal.SIGCONT)


# --- at the window ---------------------------------------------------------------------------------


class Watcher:
    """Looks at the image in a running GIMP by way of gimp_watch.py."""

    def __init__(self, running: Running) -> None:
        self._running = running
        self._count = 0
        running.note("ready")

    def look(self) -> dict[str, Any]:
        """The digests of mask, pixels and selection."""
        self._count += 1
        self._running.signal(f"look-{self._count}")
        seen: dict[str, Any] = self._running.note(f"seen-{self._count}")
        return seen

    def wait_for(self, met: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """What is seen once it is as wanted."""
        seen: dict[str, Any] = {}

        def is_so() -> bool:
            seen.update(self.look())
            return met(seen)

        wait_for(is_so, what, 60)
        return seen


def press_extract_foreground(gimp: Gimp, running: Running, title: str) -> None:
    """Find the action with GIMP's action search, and press OK in the dialog it opens."""
    gimp.open_dialog(running, title)
    display = running.display
    display.press_until(["Return"], lambda: not display.windows(DIALOG), "OK does not close it")


def test_can_be_pressed_undone_redone_and_repeated(gimp: Gimp, photo: Path) -> None:
    running = gimp.start(
        HERE / "gimp_watch.py", document=photo, args={"ellipse": SUBJECT, "feather": 0}
    )
    watcher = Watcher(running)
    untouched = watcher.look()
    assert untouched["mask"] is None

    press_extract_foreground(gimp, running, "ein Bild")
    masked = watcher.wait_for(lambda seen: seen["mask"] is not None, "no mask")
    assert masked == untouched | {"mask": masked["mask"]}

    running.display.activate(running.display.wait_for_window("ein Bild"))
    running.display.key("ctrl+z")
    watcher.wait_for(lambda seen: seen == untouched, "one undo does not bring the layer back")
    running.display.key("ctrl+y")
    watcher.wait_for(lambda seen: seen == masked, "redo does not bring the mask back")

    running.display.key("ctrl+i", "ctrl+f")  # invert the selection; repeat with the last values
    # For a moment there is neither.
    watcher.wait_for(lambda seen: seen["mask"] not in (masked["mask"], None), "no second mask")
    running.display.key("ctrl+z")
    watcher.wait_for(
        lambda seen: seen["mask"] == masked["mask"], "one undo does not bring the first mask back"
    )


def test_keeps_what_was_chosen_before_cancel(gimp: Gimp, photo: Path) -> None:
    with gimp.client() as client:
        client.engines()  # so that the dialog need not start it
    args = {"ellipse": SUBJECT, "feather": 0}
    running = gimp.start(HERE / "gimp_watch.py", document=photo, args=args)
    running.note("ready")
    display, settings = running.display, gimp.plugin_folder.parent / "plug-in-settings"

    def kept() -> str:
        return "".join(file.read_text("utf-8") for file in settings.glob("*flyaway*.last"))

    gimp.open_dialog(running, "ein Bild")
    display.key("alt+p", "space", "Down", "Return")
    display.screenshot("chosen")
    display.press_until(["Escape"], lambda: not display.windows(DIALOG), "Cancel is not heard")
    wait_for(lambda: '(output "new-layer")' in kept(), f"it is not kept: {kept()}", 20)
    gimp.open_dialog(running, "ein Bild")
    display.press_until(["Return"], lambda: not display.windows(DIALOG), "OK does not close it")
    wait_for(lambda: "end of settings" in kept(), "GIMP has not written it", 20)
    assert '(output "new-layer")' in kept(), "GIMP has not read it"


def test_stays_alive_and_can_be_cancelled_during_long_work(gimp: Gimp, big_photo: Path) -> None:
    running = gimp.start(HERE / "gimp_watch.py", document=big_photo, args=LONG_WORK, seconds=240)
    watcher = Watcher(running)
    before = watcher.look()
    gimp.open_dialog(running, "big")
    display = running.display
    display.key("Return")
    wait_until_working(gimp)
    display.screenshot("working")

    with standing_still(gimp):
        display.activate(display.wait_for_window("big"))
        display.key("ctrl+i")
        inverted = watcher.wait_for(
            lambda seen: seen["selection"] != before["selection"], "GIMP does not heed keys"
        )
    wait_until_working(gimp)

    display.activate(display.wait_for_window(DIALOG))
    display.press_until(["Escape"], lambda: not display.windows(DIALOG), "Cancel is not heard")
    wait_until_working(gimp, 0)
    assert inverted == before | {"selection": inverted["selection"]}
    assert watcher.look() == inverted
