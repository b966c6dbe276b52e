"""Extract Foreground in the real GIMP as a photographer meets it: selected by mouse, painted, pressed by key."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.hosts.display import PATIENCE_S
from tests.hosts.editor import Running, wait_for
from tests.hosts.gimp_host import DIALOG, Gimp
from tests.hosts.pictures import portrait, write_png
from tests.hosts.running import EditorError

from flyaway_client.client import Extracted, new_request_id
from flyaway_client.messages import ExtractRequest, ImageHeader

HERE = Path(__file__).parent
WIDTH, HEIGHT = SIZE = (480, 360)
TITLE = "by hand"
GREY = (12, 12)
"""A place where the photo is of a middle grey, for the colour picker."""

OUTPUTS = ("layer-mask", "new-layer", "refined-mask", "selection")
"""As they stand in the dialog's menu."""

Levels = NDArray[np.uint8]
Point = tuple[float, float]


class Hand:
    """A user at GIMP's window, and what has become of the image."""

    def __init__(self, gimp: Gimp, folder: Path) -> None:
        photo = portrait(*SIZE)
        photo[:24, :24] = 128
        self.folder = folder
        self._gimp = gimp
        self._steps = 0
        document = write_png(folder / f"{TITLE}.png", photo)
        args = {"folder": str(folder)}
        self.running: Running = gimp.start(
            HERE / "gimp_hand.py", document=document, args=args, seconds=280
        )
        self.running.note("ready")
        self.display = self.running.display
        self._left_top = self._find(photo)

    def _find(self, photo: NDArray[np.uint8]) -> Point:
        """Where on the screen the photo begins, once it is shown there pixel by pixel."""
        found: list[Point] = []

        def is_shown() -> bool:
            screen = cv2.imread(str(self.display.screenshot("canvas")))
            if screen is None:
                return False
            # The middle alone: a corner may hide under a ruler's shadow or a handle.
            part = photo[100:260, 140:340, ::-1]
            difference = cv2.matchTemplate(screen, np.ascontiguousarray(part), cv2.TM_SQDIFF)
            least, _, (x, y), _ = cv2.minMaxLoc(difference)
            found[:] = [(x - 140, y - 100)]
            return bool(least / part.size < 4)

        self.activate()
        wait_for(is_shown, "the photo is not on the screen as it is", 40)
        return found[0]

    # --- what a user does -----------------------------------------------------------------------

    def activate(self) -> None:
        """Go to the image's window."""
        self.display.activate(self.display.wait_for_window(TITLE))

    def keys(self, *keys: str) -> None:
        """Press keys in the image's window, the mouse over the canvas."""
        self.activate()
        self.display.key(*keys)

    def drag(self, *points: Point) -> None:
        """Drag the mouse along points of the image."""
        x, y = self._left_top
        self.display.drag([(round(x + one), round(y + other)) for one, other in points])

    def select(self, tool: str, *points: Point) -> Levels:
        """Drag along points with a selection tool, anew where GIMP has missed it; the selection."""

        def is_selected() -> bool:
            self.keys("ctrl+shift+a", tool)  # else an earlier selection would be moved
            self.drag(*points)
            self.keys("Return")
            return _is_met(lambda: self.look() and self.levels("selection").any())

        wait_for(is_selected, "nothing is selected", 40)
        return self.levels("selection")

    def open_dialog(self) -> None:
        """Open the dialog of Extract Foreground."""
        self._gimp.open_dialog(self.running, TITLE)

    def take_from_last(self) -> None:
        """Choose the last of what the selection can be taken from."""
        self.display.key("alt+f", "End")

    def extract(self, output: str) -> None:
        """Choose the output in the open dialog and press Extract; an open menu would miss keys while it comes up."""
        down = ["Down"] * OUTPUTS.index(output)
        self.display.key("alt+p", "Home", *down)
        self.display.press_until(
            ["alt+x"], lambda: not self.display.windows(DIALOG), "Extract is not heard", 8
        )

    def feather(self) -> None:
        """Feather the selection by the menu's own command and what it proposes."""
        self.activate()
        self._gimp.search_action(self.running, "fades out smoothly")
        window = "^Feather Selection$"
        self.display.activate(self.display.wait_for_window(window))
        self.display.press_until(
            ["Return"], lambda: not self.display.windows(window), "Feather is not heard"
        )

    # --- what has come of it --------------------------------------------------------------------

    def look(self) -> dict[str, Any]:
        """What there is in the image; its levels go into files."""
        self._steps += 1
        self.running.signal(f"step-{self._steps}")
        seen: dict[str, Any] = self.running.note(f"done-{self._steps}")
        return seen

    def close_image(self) -> None:
        """Have the image closed."""
        (self.folder / "close").touch()
        assert not self.look(), "it is still open"

    def reset(self) -> None:
        """Have the photo as it was."""
        (self.folder / "reset").touch()
        self.look()

    def keep_selection(self) -> None:
        """Have the selection kept as a channel, and nothing selected."""
        (self.folder / "keep").touch()
        assert self.look()["channels"]

    def levels(self, name: str) -> Levels:
        """Levels that the last look has written down: "selection", "mask-0"."""
        content = np.fromfile(self.folder / name, np.uint8)
        return content.reshape(HEIGHT, WIDTH) if content.size else content

    def wait_until(self, met: Callable[[dict[str, Any]], object], what: str) -> dict[str, Any]:
        """What is seen once it is as wanted."""
        seen: dict[str, Any] = {}

        def is_so() -> bool:
            seen.update(self.look())
            return bool(met(seen))

        wait_for(is_so, what, 40)
        return seen

    def wait_for_selection(self, met: Callable[[Levels], object], what: str) -> Levels:
        """The selection once it is as wanted."""
        self.wait_until(lambda _: met(self.levels("selection")), what)
        return self.levels("selection")

    def asked_directly(self, selection: Levels, **fields: Any) -> Extracted:
        """What the daemon says of the photo with such a selection, without GIMP."""
        image = np.fromfile(self.folder / "photo", np.uint8)
        request = ExtractRequest(
            id=new_request_id(),
            image=ImageHeader(WIDTH, HEIGHT, "rgba", "u8"),
            selection=ImageHeader(WIDTH, HEIGHT, "gray", "u8"),
            **fields,
        )
        with self._gimp.client() as client:
            return client.extract(request, {"image": image.data, "selection": selection.tobytes()})


def lasso() -> list[Point]:
    """A line along the ragged edge of the disc of `portrait`, a little outside, drawn at one go."""
    turns = [number * math.tau / 138 for number in range(139)]
    radii = [HEIGHT * (0.305 + 0.02 * math.sin(23 * turn)) for turn in turns]
    return [
        (WIDTH / 2 + radius * math.cos(turn), HEIGHT / 2 + radius * math.sin(turn))
        for turn, radius in zip(turns, radii, strict=True)
    ]


def _is_met(met: Callable[[], object]) -> bool:
    """Whether it comes to that soon."""
    try:
        wait_for(lambda: bool(met()), "not yet", PATIENCE_S)
    except EditorError:
        return False
    return True


def alpha_of(extracted: Extracted) -> Levels:
    return np.frombuffer(extracted.alpha, np.uint8).reshape(HEIGHT, WIDTH)


def settings_of(gimp: Gimp) -> str:
    """What GIMP has kept of the last run."""
    folder = gimp.plugin_folder.parent / "plug-in-settings"
    return "".join(file.read_text("utf-8") for file in folder.glob("*flyaway*.last"))


def test_selected_by_mouse_painted_and_pressed_by_key(gimp: Gimp, tmp_path: Path) -> None:
    """Each kind of selection and each output, in one session; the mask is that of the same request made directly."""
    with gimp.client() as client:
        client.engines()  # so that the dialog need not start it
    hand = Hand(gimp, tmp_path)

    # A rectangle around the subject, as a layer mask.
    selection = hand.select("r", (90, 30), (250, 200), (390, 330))
    assert cv2.boundingRect(selection) == (90, 30, 300, 300)
    hand.open_dialog()
    hand.extract("layer-mask")
    hand.wait_until(lambda seen: seen["layers"] == [[True, True]], "no mask of a rectangle")
    expected = hand.asked_directly(selection)
    assert expected.result.understood == "Rough region, because it is a rectangle"
    assert (hand.levels("mask-0") == alpha_of(expected)).all()
    assert (hand.levels("selection") == selection).all()

    # A part of that mask, refined.
    selection = hand.select("r", (300, 60), (330, 100), (380, 180))
    assert cv2.boundingRect(selection) == (300, 60, 80, 120)
    before = hand.levels("mask-0")
    hand.open_dialog()
    hand.extract("refined-mask")
    hand.wait_until(lambda _: (hand.levels("mask-0") != before).any(), "nothing was refined")
    assert (hand.levels("mask-0") == before)[selection == 0].all()

    # A lasso along the subject, as a new layer.
    hand.reset()
    selection = hand.select("f", *lasso())
    hand.open_dialog()
    hand.extract("new-layer")
    hand.wait_until(lambda seen: seen["layers"] == [[True, True], [False, False]], "no masked copy")
    expected = hand.asked_directly(selection)
    assert expected.result.understood.startswith("Outline")
    assert (hand.levels("mask-0") == alpha_of(expected)).all()

    # A feathered one, as a selection.
    hand.reset()
    hard = hand.select("f", *lasso())
    hand.feather()
    selection = hand.wait_for_selection(lambda seen: (seen != hard).any(), "it is not feathered")
    hand.open_dialog()
    hand.extract("selection")
    expected = hand.asked_directly(selection)
    assert expected.result.understood.startswith("Feathered outline")
    alpha = alpha_of(expected)
    hand.wait_until(lambda _: (hand.levels("selection") == alpha).all(), "it is no selection")
    assert hand.look()["layers"] == [[True, False]]

    # Greys painted over its edge in the Quick Mask.
    hand.reset()
    hard = hand.select("f", *lasso())
    hand.keys("o")
    hand.drag(GREY)
    hand.keys("shift+q")
    hand.wait_until(lambda seen: seen["channels"] == ["Qmask"], "no Quick Mask")
    hand.keys("p")
    stroke = [(x, HEIGHT / 2) for x in (240, 320, 410)]

    def is_painted() -> bool:
        hand.drag(*stroke)
        return _is_met(lambda: hand.look() and (hand.levels("channel") == 128).any())

    wait_for(is_painted, "no grey was painted", 40)
    hand.keys("shift+q")
    hand.wait_until(lambda seen: not seen["channels"], "the Quick Mask stays")
    selection = hand.levels("selection")
    hand.open_dialog()
    hand.extract("layer-mask")
    hand.wait_until(lambda seen: seen["layers"] == [[True, True]], "no mask of what was painted")
    expected = hand.asked_directly(selection)
    assert "what was painted grey" in expected.result.understood
    assert (hand.levels("mask-0") == alpha_of(expected)).all()

    # The same kept as a channel, from which the dialog takes it.
    before = hand.levels("mask-0")
    hand.keep_selection()
    hand.open_dialog()
    hand.take_from_last()
    hand.display.screenshot("taken-from")
    hand.extract("new-layer")
    hand.wait_until(lambda seen: seen["layers"] == [[True, True], [False, True]], "no copy")
    assert (hand.levels("mask-0") == before).all()

    # All is selected, which is no selection.
    hand.reset()
    hand.keys("ctrl+a")
    selection = hand.wait_for_selection(lambda seen: seen.min() == 255, "not all is selected")
    hand.open_dialog()
    hand.extract("layer-mask")
    hand.wait_until(lambda seen: seen["layers"] == [[True, True]], "no mask")
    expected = hand.asked_directly(selection)
    assert expected.result.understood.startswith("Everything is selected")
    assert (hand.levels("mask-0") == alpha_of(expected)).all()

    # That was a guess, of which the next dialog knows.
    assert expected.result.advised is not None
    kept = f'(advised "{expected.result.advised.name}")'
    wait_for(lambda: kept in settings_of(gimp), "the advice is not kept", 20)
    hand.open_dialog()
    hand.display.screenshot("advised")

    # The image is closed before Extract is pressed.
    hand.close_image()
    hand.display.activate(hand.display.wait_for_window(DIALOG))
    hand.display.press_until(
        ["alt+x"], lambda: not hand.display.windows(DIALOG), "Extract is not heard"
    )
    hand.display.screenshot("closed")
    hand.running.signal("end")
    hand.running.result()
    assert "Traceback" not in gimp.log.read_text("utf-8", "replace")
