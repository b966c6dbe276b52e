"""Extract Foreground in the real Krita as a photographer meets it: selected by mouse, painted, pressed by mouse."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from tests.hosts.editor import wait_for
from tests.hosts.krita_host import Krita
from tests.hosts.pictures import portrait, write_png

from flyaway_client.client import Extracted, new_request_id
from flyaway_client.messages import ExtractRequest, ImageHeader

HERE = Path(__file__).parent
WIDTH, HEIGHT = SIZE = (480, 260)
CENTRE = (240, 180)
"""Of the subject, whose lower edge is cut by the frame."""

RECTANGLE, LASSO, BRUSH = (
    "KisToolSelectRectangular",
    "KisToolSelectOutline",
    "KritaShape/KisToolBrush",
)
"""Krita's actions for its tools."""

Levels = NDArray[np.uint8]
Point = tuple[float, float]


class Hand:
    """A user at Krita's window, and what has become of the image."""

    def __init__(self, krita: Krita, folder: Path) -> None:
        self.photo = portrait(WIDTH, 2 * CENTRE[1])[:HEIGHT]
        self.folder, self._krita, self._steps = folder, krita, 0
        document = write_png(folder / "photo.png", self.photo)
        args = {"folder": str(folder)}
        self.running = krita.start(
            HERE / "krita_hand.py", document=document, args=args, seconds=280
        )
        self.places = self.running.note("ready", 90)
        self.display = self.running.display
        self.display.activate(self.display.wait_for_window("Krita"))

    def ask(self, **files: str) -> dict[str, Any]:
        """Have something done by the script, or nothing, and look."""
        for name, text in files.items():
            (self.folder / name).write_text(text, "utf-8")
        self._steps += 1
        self.running.signal(f"step-{self._steps}")
        seen: dict[str, Any] = self.running.note(f"done-{self._steps}")
        return seen

    def wait_until(self, met: Callable[[dict[str, Any]], object], otherwise: str) -> dict[str, Any]:
        seen: dict[str, Any] = {}

        def is_so() -> bool:
            seen.update(self.ask())
            return bool(met(seen))

        wait_for(is_so, otherwise, 60)
        return seen

    def drag(self, *points: Point) -> None:
        """Drag the mouse along points of the image, which is shown whole in the canvas' middle."""
        x, y = self.places["middle"]
        zoom = self.places["zoom"]
        self.display.drag(
            [
                (round(x + (one - WIDTH / 2) * zoom), round(y + (other - HEIGHT / 2) * zoom))
                for one, other in points
            ]
        )

    def select(self, tool: str, *points: Point) -> Levels:
        """Drag along points with a selection tool; the selection."""
        self.ask(reset="")
        self.ask(action=tool)

        def is_selected() -> bool:
            self.drag(*points)
            self.ask()
            return bool(self.levels("selection").any())

        wait_for(is_selected, "nothing is selected", 40)
        return self.levels("selection")

    def extract(self, output: str = "layer-mask") -> dict[str, Any]:
        """Choose an output and press Extract; what is seen once it is done."""
        self.ask(output=output)
        self.display.click(*self.places["button"])
        return self.wait_until(
            lambda seen: seen["is idle"] and seen["status"].startswith("Done in"),
            "the extraction is not done",
        )

    def levels(self, name: str) -> Levels:
        content = np.fromfile(self.folder / name, np.uint8)
        return content.reshape(HEIGHT, WIDTH) if content.size else content

    def asked_directly(self, selection: Levels) -> Extracted:
        """What the daemon says of the photo with such a selection, without Krita."""
        opaque = np.full((HEIGHT, WIDTH), 255, np.uint8)
        image = np.ascontiguousarray(np.dstack([self.photo[..., ::-1], opaque]))
        request = ExtractRequest(
            id=new_request_id(),
            image=ImageHeader(WIDTH, HEIGHT, "bgra", "u8"),
            selection=ImageHeader(WIDTH, HEIGHT, "gray", "u8"),
        )
        with self._krita.client() as client:
            return client.extract(request, {"image": image.data, "selection": selection.tobytes()})

    def is_as_asked(self, selection: Levels) -> str:
        """Make sure that the mask is that of the same request made directly; what that took the selection for."""
        expected = self.asked_directly(selection)
        alpha = np.frombuffer(expected.alpha, np.uint8).reshape(HEIGHT, WIDTH)
        assert (self.levels("mask") == alpha).all()
        return expected.result.understood


def lasso() -> list[Point]:
    """A line along the ragged edge of the subject, a little outside, that stops short of the frame below."""
    turns = [number * math.tau / 138 for number in range(139)]
    radii = [2 * CENTRE[1] * (0.305 + 0.02 * math.sin(23 * turn)) for turn in turns]
    points = [
        (CENTRE[0] + radius * math.cos(turn), CENTRE[1] + radius * math.sin(turn))
        for turn, radius in zip(turns, radii, strict=True)
    ]
    return [(x, min(y, HEIGHT - 7)) for x, y in points]


def test_selected_by_mouse_painted_and_pressed_by_mouse(krita: Krita, tmp_path: Path) -> None:
    """Each kind of selection and each output, in one session; the mask is that of the same request made directly."""
    with krita.client() as client:
        client.engines()  # so that the docker need not start it
    hand = Hand(krita, tmp_path)

    # A rectangle around the subject, as a transparency mask.
    selection = hand.select(RECTANGLE, (100, 30), (250, 200), (380, 258))
    seen = hand.extract()
    assert hand.is_as_asked(selection) == "Rough region, because it is a rectangle"
    assert seen["taken for"].startswith("Rough region")
    mask = hand.levels("mask")
    assert mask[35, 105] == mask[35, 375] == 0
    assert mask[CENTRE[1], CENTRE[0]] == 255

    # A lasso along the subject that stops a few pixels before the frame, as a new layer: no fray along the frame.
    selection = hand.select(LASSO, *lasso())
    seen = hand.extract("new-layer")
    assert (seen["masks"], seen["copies"]) == (0, 1)
    assert hand.is_as_asked(selection).startswith("Outline")
    mask = hand.levels("mask")
    assert (mask[-12:, CENTRE[0] - 30 : CENTRE[0] + 30] == 255).all()
    assert not mask[:, :60].any()

    # A feathered one, as a selection.
    hard = hand.select(LASSO, *lasso())
    window = "Feather"
    hand.display.press_until(
        ["shift+F6"], lambda: hand.display.windows(window), "the dialog of Feather does not come"
    )
    hand.display.activate(hand.display.wait_for_window(window))
    hand.display.press_until(
        ["Return"], lambda: not hand.display.windows(window), "Feather is not heard"
    )
    hand.wait_until(lambda _: (hand.levels("selection") != hard).any(), "it is not feathered")
    selection = hand.levels("selection")
    hand.extract("selection")
    expected = hand.asked_directly(selection)
    assert expected.result.understood.startswith("Feathered outline")
    alpha = np.frombuffer(expected.alpha, np.uint8).reshape(HEIGHT, WIDTH)
    hand.wait_until(lambda _: (hand.levels("selection") == alpha).all(), "it is no selection")

    # Greys painted over its edge, on the selection shown as a mask.
    hard = hand.select(LASSO, *lasso())
    hand.ask(action="show-global-selection-mask")
    hand.ask(grey="")
    hand.ask(action=BRUSH)

    def is_painted() -> bool:
        hand.drag(*[(x, CENTRE[1]) for x in range(300, 420, 10)])
        hand.ask()
        return bool((hand.levels("selection") != hard).any())

    wait_for(is_painted, "no grey was painted", 40)
    hand.ask(action="show-global-selection-mask")
    selection = hand.levels("selection")
    hand.extract()
    assert "what was painted grey" in hand.is_as_asked(selection)
    hand.running.signal("end")
    hand.running.result(60)
