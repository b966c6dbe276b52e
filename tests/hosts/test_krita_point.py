"""Extract by Clicking in the real Krita as a photographer meets it, with MobileSAM on made-up weights."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.hosts import hubs
from tests.hosts.editor import wait_for
from tests.hosts.krita_host import Krita
from tests.hosts.pictures import portrait, write_png
from tests.parity import checkpoints

from flyaway_client.clicks import Kept
from flyaway_client.client import new_request_id
from flyaway_client.messages import ExtractRequest, ImageHeader
from flyaway_client.texts import POINTS_MISSING, POINTS_READY

HERE = Path(__file__).parent
WEIGHTS = Path(__file__).parents[1] / "data" / "parity" / "mobile_sam"
WINDOW = "^Flyaway: Extract by Clicking"
WIDTH, HEIGHT = 480, 360

SUBJECT, ALSO, BESIDE = (200, 140), (300, 200), (30, 30)

Place = tuple[int, int]


class Hand:
    """Clicks in the window, and looks at it and at the image."""

    def __init__(self, krita: Krita, folder: Path, *, saves: bool = False) -> None:
        self._folder = folder
        self.photo = portrait(WIDTH, HEIGHT)
        document = write_png(folder / "photo.png", self.photo)
        self.running = krita.start(
            HERE / "krita_point.py",
            document=document,
            args={"folder": str(folder), "saves": saves},
            seconds=200,
        )
        self.display = self.running.display
        self.running.note("ready", 90)
        self.display.activate(self.display.wait_for_window("Krita"))
        self._looks = 0

    def look(self) -> dict[str, Any]:
        """What the window says, and "mask" as HxW where there is one."""
        self._looks += 1
        self.running.signal(f"look-{self._looks}")
        seen: dict[str, Any] = self.running.note(f"seen-{self._looks}")
        mask = np.fromfile(self._folder / f"mask-{self._looks}", np.uint8)
        seen["mask"] = mask.reshape(HEIGHT, WIDTH) if mask.size else None
        return seen

    def wait_for(self, met: Callable[[dict[str, Any]], object], otherwise: str) -> dict[str, Any]:
        """What is seen once it is as wanted."""
        seen: dict[str, Any] = {}

        def is_so() -> bool:
            seen.clear()
            seen.update(self.look())
            return bool(met(seen))

        wait_for(is_so, otherwise, 60)
        return seen

    def open(self, says: str) -> dict[str, Any]:
        """Press the docker's button, and wait until the window says that."""
        self.press_button()
        return self.wait_for(lambda seen: seen.get("status") == says, f"it does not say {says!r}")

    def press_button(self) -> None:
        """Press the docker's button until the window is there; the docker takes a moment to settle."""

        def is_open() -> bool:
            self.display.click(*self.look()["button"])
            return bool(self.wait_briefly(WINDOW))

        wait_for(is_open, "the button opens no window", 60)
        self.display.activate(self.display.wait_for_window(WINDOW))

    def wait_briefly(self, title: str) -> bool:
        """Whether a window comes up."""
        try:
            self.display.wait_for_window(title, 6)
        except TimeoutError:
            return False
        return True

    def on_screen(self, place: Place) -> Place:
        """Where the window shows a place of the photo, pixel by pixel in its middle."""
        x, y, _, _ = self.look()["picture"]
        return x + place[0] - WIDTH // 2, y + place[1] - HEIGHT // 2

    def click(self, place: Place, button: int = 1) -> dict[str, Any]:
        """Click there, and wait for the answer."""
        x, y = self.on_screen(place)
        self.display.xdotool("mousemove", str(x), str(y), "click", str(button))
        return self.answered()

    def drag(self, start: Place, end: Place) -> dict[str, Any]:
        """Drag from one place to another, and wait for the answer."""
        (x, y), (to_x, to_y) = self.on_screen(start), self.on_screen(end)
        steps = 12
        self.display.drag(
            [(x + (to_x - x) * n // steps, y + (to_y - y) * n // steps) for n in range(steps + 1)]
        )
        return self.answered()

    def answered(self) -> dict[str, Any]:
        return self.wait_for(lambda seen: "Enter extracts" in seen["status"], "there is no answer")


def test_clicks_are_cut_out_and_kept(krita: Krita, tmp_path: Path) -> None:
    hubs.bring_weights(krita, "mobile-sam", checkpoints.as_published(WEIGHTS))
    hand = Hand(krita, tmp_path, saves=True)
    hand.open(POINTS_READY)
    first = hand.click(SUBJECT)
    assert first["status"].startswith("1 of 3") and first["can"] == ["next", "back", "clear"]
    krita.display.screenshot("clicked")
    hand.display.key("Tab")
    second = hand.wait_for(lambda seen: seen["status"].startswith("2 of 3"), "Tab is not heard")
    hand.click(ALSO)
    hand.click(BESIDE, button=3)
    hand.drag((60, 40), (420, 320))
    krita.display.screenshot("boxed")
    hand.display.key("ctrl+z")
    undone = hand.wait_for(lambda seen: "forward" in seen["can"], "Ctrl+Z is not heard")
    hand.answered()
    hand.display.key("Return")
    done = hand.wait_for(lambda seen: not seen["window"] and seen["masks"], "it is not cut out")
    assert second["masks"] == undone["masks"] == 0
    ((name, content),) = done["kept"].items()
    kept = Kept.read(content.encode())
    assert kept is not None and not kept.prompts.boxes
    assert [point.keep for point in kept.prompts.points] == [True, True, False]
    for point, (x, y) in zip(kept.prompts.points, (SUBJECT, ALSO, BESIDE), strict=True):
        assert abs(point.x - x) <= 1 and abs(point.y - y) <= 1
    assert (done["mask"] == asked_directly(krita, hand.photo, kept)).all()

    # What was pointed at is taken up again, and Escape leaves all as it is.
    hand.press_button()
    hand.answered()
    hand.display.key("Escape")
    left = hand.wait_for(lambda seen: not seen["window"], "Escape is not heard")
    assert (left["mask"] == done["mask"]).all()
    hand.running.signal("end")
    saved = hand.running.result()
    assert saved["kept"] == {name: content} and name.endswith(saved["layer"])


def test_without_a_network_it_is_one_click_away(krita: Krita, tmp_path: Path) -> None:
    hand = Hand(krita, tmp_path)
    seen = hand.open(POINTS_MISSING)
    assert seen["download"] == ["Find by clicking (41 MB)"]
    krita.display.screenshot("missing")
    hand.running.signal("end")
    hand.running.result()


def asked_directly(krita: Krita, photo: NDArray[np.uint8], kept: Kept) -> NDArray[np.uint8]:
    """The mask of the same clicks, by the daemon without Krita."""
    bgra = np.dstack((photo[..., ::-1], np.full((HEIGHT, WIDTH), 255, np.uint8)))
    request = ExtractRequest(
        id=new_request_id(),
        image=ImageHeader(WIDTH, HEIGHT, "bgra", "u8"),
        selection_is="automatic",
        prompts=kept.prompts,
    )
    with krita.client() as client:
        alpha = client.extract(request, {"image": bgra.tobytes()}).alpha
    return np.frombuffer(alpha, np.uint8).reshape(HEIGHT, WIDTH)
