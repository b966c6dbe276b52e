"""A running Krita that a test looks at and clicks into."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from tests.hosts.display import PATIENCE_S
from tests.hosts.editor import wait_for
from tests.hosts.krita_host import Krita

HERE = Path(__file__).parent


class Watcher:
    """Looks at the image in a running Krita, by way of krita_watch.py."""

    def __init__(
        self,
        krita: Krita,
        photo: Path,
        selection: Path | None = None,
        *,
        docker: bool,
        engine: str = "",
    ) -> None:
        """Start Krita with that photo, and with that engine chosen in the docker."""
        args = {"selection": str(selection or ""), "docker": docker, "engine": engine}
        self.running = krita.start(HERE / "krita_watch.py", document=photo, args=args, seconds=200)
        self.display = self.running.display
        self._asked = {"look": 0, "glance": 0, "place": 0}
        self.running.note("ready")
        self.window = self.display.wait_for_window("Krita")
        self.display.activate(self.window)

    def look(self) -> dict[str, Any]:
        """Masks, digests of pixels and selection, and what the docker says."""
        return self._ask("look", "seen")

    def glance(self) -> dict[str, Any]:
        """What the docker says alone: at once, however large the image is."""
        return self._ask("glance", "glanced")

    def place(self) -> dict[str, Any]:
        """Where on the screen things are."""
        return self._ask("place", "placed")

    def press(
        self,
        button: str,
        met: Callable[[dict[str, Any]], object],
        otherwise: str,
        *,
        at_a_glance: bool = False,
    ) -> dict[str, Any]:
        """Click a button of the docker; what is seen once that has had its effect, or only glanced at.

        The button moves while the docker makes room for what it says, so a click can miss it.
        """
        look = self.glance if at_a_glance else self.look
        return self._until_taken(
            lambda: self.display.click(*self.place()[button]), met, otherwise, look
        )

    def step(self, key: str) -> None:
        """Press the key of undo or redo until Krita takes it: it drops it while the image is busy."""
        before = self._settled_history()
        self._until_taken(
            lambda: self.display.key(key),
            lambda seen: seen["history"] != before,
            f"Krita does not take {key}",
            self.look,
        )

    def _settled_history(self) -> list[str]:
        """What could be undone and redone, once Krita has noted all that was done: 5.3 is late with that."""
        last: list[list[str]] = []

        def is_settled() -> bool:
            last.append(self.look()["history"])
            return last[-3:] == [last[-1]] * 3

        wait_for(is_settled, "the history goes on changing", 30)
        return last[-1]

    def _until_taken(
        self,
        give: Callable[[], None],
        met: Callable[[dict[str, Any]], object],
        otherwise: str,
        look: Callable[[], dict[str, Any]],
    ) -> dict[str, Any]:
        """Give the click or key, and again where it has had no effect."""
        seen: dict[str, Any] = {}
        given_s = float("-inf")

        def is_so() -> bool:
            nonlocal given_s
            if time.monotonic() - given_s > PATIENCE_S:
                give()
                given_s = time.monotonic()
            seen.update(look())
            return bool(met(seen))

        wait_for(is_so, otherwise, 60)
        return seen

    def _ask(self, what: str, answer: str) -> dict[str, Any]:
        self._asked[what] += 1
        self.running.signal(f"{what}-{self._asked[what]}")
        told: dict[str, Any] = self.running.note(f"{answer}-{self._asked[what]}")
        return told

    def wait_for(self, met: Callable[[dict[str, Any]], object], otherwise: str) -> dict[str, Any]:
        """What is seen once it is as wanted."""
        seen: dict[str, Any] = {}

        def is_so() -> bool:
            seen.update(self.look())
            return bool(met(seen))

        wait_for(is_so, otherwise, 60)
        return seen

    def click_through_menu(self) -> None:
        """Tools > Scripts > Extract Foreground, with the mouse."""
        for stop in ("tools", "scripts", "entry"):
            places: dict[str, Any] = {}

            def is_there(stop: str = stop, places: dict[str, Any] = places) -> bool:
                places.update(self.place())
                return places[stop] is not None

            wait_for(is_there, f"the menu does not show {stop}", 30)
            self.display.click(*places[stop])

    def end(self) -> dict[str, Any]:
        """Quit Krita."""
        self.running.signal("end")
        told: dict[str, Any] = self.running.result(60)
        return told
