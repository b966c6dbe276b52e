"""Compare Engines in the real Krita: the window, and the sheet as a document of its own."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from tests.hosts.krita_host import Krita
from tests.hosts.pictures import portrait, write_png

HERE = Path(__file__).parent
WINDOW = "^Flyaway: Compare Engines"
WIDTH, HEIGHT = 480, 360
CROP = (120, 60, 240, 240)


def test_engines_are_compared_on_what_is_selected(krita: Krita, tmp_path: Path) -> None:
    photo = write_png(tmp_path / "写真.png", portrait(WIDTH, HEIGHT))
    running = krita.start(
        HERE / "krita_compare.py",
        document=photo,
        args={"folder": str(tmp_path), "crop": CROP},
        seconds=200,
    )
    assert running.note("listed", 120) == [["Built-in engine", True]]
    running.display.activate(running.display.wait_for_window(WINDOW))
    running.display.screenshot("chosen")
    running.signal("go")
    shown = running.note("shown", 120)
    running.display.screenshot("sheet")
    running.signal("end")
    running.result()

    width, height = shown["size"]
    assert (shown["space"], shown["active"]) == (["RGBA", "U8"], True)
    assert (shown["same"], shown["added"], shown["modified"]) == (True, 0, False)
    bgra = np.fromfile(tmp_path / "sheet", np.uint8).reshape(height, width, 4)
    assert np.all(bgra[..., 3] == 255)
    assert width == 4 * CROP[2] + 3 * 12 + 2 * 16
    # The last picture of the row is over green, as large as what was selected.
    last = bgra[height - 28 - CROP[3] : height - 28, width - 16 - CROP[2] : width - 16, :3]
    assert tuple(last[0, 0]) == (64, 177, 0)
    assert (last != (64, 177, 0)).any(axis=2).sum() > 1000
