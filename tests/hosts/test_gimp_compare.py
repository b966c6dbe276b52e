"""Compare Engines in the real GIMP: by a script, and in its dialog; the sheet is an image of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tests.hosts.editor import wait_for
from tests.hosts.gimp_host import COMPARE_DIALOG as DIALOG
from tests.hosts.gimp_host import Gimp
from tests.hosts.gimp_user import DialogUser
from tests.hosts.pictures import portrait, write_png

from flyaway_client.client import new_request_id
from flyaway_client.messages import DrawRow, ImageHeader

HERE = Path(__file__).parent
WIDTH, HEIGHT = 200, 150
CROP = (40, 20, 100, 90)

SEEN = """
(other,) = (one for one in Gimp.get_images() if one.get_id() != image.get_id())
(sheet,) = other.get_layers()
note('sheet', [other.get_width(), other.get_height(), sheet.get_name()])
note('photo', [image.is_dirty(), len(image.get_layers()), photo.get_mask() is None])
"""


def test_a_script_gets_the_sheet_of_the_layer_and_of_what_is_selected(
    gimp: Gimp, tmp_path: Path
) -> None:
    photo = write_png(tmp_path / "写真.png", portrait(WIDTH, HEIGHT))
    engines = "builtin, birefnet-lite, nobody"
    args = {"folder": str(tmp_path), "engines": engines, "crop": CROP}
    result = gimp.run(HERE / "gimp_compare.py", document=photo, args=args)
    assert result["same"] and result["layers"] == 1
    for name, (width, height) in (("whole", (WIDTH, HEIGHT)), ("crop", CROP[2:])):
        sheet_width, sheet_height, *of_layer = result[name]
        assert [sheet_width, sheet_height] == of_layer
        pixels = np.fromfile(tmp_path / name, np.uint8).reshape(sheet_height, sheet_width, 3)
        words = DrawRow(
            new_request_id(),
            ImageHeader(width, height, "rgba", "u8"),
            3,
            "nobody",
        )
        with gimp.client() as client:
            drawn = client.draw_row(words, {})
        assert drawn.header.width == sheet_width
        # The last row is words: above it stands what the built-in engine made, the photo's pixels among it.
        assert sheet_height > height + 3 * 60
        assert (pixels == (0, 177, 64)).all(axis=2).sum() > 100
    assert "selection" in result["beside"]


def test_chosen_engines_are_compared_in_a_new_image(gimp: Gimp, tmp_path: Path) -> None:
    user = DialogUser(gimp, tmp_path, DIALOG, None)
    user.look("image.clean_all()")
    gimp.open_dialog(user.running, "by hand", DIALOG)
    display = user.display
    user.wait_for_rest()
    display.screenshot("chosen")
    display.press_until(["Return"], lambda: not display.windows(DIALOG), "Return is not heard", 60)
    wait_for(lambda: bool(display.windows("Untitled|Comparison")), "no sheet is shown", 40)
    user.wait_for_rest()
    display.screenshot("sheet")
    user.look(SEEN)
    width, height, name = user.running.note("sheet")
    assert name == "Comparison of engines"
    assert width >= 720 and height > 360
    assert user.running.note("photo") == [False, 1, True]
    user.finish()


def test_escape_leaves_all_as_it_is(gimp: Gimp, tmp_path: Path) -> None:
    user = DialogUser(gimp, tmp_path, DIALOG, None)
    user.look("image.clean_all()")
    gimp.open_dialog(user.running, "by hand", DIALOG)
    user.end("Escape")
    user.look("note('left', [len(Gimp.get_images()), image.is_dirty()])")
    assert user.running.note("left") == [1, False]
    user.finish()
