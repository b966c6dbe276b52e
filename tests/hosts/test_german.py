"""Both real editors in German: what the plugins say there, and that no word of it is cut off.

The editors' own words stay English: `scripts/hosts` leaves their catalogues out. What the plugins show does not
depend on those.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from tests.hosts.editor import DRIVERS
from tests.hosts.gimp_host import Gimp
from tests.hosts.krita_host import Krita
from tests.hosts.pictures import portrait, write_png
from tests.hosts.running import wait_for

HERE = Path(__file__).parent
SIZE = (480, 360)
TITLE = "auf Deutsch"

STAY = """
import time

layer = image.get_layers()[0]
layer.add_mask(layer.create_mask(Gimp.AddMaskType.WHITE))
note("ready")
while True:
    time.sleep(1)
"""
"""A script that ends with GIMP; the layer has a mask to refine."""


@pytest.fixture
def photo(tmp_path: Path) -> Path:
    return write_png(tmp_path / f"{TITLE}.png", portrait(*SIZE))


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("flyaway", {"Auswahl ist:", "Engine:", "Ausgabe:", "Freistellen", "Anklicken …"}),
        ("flyaway_retouch", {"Behalten", "Entfernen", "Haare suchen", "Verfeinern", "Fertig"}),
    ],
)
def test_kritas_dockers_are_german_and_whole(
    krita: Krita, photo: Path, name: str, words: set[str]
) -> None:
    krita.language = "de"
    running = krita.start(HERE / "krita_words.py", document=photo, args={"name": name}, seconds=150)
    seen = running.note("words", 150)
    running.display.screenshot(name)
    running.signal("seen")
    running.result()

    assert words <= set(seen["read"])
    assert seen["cut"] == []
    assert seen["actions"] == ["Flyaway: Vordergrund freistellen", "Flyaway: Kante verfeinern"]


@pytest.mark.parametrize(
    ("words", "title", "read"),
    [
        ("hintergrund in eine maske", "Flyaway: Vordergrund freistellen", {"Engine", "Mehr"}),
        ("haar verfeinern", "Flyaway: Kante verfeinern", {"Behalten", "Entfernen"}),
        ("objekt auswählen", "Flyaway: Durch Anklicken freistellen", {"Rahmen", "Strich"}),
    ],
)
def test_gimps_dialogs_are_german_whole_and_found_by_german_words(
    gimp: Gimp, photo: Path, words: str, title: str, read: set[str]
) -> None:
    gimp.language = "de"
    gimp.python_path = os.fspath(DRIVERS / "gimp_eyes")
    running = gimp.start(STAY, document=photo, seconds=200)
    display = running.display
    running.note("ready", 150)
    display.activate(display.wait_for_window(TITLE))
    gimp.search_action(running, words)
    display.activate(display.wait_for_window(title))
    wait_for(lambda: running.note("words")["title"] == title, "nobody has looked", 60)
    display.xdotool("sleep", "3")
    display.screenshot("dialog")
    seen = running.note("words")

    assert read <= {text.strip() for text in seen["read"]}
    assert seen["cut"] == []
    assert seen["fits"]
