"""Retouching in the real Krita by mouse and keys: strokes, live, undo, Refine Edge on a selection, the views."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.hosts.editor import wait_for
from tests.hosts.krita_host import Krita
from tests.hosts.pictures import portrait, write_png
from tests.hosts.test_krita import hard_ellipse, write_bytes

from flyaway_client import hints
from flyaway_client.messages import KEEP, UNKNOWN

HERE = Path(__file__).parent
WIDTH, HEIGHT = 640, 480


class Retoucher:
    """Looks at the image and the docker in a running Krita, and has its mouse and keys."""

    def __init__(self, krita: Krita, folder: Path) -> None:
        photo = write_png(folder / "photo.png", portrait(WIDTH, HEIGHT))
        outline = write_bytes(folder / "outline", hard_ellipse(WIDTH, HEIGHT))
        args = {"selection": str(outline), "folder": str(folder)}
        self._folder = folder
        self.running = krita.start(
            HERE / "krita_retouch.py", document=photo, args=args, seconds=250
        )
        self.display = self.running.display
        self.places = self.running.note("ready", 90)
        self.display.activate(self.display.wait_for_window("Krita"))
        self._asked = 0

    def look(self) -> dict[str, Any]:
        """What the docker says, and "mask" and "levels" of the hints as HxW."""
        self._asked += 1
        self.running.signal(f"look-{self._asked}")
        seen: dict[str, Any] = self.running.note(f"seen-{self._asked}")
        seen["mask"] = self._plane(f"mask-{self._asked}")
        cutout = np.fromfile(self._folder / f"cutout-{self._asked}", np.uint8)
        seen["cutout"] = cutout.reshape(-1, WIDTH, 4)
        painted = (self._folder / f"hints-{self._asked}").read_bytes()
        drawn = np.frombuffer(hints.levels(painted), np.uint8) if painted else np.zeros(0, np.uint8)
        seen["levels"] = drawn.reshape(-1, WIDTH)
        return seen

    def wait_for(self, met: Callable[[dict[str, Any]], object], otherwise: str) -> dict[str, Any]:
        """What is seen once it is as wanted."""
        seen: dict[str, Any] = {}

        def is_so() -> bool:
            seen.update(self.look())
            return bool(met(seen))

        wait_for(is_so, otherwise, 40)
        return seen

    def click(self, name: str) -> None:
        self.display.click(*self.places[name])

    def stroke(self, dy: int) -> None:
        """Draw over the subject's upper edge, so far from the middle of the canvas."""
        x, y = self.places["canvas"]
        self.display.drag([(x - 60 + 6 * step, y + dy) for step in range(20)])

    def _plane(self, name: str) -> NDArray[np.uint8]:
        return np.fromfile(self._folder / name, np.uint8).reshape(HEIGHT, WIDTH)


def test_retouches_a_lock_by_mouse_and_keys(krita: Krita, tmp_path: Path) -> None:
    hand = Retoucher(krita, tmp_path)
    first = hand.look()
    assert first["can"] == []

    # One bad lock: choose the brush, stroke over it, and that is all.
    hand.click("find hair")
    hand.wait_for(lambda seen: seen["active"] == "Flyaway Hints", "no hints layer to paint on")
    hand.stroke(-200)
    solved = hand.wait_for(
        lambda seen: seen["status"].startswith("Done in"), "the stroke was not solved"
    )
    assert set(np.unique(solved["levels"])) == {0, UNKNOWN}
    assert (solved["mask"] != first["mask"]).any()
    assert solved["photo"] == first["photo"]
    _is_changed_only_near(first["mask"], solved["mask"], solved["levels"] > 0)
    krita.display.screenshot("stroke")

    # Krita's own undo and redo of the stroke take the mask along.
    hand.display.key("ctrl+z")
    undone = hand.wait_for(lambda seen: not (seen["levels"] > 0).any(), "no undo of the stroke")
    undone = hand.wait_for(lambda seen: "forward" in seen["can"], "the mask was not taken along")
    assert (undone["mask"] == first["mask"]).all()
    hand.display.key("ctrl+shift+z")
    redone = hand.wait_for(lambda seen: "back" in seen["can"], "the mask was not taken along")
    assert (redone["mask"] == solved["mask"]).all()

    # A second kind of stroke wins over what was solved; Back and Forward go over both.
    hand.click("keep")
    hand.stroke(-170)
    kept = hand.wait_for(
        lambda seen: (seen["levels"] == KEEP).any() and (seen["mask"] != solved["mask"]).any(),
        "the second stroke was not solved",
    )
    assert (kept["mask"][kept["levels"] == KEEP] == 255).all()
    for expected in (solved, first):
        hand.click("back")
        hand.wait_for(partial(_is_as, expected), "Back did nothing")
    for expected in (solved, kept):
        hand.click("forward")
        hand.wait_for(partial(_is_as, expected), "Forward did nothing")

    # The views, by their keys.
    hand.click("picture")
    for name in (
        "On black",
        "On white",
        "On green",
        "Black and white",
        "Strokes on the mask",
        "Original",
    ):
        hand.display.key("f")
        hand.wait_for(partial(_shows, name), f"F does not show {name}")
        krita.display.screenshot(f"view-{name.replace(' ', '-')}")
    hand.display.key("f")
    hand.wait_for(lambda seen: seen["view"] == "Overlay", "F does not go round")
    hand.display.key("x")
    hand.wait_for(lambda seen: seen["view"] == "Original", "X does not show the original")
    hand.display.key("x")
    hand.wait_for(lambda seen: seen["view"] == "Overlay", "X does not go back")

    hand.click("done")
    done = hand.wait_for(lambda seen: seen["can"] == [], "Done did nothing")
    assert done["hints"] == [False]
    assert (done["mask"] == kept["mask"]).all()
    hand.running.signal("end")
    hand.running.result(60)


def test_refines_inside_a_selection_in_two_actions(krita: Krita, tmp_path: Path) -> None:
    hand = Retoucher(krita, tmp_path)
    first = hand.look()
    lock = np.zeros((HEIGHT, WIDTH), np.uint8)
    lock[60:130, 260:400] = 255
    write_bytes(tmp_path / "lasso", lock)
    hand.running.signal("lasso-1")
    hand.running.note("selected-1")
    hand.click("refine")
    refined = hand.wait_for(lambda seen: "back" in seen["can"], "nothing was refined")
    assert (refined["mask"] != first["mask"]).any()
    assert (refined["mask"] == first["mask"])[lock == 0].all()
    hand.click("back")
    hand.wait_for(lambda seen: (seen["mask"] == first["mask"]).all(), "Back did nothing")

    # The mask elsewhere: as the opacity of a layer, then beside it as another one's mask.
    for number, (output, masks) in enumerate((("cutout", 0), ("new-layer", 1)), 1):
        (tmp_path / "output").write_text(output, "utf-8")
        hand.running.signal(f"put-{number}")
        hand.running.note(f"put-{number}")
        seen = hand.wait_for(partial(_has_cutouts, number), f"no {output}")
        assert seen["layers"][0] == ["Background", False, 1]
        assert [masks for *_, masks in seen["layers"][1:]].count(masks) >= 1
        if not masks:
            assert (seen["cutout"][..., 3] == first["mask"]).all()
            solid = first["mask"] == 255
            photo = portrait(WIDTH, HEIGHT)
            assert (seen["cutout"][solid][:, 2::-1] == photo[solid]).all()
    hand.running.signal("end")
    hand.running.result(60)


def _is_as(expected: dict[str, Any], seen: dict[str, Any]) -> bool:
    return bool((seen["mask"] == expected["mask"]).all())


def _has_cutouts(count: int, seen: dict[str, Any]) -> bool:
    """Whether so many are there, and nothing else is to come."""
    named = [name for name, *_ in seen["layers"] if name.endswith("cutout")]
    return len(named) == count and "is hidden" in seen["status"]


def _shows(view: str, seen: dict[str, Any]) -> bool:
    return bool(seen["view"] == view)


def _is_changed_only_near(
    before: NDArray[np.uint8], after: NDArray[np.uint8], stroke: NDArray[np.bool_]
) -> None:
    """Nothing has changed farther from the stroke than it reaches, 2 % of the longer side."""
    rows, columns = np.nonzero(stroke)
    reach = round(0.02 * WIDTH)
    place = (
        slice(max(0, rows.min() - reach), rows.max() + reach + 1),
        slice(max(0, columns.min() - reach), columns.max() + reach + 1),
    )
    outside = np.ones(before.shape, np.bool_)
    outside[place] = False
    assert (before == after)[outside].all()


def test_outlives_that_an_image_is_closed_while_it_is_retouched(
    krita: Krita, tmp_path: Path
) -> None:
    photo = write_png(tmp_path / "photo.png", portrait(WIDTH, HEIGHT))
    outline = write_bytes(tmp_path / "outline", hard_ellipse(WIDTH, HEIGHT))
    files = {name: str(tmp_path / f"{name}.kra") for name in ("plain", "masked")}
    krita.run(HERE / "krita_saved.py", document=photo, args={"selection": str(outline), **files})
    masked = Path(files["masked"])
    shown = krita.run(HERE / "krita_closed.py", document=masked, args={"file": files["masked"]})
    assert shown == [True, False, False, True]
