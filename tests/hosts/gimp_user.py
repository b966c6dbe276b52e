"""A user at one of our dialogs in the real GIMP, with mouse and keys, and what has become of the image."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray
from tests.hosts.editor import wait_for
from tests.hosts.gimp_host import Gimp
from tests.hosts.pictures import portrait, write_png
from tests.hosts.running import EditorError, Running

from flyaway_client import views

HERE = Path(__file__).parent
WIDTH, HEIGHT = SIZE = (480, 360)
TITLE = "by hand"

MIDDLE = (140, 100, 200, 160)
"""A place that looks like no other: x, y, width, height."""

OUTPUTS = ("layer-mask", "selection", "cutout", "new-layer")
"""As they stand in Refine Edge's menu."""

Levels = NDArray[np.uint8]
Point = tuple[float, float]


class DialogUser:
    """A user of one dialog.

    Args:
        gimp: the editor.
        folder: for what is written down.
        dialog: its title.
        mask: the layer's first one; None for none.
        settings: more for gimp_refine.py, and `mask_dtype`.
    """

    def __init__(
        self,
        gimp: Gimp,
        folder: Path,
        dialog: str,
        mask: Levels | None,
        **settings: Any,
    ) -> None:
        self._dialog = dialog
        self._gimp, self.folder = gimp, folder
        self._steps, self._patches = 0, 0
        self.photo = portrait(*SIZE)
        self.first_mask = np.full((HEIGHT, WIDTH), 255, np.uint8) if mask is None else mask
        document = write_png(folder / f"{TITLE}.png", self.photo)
        self.mask_dtype = settings.pop("mask_dtype", "uint8")
        args = {"folder": str(folder), **settings}
        if mask is not None:
            first = folder / "first"
            first.write_bytes(as_dtype(mask, self.mask_dtype).tobytes())
            args["mask"] = str(first)
        with gimp.client() as client:
            client.engines()  # so that the dialog need not start it
        self.running: Running = gimp.start(
            HERE / "gimp_refine.py", document=document, args=args, seconds=280
        )
        self.running.note("ready")
        self.display = self.running.display
        self._left_top: Point = (0, 0)

    # --- what a user does -----------------------------------------------------------------------

    def open_dialog(self) -> None:
        """Open the dialog by GIMP's action search, and wait until the photo is seen in it."""
        self._gimp.open_dialog(self.running, TITLE, self._dialog)
        self._left_top = self._find()

    def draw(self, points: list[Point], *, patches: int = 1, held: str = "") -> None:
        """Drag the mouse along points of the photo, and wait until the daemon has solved that; again where it was missed."""

        def is_solved() -> bool:
            if held:
                self.display.xdotool("keydown", held)
            self.drag(points)
            if held:
                self.display.xdotool("keyup", held)
            try:
                wait_for(lambda: self.solved() >= self._patches + patches, "not yet", 8)
            except EditorError:
                return False
            return True

        wait_for(is_solved, "no stroke was solved", 40)
        self._patches = self.solved()
        self.wait_for_rest()

    def drag(self, points: list[Point]) -> None:
        """Drag the mouse along points of the photo."""
        self.display.drag([self.on_screen(point) for point in points])

    def on_screen(self, point: Point) -> tuple[int, int]:
        """Where a point of the photo was when the dialog opened."""
        left, top = self._left_top
        return round(left + point[0]), round(top + point[1])

    def draw_on_screen(self, *places: tuple[int, int]) -> None:
        """The same along places of the screen."""
        left, top = self._left_top
        self.draw([(x - left, y - top) for x, y in places])

    def choose_output(self, name: str) -> None:
        """Choose an output by keys."""
        self.display.key("alt+p", "Home", *["Down"] * OUTPUTS.index(name))

    def type_into(self, key: str, text: str) -> None:
        """Type a number into the field of that key, and leave it."""
        self.display.key(key, "ctrl+a")
        self.display.type(text)
        self.display.key("Tab")

    def end(self, key: str) -> None:
        """Press Return, or Escape, until the dialog is gone."""
        self.display.press_until(
            [key], lambda: not self.display.windows(self._dialog), f"{key} is not heard", 20
        )

    def press_until_solved(self, key: str) -> None:
        """Press a key that has something solved."""
        self.display.press_until(
            [key], lambda: self.solved() > self._patches, f"{key} is not heard", 8
        )
        self._patches = self.solved()
        self.wait_for_rest()

    def refused(self, name: str) -> None:
        """Press Return, which the dialog answers with a sentence: it stays."""
        before = self.screen("before")
        self.display.press_until(
            ["Return"],
            lambda: (self.screen(f"refused-{name}") != before).any(),
            "nothing is said",
        )
        self.wait_for_rest()
        assert self.display.windows(self._dialog)

    def close_image(self) -> None:
        """Have the image closed."""
        self.look(
            "image.clean_all(); "
            "next(filter(None, map(Gimp.Display.get_by_id, range(1, 9)))).delete()"
        )

    def undo(self) -> None:
        """Press Ctrl+Z in the image's window."""
        self.display.activate(self.display.wait_for_window(TITLE))
        self.display.key("ctrl+z")

    def solved(self) -> int:
        """How many patches the daemon has solved."""
        log = self._gimp.flyaway_home / "daemon.log"
        return log.read_text("utf-8").count(", done by") if log.exists() else 0

    # --- what is seen ---------------------------------------------------------------------------

    def wait_for_rest(self) -> None:
        """Return once the screen no longer changes."""
        before = b""

        def rests() -> bool:
            nonlocal before
            last, before = before, self.screen("rest").tobytes()
            return last == before

        wait_for(rests, "the screen goes on changing", 30)

    def screen(self, name: str) -> Levels:
        """The screen, HxWx3 in blue, green and red."""
        picture = cv2.imread(str(self.display.screenshot(name)))
        assert picture is not None
        return np.asarray(picture, np.uint8)

    def colour(self, name: str, place: Point) -> tuple[int, ...]:
        """Which red, green and blue the dialog shows at a place of the photo."""
        left, top = self._left_top
        pixel = self.screen(name)[round(top + place[1]), round(left + place[0]), ::-1]
        return tuple(map(int, pixel))

    def _find(self) -> Point:
        """Where on the screen the photo begins, once the dialog shows it pixel by pixel."""
        x, y, width, height = MIDDLE
        overlay = views.view(views.OVERLAY)
        assert overlay.ground is not None
        opacity = np.frombuffer(overlay.opacity, np.uint8)[self.first_mask][..., None] / 255
        mixed = opacity * self.photo + (1 - opacity) * np.array(overlay.ground)
        part = np.ascontiguousarray(mixed[y : y + height, x : x + width, ::-1].astype(np.uint8))
        window = self.display.wait_for_window(self._dialog)
        found: list[Point] = []

        def is_shown() -> bool:
            area = self.display.place_of(window)
            screen = self.screen("canvas")
            # GIMP's own window, behind, shows the photo, too.
            screen = screen[area[1] : area[1] + area[3], area[0] : area[0] + area[2]]
            if screen.shape[0] < height or screen.shape[1] < width:
                return False
            difference = cv2.matchTemplate(screen, part, cv2.TM_SQDIFF)
            least, _, (left, top), _ = cv2.minMaxLoc(difference)
            found[:] = [(area[0] + left - x, area[1] + top - y)]
            return bool(least / part.size < 150)  # strokes may lie there

        wait_for(is_shown, "the photo is not in the dialog as it is", 40)
        return found[0]

    # --- what has come of it --------------------------------------------------------------------

    def look(self, do: str = "") -> dict[str, Any]:
        """What there is in the image, after some lines of Python there; its levels go into files."""
        if do:
            (self.folder / "do").write_text(do)
        self._steps += 1
        self.running.signal(f"step-{self._steps}")
        seen: dict[str, Any] = self.running.note(f"done-{self._steps}")
        return seen

    def mask(self, layer: int = 0) -> NDArray[Any]:
        """A layer's mask at the last look."""
        return np.fromfile(self.folder / f"mask-{layer}", self.mask_dtype).reshape(HEIGHT, WIDTH)

    def plane(self, name: str, *shape: int) -> Levels:
        """Levels of the last look."""
        return np.fromfile(self.folder / name, np.uint8).reshape(shape or (HEIGHT, WIDTH))

    def wait_until(self, met: Callable[[dict[str, Any]], object], what: str) -> dict[str, Any]:
        """What is seen once it is as wanted."""
        seen: dict[str, Any] = {}

        def is_so() -> bool:
            seen.clear()
            seen.update(self.look())
            return bool(met(seen))

        wait_for(is_so, what, 30)
        return seen

    def finish(self) -> None:
        """End GIMP; nothing of ours may have been at a loss."""
        (self.folder / "do").write_text("end")
        self.running.signal(f"step-{self._steps + 1}")
        self.running.result()
        said = self._gimp.log.read_text("utf-8", "replace")
        assert "Traceback" not in said and "flyaway_gimp.py:" not in _own(said)


def _own(log: str) -> str:
    """What GIMP's log says of our plug-in, but for what a machine without a desktop brings."""
    return "\n".join(
        line
        for line in log.splitlines()
        if "CRITICAL" in line or ("Warning" in line and "flyaway_gimp/" in line)
    )


def as_dtype(levels: Levels, dtype: str) -> NDArray[Any]:
    """Levels as other samples of the same meaning."""
    full = {"uint8": 255, "uint16": 65535, "float32": 1}[dtype]
    return (levels / 255 * full).astype(dtype)
