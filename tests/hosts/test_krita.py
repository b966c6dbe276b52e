"""Extract Foreground in the real Krita: by action, menu click and docker, with the real daemon."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from tests.hosts.editor import Running, wait_for
from tests.hosts.krita_host import Krita
from tests.hosts.krita_watcher import Watcher
from tests.hosts.pictures import portrait, write_png

from flyaway_client.client import Client, new_request_id
from flyaway_client.messages import CHANNELS, DTYPES, ExtractRequest, ImageHeader

HERE = Path(__file__).parent
MASK = "Extracted Foreground"
SIZE = (160, 120)
"""Width and height of the photo."""

LAYOUTS = {
    ("RGBA", "U8"): ("bgra", "u8"),
    ("RGBA", "U16"): ("bgra", "u16"),
    ("RGBA", "F16"): ("rgba", "f16"),
    ("RGBA", "F32"): ("rgba", "f32"),
    ("GRAYA", "U8"): ("graya", "u8"),
    ("GRAYA", "U16"): ("graya", "u16"),
    ("GRAYA", "F32"): ("graya", "f32"),
}
NUMPY_DTYPES = {"u8": np.uint8, "u16": np.uint16, "f16": np.float16, "f32": np.float32}

SRGB, LINEAR = "sRGB-elle-V2-srgbtrc.icc", "sRGB-elle-V2-g10.icc"
GREY, LINEAR_GREY = "Gray-D50-elle-V2-srgbtrc.icc", "Gray-D50-elle-V2-g10.icc"
COLOURS = {SRGB: "srgb", LINEAR: "linear-srgb", GREY: "srgb", LINEAR_GREY: "linear-srgb"}


def ellipse(width: int, height: int, softness: float = 0.01) -> NDArray[np.uint8]:
    """A selection around the disc of `portrait`, HxW, with an edge as wide as `softness` of its radius."""
    y, x = np.mgrid[0:height, 0:width].astype(np.float32)
    radius = min(width, height) * 0.4
    distance = np.hypot(x - width / 2, y - height / 2) / radius
    return np.asarray(np.round(np.clip((1 - distance) / softness + 0.5, 0, 1) * 255), np.uint8)


def hard_ellipse(width: int, height: int) -> NDArray[np.uint8]:
    return np.where(ellipse(width, height) > 127, np.uint8(255), np.uint8(0))


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return write_png(tmp_path / "ein Bild.png", portrait(*SIZE))


@pytest.fixture
def selection(tmp_path: Path) -> Path:
    """The subject's outline, as raw bytes."""
    return write_bytes(tmp_path / "selection", hard_ellipse(*SIZE))


def write_bytes(path: Path, pixels: NDArray[np.uint8]) -> Path:
    path.write_bytes(pixels.tobytes())
    return path


# --- layers of every kind ----------------------------------------------------------------------------


def test_masks_layers_of_every_kind_like_the_daemon_does(krita: Krita, tmp_path: Path) -> None:
    """Pixel by pixel the alpha of the same request made without Krita; all else is left alone."""
    opaque = np.dstack([portrait(*SIZE)[..., ::-1], np.full(SIZE[::-1], 255, np.uint8)])
    cut = opaque.copy()
    cut[:, : SIZE[0] // 5, 3] = 0
    args = {
        "photo": str(write_bytes(tmp_path / "photo", opaque)),
        "size": SIZE,
        "folder": str(tmp_path),
    }
    hard: dict[str, Any] = {"canvas": SIZE, "place": (0, 0)}
    hard["selection"] = str(write_bytes(tmp_path / "hard", hard_ellipse(*SIZE)))
    soft = hard | {"selection": str(write_bytes(tmp_path / "soft", ellipse(*SIZE, 0.5)))}
    larger = {
        "canvas": (240, 200),
        "selection": str(write_bytes(tmp_path / "larger", hard_ellipse(240, 200))),
    }
    smaller = {
        "canvas": (120, 100),
        "selection": str(write_bytes(tmp_path / "smaller", hard_ellipse(120, 100))),
    }
    cases: list[dict[str, Any]] = [
        {"name": "8 bits", **hard},
        {"name": "16 bits", **hard, "space": ("RGBA", "U16", SRGB)},
        {"name": "16 bits linear", **hard, "space": ("RGBA", "U16", LINEAR)},
        {"name": "half", **hard, "space": ("RGBA", "F16", LINEAR)},
        {"name": "float", **hard, "space": ("RGBA", "F32", LINEAR)},
        {"name": "grey", **hard, "space": ("GRAYA", "U8", GREY)},
        {"name": "grey float", **hard, "space": ("GRAYA", "F32", LINEAR_GREY)},
        {"name": "like Adobe RGB", **hard, "space": ("RGBA", "U8", "ClayRGB-elle-V2-g22.icc")},
        {"name": "Rec. 2020", **hard, "space": ("RGBA", "U16", "Rec2020-elle-V4-g10.icc")},
        {"name": "old grey", **hard, "space": ("GRAYA", "U16", "Gray-D50-elle-V2-g18.icc")},
        {"name": "soft selection", **soft},
        {"name": "nothing selected", "canvas": SIZE, "place": (0, 0)},
        {"name": "selection not looked at", **hard, "settings": {"selection_is": "automatic"}},
        {"name": "rough region", **hard, "settings": {"selection_is": "region"}},
        {"name": "own edge width", **hard, "settings": {"edge_width_px": 3}},
        {"name": "chosen engine", **hard, "settings": {"engine": "builtin"}},
        {"name": "partly transparent", **hard, "photo": str(write_bytes(tmp_path / "cut", cut))},
        {"name": "smaller than the canvas", **larger, "place": (40, 30)},
        {"name": "at a negative offset", **smaller, "place": (-30, -15)},
        {"name": "larger than the canvas", "canvas": (100, 80), "place": (-30, -15)},
    ]
    photo = write_png(tmp_path / "photo.png", portrait(*SIZE))
    facts = krita.run(
        HERE / "krita_cases.py", document=photo, args=args | {"cases": cases}, seconds=200
    )
    with krita.client() as client:
        for case in cases:
            check(krita, client, case, facts[case["name"]], tmp_path)


def test_cleaned_colours_change_only_mixed_pixels_whatever_the_document(
    krita: Krita, tmp_path: Path
) -> None:
    opaque = np.dstack([portrait(*SIZE)[..., ::-1], np.full(SIZE[::-1], 255, np.uint8)])
    args = {
        "photo": str(write_bytes(tmp_path / "photo", opaque)),
        "size": SIZE,
        "folder": str(tmp_path),
    }
    usual = {"canvas": SIZE, "selection": str(write_bytes(tmp_path / "hard", hard_ellipse(*SIZE)))}
    spaces = {
        "8 bits": ("RGBA", "U8", SRGB),
        "16 bits": ("RGBA", "U16", SRGB),
        "half": ("RGBA", "F16", LINEAR),
        "float": ("RGBA", "F32", LINEAR),
        "grey": ("GRAYA", "U8", GREY),
        "grey float": ("GRAYA", "F32", LINEAR_GREY),
        "wide gamut": ("RGBA", "U16", "Rec2020-elle-V4-g10.icc"),
    }
    cases: list[dict[str, Any]] = [
        {**usual, "name": name, "space": space, "place": (0, 0)} for name, space in spaces.items()
    ]
    cases.append({**cases[3], "name": "beyond white", "gain": 3})
    cases.append({**cases[0], "name": "moved", "place": (-20, 10)})
    photo = write_png(tmp_path / "photo.png", portrait(*SIZE))
    said = krita.run(
        HERE / "krita_colours.py", document=photo, args=args | {"cases": cases}, seconds=200
    )
    for case in cases:
        name = case["name"]
        assert said[name].startswith("Done in"), (name, said[name])
        before, after, cutout = (
            np.frombuffer((tmp_path / f"{name}.{part}").read_bytes(), np.uint8)
            for part in ("before", "after", "cutout")
        )
        assert (after == before).all(), name
        mask = np.fromfile(tmp_path / f"{name}.mask", np.uint8)
        has_changed = (before != cutout).reshape(mask.size, -1).any(axis=1)
        is_mixed = (mask > 0) & (mask < 255)
        assert not has_changed[~is_mixed].any(), name
        assert has_changed[is_mixed].mean() > 0.2, name


def check(
    krita: Krita,
    client: Client,
    case: Mapping[str, Any],
    facts: Mapping[str, Any],
    folder: Path,
) -> None:
    """Make sure of one case's mask, of the colours the daemon got, and that nothing else has changed."""
    name = case["name"]
    assert facts["status"].startswith("Done in"), (name, facts["status"])
    assert facts["masks"] == [MASK], name
    assert facts["is_untouched"], name
    assert facts["masks after undo"] == 0, name
    assert facts["is_redone"], name
    assert facts["documents"] == 1, name
    model, depth, profile = facts["space"]
    assert (model, depth, profile) == tuple(case.get("space", ("RGBA", "U8", SRGB))), name

    channels, dtype = LAYOUTS[model, depth]
    width, height = SIZE
    image = np.fromfile(folder / f"{name}.image", NUMPY_DTYPES[dtype])
    image = image.reshape(height, width, CHANNELS[channels])
    check_colours(name, image, channels, profile)
    selection, piece = selection_over_layer(case, facts["bounds"], folder)
    alpha = ask(krita, client, case, image[piece], channels, profile, selection)
    expected = np.zeros((height, width), np.uint8)
    expected[piece] = alpha
    mask = np.fromfile(folder / f"{name}.mask", np.uint8).reshape(height, width)
    assert (mask == expected).all(), name
    assert (mask.min(), mask.max()) == (0, 255), name


def check_colours(name: str, image: NDArray[Any], channels: str, profile: str) -> None:
    """Make sure that what Krita holds is the photo as its layout and profile say: no swapped colours."""
    if profile not in COLOURS:
        return
    values = image[..., :-1].astype(np.float64)
    if image.dtype.kind == "u":
        values /= np.iinfo(image.dtype).max
    if channels == "bgra":
        values = values[..., ::-1]
    if COLOURS[profile] == "linear-srgb":
        curve = 1.055 * np.maximum(values, 0.0031308) ** (1 / 2.4) - 0.055
        values = np.where(values <= 0.0031308, values * 12.92, curve)
    expected = portrait(*SIZE) / 255
    if channels == "graya":
        assert np.corrcoef(values[..., 0].ravel(), expected.mean(axis=2).ravel())[0, 1] > 0.99, name
        return
    assert np.abs(values - expected).max() < 0.005, name


def selection_over_layer(
    case: Mapping[str, Any], bounds: tuple[int, int, int, int], folder: Path
) -> tuple[NDArray[np.uint8] | None, tuple[slice, slice]]:
    """The selection over the piece of the layer that is worked on, and that piece in the layer's pixels.

    That is what is not transparent of it, and with a selection only what lies on the canvas.
    """
    layer_x, layer_y = case["place"]
    left, top, width, height = bounds
    right, bottom = left + width, top + height
    selection = None
    if "selection" in case and case.get("settings", {}).get("selection_is") != "automatic":
        canvas_width, canvas_height = case["canvas"]
        left, right = max(left, 0), min(right, canvas_width)
        top, bottom = max(top, 0), min(bottom, canvas_height)
        selection = np.fromfile(folder / f"{case['name']}.selection", np.uint8)
        selection = selection.reshape(canvas_height, canvas_width)[top:bottom, left:right]
    return selection, (
        slice(top - layer_y, bottom - layer_y),
        slice(left - layer_x, right - layer_x),
    )


def ask(
    krita: Krita,
    client: Client,
    case: Mapping[str, Any],
    image: NDArray[Any],
    channels: str,
    profile: str,
    selection: NDArray[np.uint8] | None,
) -> NDArray[np.uint8]:
    """The alpha of the same request, made here."""
    height, width = image.shape[:2]
    settings = case.get("settings", {})
    icc = b""
    if profile not in COLOURS:
        icc = (krita.installation.root / "usr/share/color/icc/krita" / profile).read_bytes()
    dtype = next(name for name, kind in NUMPY_DTYPES.items() if kind == image.dtype)
    assert image.nbytes == width * height * CHANNELS[channels] * DTYPES[dtype]
    request = ExtractRequest(
        id=new_request_id(),
        image=ImageHeader(width, height, channels, dtype),
        colour=COLOURS.get(profile, "icc"),
        icc_bytes=len(icc),
        selection=None if selection is None else ImageHeader(width, height, "gray", "u8"),
        selection_is="automatic" if selection is None else settings.get("selection_is", "guess"),
        edge_width_px=settings.get("edge_width_px"),
        engine=settings.get("engine", "auto"),
    )
    parts = {"image": image.tobytes()}
    if icc:
        parts["icc"] = icc
    if selection is not None:
        parts["selection"] = selection.tobytes()
    alpha = client.extract(request, parts).alpha
    return np.frombuffer(alpha, np.uint8).reshape(height, width)


def test_puts_the_subject_where_the_user_wants_it(
    krita: Krita, photo: Path, selection: Path, tmp_path: Path
) -> None:
    args = {"subject": str(selection), "folder": str(tmp_path)}
    facts = krita.run(HERE / "krita_outputs.py", document=photo, args=args, seconds=120)
    assert facts.pop("under the new mask") == 1
    for output, fact in facts.items():
        assert fact["status"].startswith("Done in"), fact["status"]
        assert fact["is_untouched"], output
    assert facts["new-layer"]["layers"] == [["Background", False], ["Background cutout", True]]

    def levels(name: str) -> NDArray[np.uint8]:
        return np.fromfile(tmp_path / name, np.uint8).reshape(SIZE[::-1])

    # The same request made twice gives the same alpha, whatever becomes of it.
    assert (levels("selection.selection") == levels("layer-mask.mask")).all()
    assert (levels("new-layer.mask") == levels("layer-mask.mask")).all()


def test_says_what_to_change_where_it_cannot_work(krita: Krita, photo: Path) -> None:
    said = krita.run(HERE / "krita_refusals.py", document=photo, seconds=120)
    expected = {
        "empty group": "The layer “Cast” is empty",
        "filter": "“Filter” is a filter layer",
        "empty": "The layer “Nothing” is empty",
        "transform mask": "“photo” has a transform mask. Apply it first",
        "locked": "“photo” is locked. Unlock it",
        "selection aside": "The selection does not touch the layer “photo”",
        "selection as active node": "is a mask of the whole image. Select the photo's layer",
        "nothing in the selection": "The selection does not touch the layer “photo”",
        "no image": "No image is open",
    }
    assert said.keys() == expected.keys()
    for case, words in expected.items():
        sentence, is_unchanged = said[case]
        assert words in sentence, case
        assert is_unchanged, case


# --- long work ---------------------------------------------------------------------------------------

BIG = (2400, 1800)


@pytest.fixture
def big_photo(tmp_path: Path) -> Path:
    return write_png(tmp_path / "big.png", portrait(*BIG))


@pytest.fixture
def soft_selection(tmp_path: Path) -> Path:
    """Selects nearly all of the big photo softly, so that nearly all of it is unknown."""
    return write_bytes(tmp_path / "soft", ellipse(*BIG, 1.9))


def start_long(krita: Krita, photo: Path, selection: Path, do: str) -> Running:
    args = {"selection": str(selection), "do": do}
    return krita.start(HERE / "krita_long.py", document=photo, args=args, seconds=150)


def test_says_when_the_daemon_dies_and_goes_on_with_a_new_one(
    krita: Krita, big_photo: Path, soft_selection: Path
) -> None:
    running = start_long(krita, big_photo, soft_selection, "killed")
    running.note("started")
    first = krita.daemon_pid()
    krita.kill_daemon()
    result = running.result(120)
    sentence, masks = result["first"]
    assert "daemon stopped in the middle of the work" in sentence
    assert masks == 0
    sentence, masks = result["second"]
    assert sentence.startswith("Done in")
    assert masks == 1
    assert krita.daemon_pid() != first


def test_the_window_lives_during_long_work_which_can_be_cancelled(
    krita: Krita, big_photo: Path, soft_selection: Path
) -> None:
    result = start_long(krita, big_photo, soft_selection, "ticking").result(120)
    # One of its ticks 20 ms apart may be late on a busy machine; a blocked window would miss them all.
    assert result["longest_s"] < 1
    assert "still at work" in result["refusal"]
    assert not result["was_idle"]
    assert result["status"] == "Cancelled. The document is unchanged."
    assert result["masks"] == 0


def test_stops_without_a_word_when_its_image_is_closed(krita: Krita, tmp_path: Path) -> None:
    size = (800, 600)  # long enough to be closed meanwhile, and soon done
    photo = write_png(tmp_path / "photo.png", portrait(*size))
    selection = write_bytes(tmp_path / "soft", ellipse(*size, 1.9))
    result = start_long(krita, photo, selection, "closed").result(150)
    assert result["status"] == "", "it says something over another image"
    sentence, masks = result["second"]
    assert sentence.startswith("Done in")
    assert masks == 1


def test_krita_quits_cleanly_in_the_middle_of_work(
    krita: Krita, big_photo: Path, soft_selection: Path
) -> None:
    assert start_long(krita, big_photo, soft_selection, "quit").result(120) is False

    def is_over() -> bool:
        with krita.client() as client:
            return client.status().running == 0

    wait_for(is_over, "the daemon works on for a Krita that has gone", 20)


# --- with mouse and keys -----------------------------------------------------------------------------


def image_of(seen: Mapping[str, Any]) -> dict[str, Any]:
    """The part of what is seen that undo is to bring back."""
    return {name: seen[name] for name in ("masks", "pixels", "selection", "alpha")}


def test_can_be_clicked_in_the_menu_undone_redone_and_repeated(
    krita: Krita, photo: Path, tmp_path: Path
) -> None:
    half = hard_ellipse(*SIZE)
    half[:, SIZE[0] // 2 :] = 0  # so that the mask is another one where nothing is selected
    watcher = Watcher(krita, photo, write_bytes(tmp_path / "half", half), docker=False)
    untouched = image_of(watcher.look())
    assert untouched["masks"] == []

    watcher.click_through_menu()
    first = image_of(watcher.wait_for(lambda seen: seen["masks"], "no mask"))
    ((name, digest),) = first["masks"]
    assert name == MASK
    assert first == untouched | {"masks": [[MASK, digest]], "alpha": digest}

    watcher.step("ctrl+z")
    watcher.wait_for(
        lambda seen: image_of(seen) == untouched, "one undo does not bring the layer back"
    )
    watcher.step("ctrl+shift+z")
    watcher.wait_for(lambda seen: image_of(seen) == first, "redo does not bring the mask back")

    watcher.display.key("ctrl+shift+a")
    watcher.wait_for(lambda seen: seen["selection"] == NOTHING, "it does not deselect")
    watcher.click_through_menu()
    second = image_of(
        watcher.wait_for(
            # For a moment both are there.
            lambda seen: len(seen["masks"]) == 1 and seen["masks"] != first["masks"],
            "no second mask in place of the first",
        )
    )
    assert [name for name, _ in second["masks"]] == [MASK]
    watcher.step("ctrl+z")
    watcher.step("ctrl+z")
    watcher.wait_for(
        lambda seen: seen["masks"] == first["masks"], "two undos do not bring the first mask back"
    )
    # What only the action file says, so Krita has read it.
    assert watcher.end()["tooltip"].startswith("Cut the subject out, hair and all")


NOTHING = hashlib.sha256(b"").hexdigest()
"""The digest of no selection."""


def test_the_docker_extracts_and_cancels(
    krita: Krita, big_photo: Path, soft_selection: Path
) -> None:
    watcher = Watcher(krita, big_photo, soft_selection, docker=True)
    before = image_of(watcher.look())
    watcher.press(
        "button",
        lambda seen: not seen["is_idle"],
        "the button does not start it",
        at_a_glance=True,
    )
    time.sleep(watcher.glance()["double_click_s"])  # one that comes sooner is not meant
    watcher.press(
        "button", lambda seen: seen["is_idle"], "the button does not cancel it", at_a_glance=True
    )
    seen = watcher.look()
    assert seen["status"] == "Cancelled. The document is unchanged."
    assert image_of(seen) == before
    assert watcher.display.windows("^Flyaway") == []
    assert watcher.end()["shortcut"] == "Ctrl+Alt+E"


def test_without_the_docker_a_dialog_shows_progress_and_cancels(
    krita: Krita, big_photo: Path, soft_selection: Path
) -> None:
    watcher = Watcher(krita, big_photo, soft_selection, docker=False)
    before = image_of(watcher.look())
    watcher.click_through_menu()
    dialog = watcher.display.wait_for_window("^Flyaway")
    watcher.display.screenshot("progress")
    watcher.display.activate(dialog)
    watcher.display.key("Escape")
    watcher.display.wait_until_gone("^Flyaway")
    seen = watcher.wait_for(lambda seen: seen["is_idle"], "the dialog does not cancel it")
    assert seen["status"] == "Cancelled. The document is unchanged."
    assert image_of(seen) == before
    watcher.end()
