"""Refine Edge in the real GIMP as a retoucher meets it: a photo with a mask, strokes by mouse, keys."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from tests.hosts.editor import wait_for
from tests.hosts.gimp_host import REFINE_DIALOG as DIALOG
from tests.hosts.gimp_host import Gimp
from tests.hosts.gimp_user import HEIGHT, SIZE, TITLE, WIDTH, DialogUser, Levels, as_dtype
from tests.hosts.pictures import portrait, write_png

from flyaway_client import calls, views
from flyaway_client.adjustments import Adjustments
from flyaway_client.easel import Easel
from flyaway_client.layer import Picture
from flyaway_client.messages import KEEP, REMOVE, UNKNOWN, ImageHeader
from flyaway_client.planes import Plane
from flyaway_client.retouching import Image, Retouch

HERE = Path(__file__).parent
SUBJECT = (200, 140)
BACKGROUND = (30, 30)

LOCK = [(340.0, 150.0), (346.0, 165.0), (349.0, 180.0), (346.0, 200.0)]
"""A stroke over the ragged edge, right of the middle."""


def a_mask() -> Levels:
    """A mask of the disc of `portrait` whose edge knows nothing of the rags."""
    y, x = np.mgrid[0:HEIGHT, 0:WIDTH]
    distance = np.hypot(x - WIDTH / 2, y - HEIGHT / 2)
    return np.asarray(np.clip((0.3 * HEIGHT - distance) * 100 + 128, 0, 255), np.uint8)


@pytest.fixture
def retoucher(gimp: Gimp, tmp_path: Path) -> Iterator[Callable[..., DialogUser]]:
    yield lambda **settings: DialogUser(gimp, tmp_path, DIALOG, a_mask(), **settings)


def test_one_bad_lock_takes_four_actions_and_one_undo(
    gimp: Gimp, retoucher: Callable[..., DialogUser]
) -> None:
    """What the daemon says of the same stroke is what the mask becomes, and nothing else of it changes."""
    user = retoucher()
    user.look()
    before = user.mask()
    assert (before == user.first_mask).all()

    user.open_dialog()  # 1
    user.draw(LOCK)  # 2, 3: draw, and see that it is done
    user.display.screenshot("solved")
    user.end("Return")  # 4
    seen = user.wait_until(lambda _: (user.mask() != before).any(), "the mask is as it was")
    assert seen["channels"] == [["Flyaway strokes", False]]
    assert seen["selected"] == [f"{TITLE}.png"]

    strokes, after = user.plane("channel-0"), user.mask()
    assert set(np.unique(strokes)) == {0, UNKNOWN}
    y, x = np.nonzero(after != before)
    near = cv2.dilate(strokes, np.ones((31, 31), np.uint8))
    assert (near[y, x] == UNKNOWN).all()
    assert (after == asked_directly(gimp, user, strokes)).all()

    # All of it is one step.
    user.undo()
    seen = user.wait_until(lambda seen: not seen["channels"], "the strokes are still there")
    assert (user.mask() == before).all()
    user.look("image.set_selected_layers([photo])")

    # Escape leaves all as it was, whatever was drawn.
    user.open_dialog()
    user.draw(LOCK)
    user.end("Escape")
    seen = user.look()
    assert (user.mask() == before).all() and not seen["channels"]
    user.finish()


def asked_directly(gimp: Gimp, user: DialogUser, strokes: Levels) -> Levels:
    """The mask with such strokes, by the daemon without GIMP."""
    board = Easel(Plane(WIDTH, HEIGHT, 1, user.first_mask.tobytes()), "u8")
    board.draw(board.mask.box, strokes.tobytes())
    patch = board.patch()
    assert patch is not None
    image = Image(ImageHeader(WIDTH, HEIGHT, "rgba", "u8"), user.plane("layer-0", -1).data)
    retouch = Retouch(calls.connector("tests"), image)
    board.take(patch, retouch.refine(patch).alpha)
    retouch.close()
    return np.frombuffer(board.mask.data, np.uint8).reshape(HEIGHT, WIDTH)


def test_views_strokes_and_the_way_back(retoucher: Callable[..., DialogUser]) -> None:
    user = retoucher()
    user.open_dialog()

    # Each view by its key, looked at where the background is masked out, and where the subject is not.
    photo = tuple(map(int, user.photo[BACKGROUND[1], BACKGROUND[0]]))
    expected = {
        "overlay": None,
        "on-black": (0, 0, 0),
        "on-white": (255, 255, 255),
        "on-green": (0, 177, 64),
        "black-and-white": (0, 0, 0),
        "trimap": (0, 0, 0),
        "original": photo,
    }
    assert list(expected) == [entry.name for entry in views.ENTRIES]
    for name, colour in expected.items():
        user.wait_for_rest()
        shown = user.colour(name, BACKGROUND)
        if colour is None:
            assert shown[0] > photo[0] + 60 and shown[2] < photo[2]
        else:
            assert shown == colour, name
        white = name in ("black-and-white", "trimap")
        own = tuple(map(int, user.photo[SUBJECT[1], SUBJECT[0]]))
        assert user.colour(name, SUBJECT) == ((255, 255, 255) if white else own), name
        user.display.key("f")
    user.wait_for_rest()
    user.display.key("x")
    user.wait_for_rest()
    assert user.colour("x", BACKGROUND) == photo
    user.display.key("x")
    user.wait_for_rest()

    # Keep with Alt held removes, and two strokes are two steps.
    user.display.key("k")
    user.draw([(80.0, 60.0), (110.0, 60.0)])
    user.draw([(240.0, 150.0), (270.0, 150.0)], held="alt")
    user.display.key(*["f"] * 5)
    user.wait_for_rest()
    green, red = views.STROKE_COLOURS[KEEP], views.STROKE_COLOURS[REMOVE]
    assert _is_near(user.colour("two", (95, 60)), green)
    assert _is_near(user.colour("two", (255, 150)), red)
    user.display.key("ctrl+z")
    user.wait_for_rest()
    assert _is_near(user.colour("one", (95, 60)), green)
    assert user.colour("one", (255, 150)) == (255, 255, 255)
    user.display.key("ctrl+shift+z")
    user.wait_for_rest()
    assert _is_near(user.colour("again", (255, 150)), red)

    # The eraser takes a part of a stroke, and the mask is solved there without it.
    user.display.key("e")
    user.draw([(255.0, 150.0), (290.0, 150.0)])
    assert user.colour("erased", (262, 150)) == (255, 255, 255)
    assert _is_near(user.colour("erased", (240, 150)), red)
    user.end("Return")
    user.wait_until(lambda seen: seen["channels"], "no strokes were kept")
    strokes, mask = user.plane("channel-0"), user.mask()
    assert strokes[60, 95] == KEEP and strokes[150, 240] == REMOVE and strokes[150, 262] == 0
    assert mask[60, 95] == 255 and mask[150, 240] == 0

    # Tomorrow they are there again, and another one is added.
    user.open_dialog()
    user.display.key(*["f"] * 5)
    user.wait_for_rest()
    assert _is_near(user.colour("tomorrow", (95, 60)), green)
    user.display.key("u")
    user.draw(LOCK)
    user.end("Return")
    seen = user.wait_until(
        lambda _: (user.plane("channel-0") == UNKNOWN).any(), "the stroke was not kept"
    )
    assert len(seen["channels"]) == 1
    assert user.plane("channel-0")[60, 95] == KEEP
    user.finish()


def _is_near(colour: tuple[int, ...], other: tuple[int, ...]) -> bool:
    """Whether a stroke of that colour lies there; something of the mask shines through."""
    return all(abs(one - two) < 70 for one, two in zip(colour, other, strict=True))


def test_outputs_and_adjustments(gimp: Gimp, retoucher: Callable[..., DialogUser]) -> None:
    """Each output once, each taken back by one undo; what is adjusted is what the daemon adjusts."""
    user = retoucher()
    first = user.first_mask
    photo = np.dstack([user.photo, np.full(first.shape, 255, np.uint8)])

    # A selection of the mask, of which an edge is now solved.
    user.open_dialog()
    user.draw(LOCK)
    user.choose_output("selection")
    user.end("Return")
    user.wait_until(lambda _: user.plane("selection").any(), "nothing is selected")
    refined = user.plane("selection").copy()
    assert (user.mask() == first).all() and (refined != first).any()
    assert user.look()["channels"] == [["Flyaway strokes", False]]
    user.undo()
    user.wait_until(lambda seen: not seen["channels"], "it was more than one step")
    assert not user.plane("selection").any()

    # A new layer, its colours as they were.
    user.open_dialog()
    user.draw(LOCK)
    user.choose_output("cutout")
    user.type_into("alt+t", "0")
    user.end("Return")
    seen = user.wait_until(lambda seen: len(seen["layers"]) == 2, "there is no new layer")
    assert seen["layers"] == [[f"{TITLE}.png cutout", True, False], [f"{TITLE}.png", False, True]]
    cutout = user.plane("layer-0", HEIGHT, WIDTH, 4)
    assert (cutout[..., 3] == refined).all()
    assert (cutout[..., :3] == user.photo)[refined > 0].all()
    assert (user.plane("layer-1", HEIGHT, WIDTH, 4) == photo).all()
    assert (user.mask(1) == first).all()
    user.undo()
    seen = user.wait_until(lambda seen: len(seen["layers"]) == 1, "it was more than one step")
    assert seen["layers"] == [[f"{TITLE}.png", True, True]] and not seen["channels"]
    user.look("image.set_selected_layers([photo])")

    # A new layer with a mask, its colours cleaned where they are mixed.
    user.open_dialog()
    user.draw(LOCK)
    user.choose_output("new-layer")
    user.type_into("alt+t", "100")
    user.end("Return")
    user.wait_until(lambda seen: len(seen["layers"]) == 2, "there is no new layer")
    assert (user.mask(0) == refined).all()
    cleaned = user.plane("layer-0", HEIGHT, WIDTH, 4)
    mixed = (refined > 0) & (refined < 255)
    assert (cleaned == photo)[~mixed].all()
    assert (cleaned != photo)[mixed].any()
    user.undo()
    user.wait_until(lambda seen: len(seen["layers"]) == 1, "it was more than one step")
    user.look("image.set_selected_layers([photo])")

    # The mask, feathered.
    user.open_dialog()
    user.choose_output("layer-mask")
    user.display.key("alt+d")
    user.type_into("alt+f", "3.5")
    user.wait_for_rest()
    user.display.screenshot("feathered")
    user.end("Return")
    user.wait_until(lambda _: (user.mask() != first).any(), "the mask is as it was")
    picture = Picture(ImageHeader(WIDTH, HEIGHT, "gray", "u8"), first.tobytes())
    adjusted = calls.adjust("tests", picture, Adjustments(feather_px=3.5))
    assert (user.mask() == np.frombuffer(adjusted, np.uint8).reshape(HEIGHT, WIDTH)).all()
    assert not user.look()["channels"]
    user.undo()
    user.wait_until(lambda _: (user.mask() == first).all(), "it was more than one step")
    user.finish()


def test_a_selection_is_a_stroke(retoucher: Callable[..., DialogUser]) -> None:
    """Open, press one button, Return: for a lock that is selected already."""
    user = retoucher()
    user.look("image.select_rectangle(Gimp.ChannelOps.REPLACE, 330, 140, 30, 70)")
    user.open_dialog()
    user.press_until_solved("alt+l")
    user.end("Return")
    user.wait_until(lambda seen: seen["channels"], "no strokes were kept")
    strokes, mask = user.plane("channel-0"), user.mask()
    assert cv2.boundingRect(strokes) == (330, 140, 30, 70)
    assert (mask != user.first_mask)[140:210, 330:360].any()
    assert (user.plane("selection") == strokes // UNKNOWN * 255).all()

    # Where nothing was done, Return leaves nothing to undo: what is undone is the step before.
    user.open_dialog()
    user.end("Return")
    user.undo()
    user.wait_until(lambda seen: not seen["channels"], "an empty step was undone")
    assert (user.mask() == user.first_mask).all()
    user.look("image.set_selected_layers([photo])")

    # Return pressed before a stroke is solved waits for it.
    user.open_dialog()
    user.drag(LOCK)
    user.end("Return")
    user.wait_until(lambda seen: seen["channels"], "the stroke was lost")
    assert (user.mask() != user.first_mask)[140:210, 330:360].any()
    user.finish()


def test_strokes_land_where_they_are_seen(retoucher: Callable[..., DialogUser]) -> None:
    """Zoomed by the wheel around the mouse, moved with the space bar and with the middle button."""
    user = retoucher()
    user.open_dialog()
    x, y = user.on_screen(LOCK[2])
    user.display.xdotool("mousemove", str(x), str(y), "click", "4", "sleep", "0.2", "click", "4")
    user.wait_for_rest()
    user.display.screenshot("enlarged")  # three times
    user.draw_on_screen((x, y), (x + 30, y))
    user.display.xdotool("keydown", "space")
    user.display.drag([(x, y), (x - 30, y), (x - 60, y)])
    user.display.xdotool("keyup", "space")
    user.wait_for_rest()
    user.draw_on_screen((x, y), (x + 1, y))  # 20 pixels further right
    steps = ["mousemove", str(x), str(y), "mousedown", "2", "sleep", "0.1"]
    steps += ["mousemove", str(x), str(y + 90), "sleep", "0.1", "mouseup", "2"]
    user.display.xdotool(*steps)
    user.wait_for_rest()
    user.draw_on_screen((x, y), (x + 1, y))  # 30 pixels further up
    user.end("Return")
    user.wait_until(lambda seen: seen["channels"], "no strokes were kept")
    strokes = user.plane("channel-0")
    left, top = (round(one) for one in LOCK[2])
    places = [(left, top), (left + 10, top), (left + 20, top), (left + 20, top - 30)]
    assert [int(strokes[row, column]) for column, row in places] == [UNKNOWN] * 4
    radius = 5
    assert cv2.boundingRect(strokes) == pytest.approx(
        (left - radius, top - 30 - radius, 20 + 2 * radius, 30 + 2 * radius), abs=2
    )
    user.finish()


def test_what_happens_to_the_image_meanwhile(
    gimp: Gimp, retoucher: Callable[..., DialogUser]
) -> None:
    user = retoucher()

    # The daemon is killed before it has answered: another one is started, and no stroke is lost.
    user.open_dialog()
    user.draw(LOCK)
    os.kill(gimp.daemon_pid(), signal.SIGSTOP)
    user.drag([(x - 205, y) for x, y in LOCK])
    user.display.xdotool("sleep", "1")
    before = user.screen("stopped")
    gimp.kill_daemon()
    wait_for(lambda: bool((user.screen("lost") != before).any()), "nothing is done", 20)

    # The layer is moved, which takes the strokes along.
    user.look("photo.set_offsets(20, -10)")
    user.draw([(200.0, 30.0), (210.0, 30.0)])
    user.end("Return")
    user.wait_until(lambda seen: seen["channels"], "no strokes were kept")
    strokes, mask = user.plane("channel-0"), user.mask()
    x, y = (round(one) for one in LOCK[2])
    assert strokes[y - 10, x + 20] == UNKNOWN == strokes[y - 10, x + 20 - 205]
    changed = (mask != user.first_mask).any(axis=0)
    assert changed[330:360].any() and changed[120:150].any()

    # Moved back and opened again, the layer has them where they were drawn.
    user.look("photo.set_offsets(0, 0)")
    user.open_dialog()
    user.draw([(60.0, 60.0), (70.0, 60.0)])
    user.end("Return")
    user.wait_until(lambda _: user.plane("channel-0")[60, 65] == UNKNOWN, "it was not kept")
    strokes, mask = user.plane("channel-0"), user.mask()
    assert strokes[y, x] == UNKNOWN == strokes[y, x - 205]

    # The mask is removed: what is seen is put there again.
    user.open_dialog()
    user.look("photo.remove_mask(Gimp.MaskApplyMode.DISCARD)")
    user.end("Return")
    user.wait_until(lambda seen: seen["layers"][0][2], "there is no mask")
    assert (user.mask() == mask).all()

    # The layer has another size: a sentence, until that is undone.
    user.open_dialog()
    user.look("photo.resize(400, 300, 0, 0)")
    user.refused("size")
    user.look("photo.resize(480, 360, 0, 0)")
    user.end("Return")

    # The layer is deleted, then the whole image closed: a sentence; nothing crashes.
    user.open_dialog()
    user.look("image.remove_layer(photo)")
    user.draw([(300.0, 60.0), (320.0, 60.0)])
    user.refused("deleted")
    user.end("Escape")
    user.look("photo = photo.copy(); image.insert_layer(photo, None, 0); Gimp.displays_flush()")
    user.open_dialog()
    user.close_image()
    user.refused("closed")
    user.end("Escape")
    user.finish()


KINDS: dict[str, dict[str, Any]] = {
    "8 bits": {},
    "8 bits linear": {"precision": "U8_LINEAR"},
    "16 bits": {"precision": "U16_NON_LINEAR"},
    "32 bits": {"precision": "U32_LINEAR"},
    "half": {"precision": "HALF_NON_LINEAR"},
    "float": {"precision": "FLOAT_LINEAR"},
    "grey": {"model": "gray"},
    "palette": {"model": "indexed"},
    "Adobe RGB": {"profile": "adobe"},
    "beyond the canvas": {"offset": [-20, -10], "canvas": [300, 300]},
    "smaller than the canvas": {"offset": [40, 30], "canvas": [900, 700]},
}


WITH_OUTPUTS = ("float", "palette", "beyond the canvas")
"""Those of which each output is made as well."""


def test_refines_masks_of_every_kind_without_a_dialog(gimp: Gimp, tmp_path: Path) -> None:
    """Inside the selection alone, and bit for bit as GIMP keeps them elsewhere."""
    photo = write_png(tmp_path / "photo.png", portrait(*SIZE))
    place = (180, 90, 60, 50)
    usual = {"file": str(photo), "ellipse": place}
    cases = [
        {"name": name, "outputs": name in WITH_OUTPUTS, **usual, **kind}
        for name, kind in KINDS.items()
    ]
    facts = gimp.run(HERE / "gimp_refine_kinds.py", args={"cases": cases}, seconds=200)
    refusals = facts.pop("refusals")
    for name, seen in facts.items():
        assert seen["said"] == [], name
        left, top, right, bottom = seen["changed"]
        assert left >= place[0] and right <= place[0] + place[2], name
        assert top >= place[1] and bottom <= place[1] + place[3], name
        assert seen["is_untouched"] and seen["channels"] == 0, name
        if name in WITH_OUTPUTS:
            assert seen["is_hidden"] and seen["is_selected"], name
            assert seen["are_masked"] == [True, False, True], name  # each copy just above the layer
    assert "no mask to refine. Extract" in refusals["no mask"]
    assert "Select the part of the mask" in refusals["nothing to do"]
    assert "Black Clip must be below White Clip" in refusals["clips"]
    assert "is locked" in refusals["locked"]


@pytest.mark.parametrize(
    ("mask_dtype", "mask_format", "precision"),
    [("uint16", "Y u16", "U16_NON_LINEAR"), ("float32", "Y float", "FLOAT_LINEAR")],
)
def test_deep_masks_keep_all_they_have(
    retoucher: Callable[..., DialogUser], mask_dtype: str, mask_format: str, precision: str
) -> None:
    """Of a layer that lies partly beyond the canvas, too."""
    user = retoucher(
        mask_dtype=mask_dtype,
        mask_format=mask_format,
        precision=precision,
        canvas=[440, 400],
        offset=[-25, 15],
    )
    user.look()
    before = user.mask()
    assert (before == as_dtype(user.first_mask, mask_dtype)).all()
    user.open_dialog()
    user.draw(LOCK)
    user.end("Return")
    user.wait_until(lambda _: (user.mask() != before).any(), "the mask is as it was")
    after = user.mask()
    strokes = np.zeros_like(user.first_mask)
    kept = np.fromfile(user.folder / "channel-0", np.uint8).reshape(400, 440)
    strokes[:, 25:465] = kept[15 : 15 + HEIGHT]
    assert set(np.unique(strokes)) == {0, UNKNOWN}
    near = cv2.dilate(strokes, np.ones((31, 31), np.uint8)) == UNKNOWN
    assert ((after == before) | near).all()
    assert len(np.unique(after[near])) > 20
    user.finish()
