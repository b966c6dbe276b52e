"""Extract by Clicking in the real GIMP as a photographer meets it: clicks, boxes and keys, with MobileSAM on made-up weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from tests.hosts import hubs
from tests.hosts.editor import wait_for
from tests.hosts.gimp_host import POINT_DIALOG as DIALOG
from tests.hosts.gimp_host import Gimp
from tests.hosts.gimp_user import HEIGHT, WIDTH, DialogUser, Levels
from tests.parity import checkpoints

from flyaway_client.clicks import Kept
from flyaway_client.client import new_request_id
from flyaway_client.messages import ExtractRequest, ImageHeader

WEIGHTS = Path(__file__).parents[1] / "data" / "parity" / "mobile_sam"

SUBJECT, ALSO, BESIDE = (200.0, 140.0), (300.0, 200.0), (30.0, 30.0)

LARGE_PX = 2000
"""So much of the photo changes with a mask, and not with a mark."""

KEPT = "note('kept', bytes(photo.get_parasite('flyaway-points').get_data()).decode())"

SAVED = """
from gi.repository import Gio
file = Gio.File.new_for_path(str(FOLDER / 'kept.xcf'))
copy = image.duplicate()
Gimp.file_save(Gimp.RunMode.NONINTERACTIVE, copy, file, None)
again = Gimp.file_load(Gimp.RunMode.NONINTERACTIVE, file)
note('saved', bytes(again.get_layers()[0].get_parasite('flyaway-points').get_data()).decode())
copy.delete()
again.delete()
"""


def test_a_click_is_cut_out_and_kept(gimp: Gimp, tmp_path: Path) -> None:
    hubs.bring_weights(gimp, "mobile-sam", checkpoints.as_published(WEIGHTS))
    user = DialogUser(gimp, tmp_path, DIALOG, None)
    user.open_dialog()
    click(user, SUBJECT)
    user.display.screenshot("clicked")
    answered(user, lambda: user.display.key("Tab"))
    click(user, ALSO)
    click(user, BESIDE, button=3)
    user.display.screenshot("three")
    user.end("Return")
    seen = user.wait_until(lambda seen: seen["layers"][0][2], "there is no mask")
    assert [name for name, *_ in seen["layers"]] == ["by hand.png"]
    user.look(KEPT)
    kept = Kept.read(user.running.note("kept").encode())
    assert kept is not None
    assert [point.keep for point in kept.prompts.points] == [True, True, False]
    for point, (x, y) in zip(kept.prompts.points, (SUBJECT, ALSO, BESIDE), strict=True):
        assert abs(point.x + 0.5 - x) <= 1 and abs(point.y + 0.5 - y) <= 1
    assert (user.mask() == asked_directly(gimp, user, kept)).all()

    user.look(SAVED)
    assert Kept.read(user.running.note("saved").encode()) == kept

    user.undo()
    user.wait_until(lambda seen: not seen["layers"][0][2], "the mask is still there")
    user.look("note('left', photo.get_parasite('flyaway-points') is None)")
    assert user.running.note("left")
    user.finish()


def click(user: DialogUser, place: tuple[float, float], button: int = 1) -> None:
    """Click there, and wait until that is answered."""
    x, y = user.on_screen(place)
    answered(user, lambda: user.display.xdotool("mousemove", str(x), str(y), "click", str(button)))


def answered(user: DialogUser, give: Callable[[], object]) -> None:
    """Give a click or a key, and wait until the picture shows another mask; the mark of a click is far smaller."""
    (left, top), (right, bottom) = user.on_screen((0, 0)), user.on_screen((WIDTH, HEIGHT))

    def photo(name: str) -> Levels:
        return user.screen(name)[top:bottom, left:right]

    before = photo("before")
    give()
    wait_for(
        lambda: (photo("after") != before).any(axis=2).sum() > LARGE_PX, "no other mask is seen", 40
    )
    user.wait_for_rest()


def asked_directly(gimp: Gimp, user: DialogUser, kept: Kept) -> Levels:
    """The mask of the same clicks, by the daemon without GIMP."""
    rgba = np.dstack((user.photo, np.full((HEIGHT, WIDTH), 255, np.uint8)))
    request = ExtractRequest(
        id=new_request_id(),
        image=ImageHeader(WIDTH, HEIGHT, "rgba", "u8"),
        selection_is="automatic",
        prompts=kept.prompts,
    )
    with gimp.client() as client:
        alpha = client.extract(request, {"image": rgba.tobytes()}).alpha
    return np.frombuffer(alpha, np.uint8).reshape(HEIGHT, WIDTH)
