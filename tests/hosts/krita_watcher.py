"""A running Krita that a test looks at and clicks into."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

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
        self._asked = {"look": 0, "place": 0}
        self.running.note("ready")
        self.window = self.display.wait_for_window("Krita")
        self.display.activate(self.window)

    def look(self) -> dict[str, Any]:
        """Masks, digests of pixels and selection, and what the docker says."""
        return self._ask("look", "seen")

    def place(self) -> dict[str, Any]:
        """Where on the screen things are."""
        return self._ask("place", "placed")

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
