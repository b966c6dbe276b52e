"""The selection taken from a layer, a mask or a selection put aside, in the real Krita."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
from tests.hosts.krita_host import Krita
from tests.hosts.pictures import portrait, write_png

HERE = Path(__file__).parent
SIZE = (160, 120)
SPACES = {
    "8 bits": ("RGBA", "U8", "sRGB-elle-V2-srgbtrc.icc"),
    "float": ("RGBA", "F32", "sRGB-elle-V2-g10.icc"),
    "grey": ("GRAYA", "U16", "Gray-D50-elle-V2-srgbtrc.icc"),
}
LEFT, TOP, WIDTH, HEIGHT = 10, 8, 140, 104


def test_takes_the_selection_from_layers_and_masks(krita: Krita, tmp_path: Path) -> None:
    """What a selection with the same levels does, whatever the image keeps its colours as."""
    trimap = np.zeros(SIZE[::-1], np.uint8)
    cv2.ellipse(trimap, (80, 60), (50, 50), 0, 0, 360, 128, cv2.FILLED)
    cv2.ellipse(trimap, (80, 60), (30, 30), 0, 0, 360, 255, cv2.FILLED)
    part = trimap[TOP : TOP + HEIGHT, LEFT : LEFT + WIDTH]
    levels = np.full_like(trimap, 128)
    levels[TOP : TOP + HEIGHT, LEFT : LEFT + WIDTH] = part
    photo = np.dstack([portrait(*SIZE)[..., ::-1], np.full(SIZE[::-1], 255, np.uint8)])
    grey = np.dstack([part] * 3 + [np.full_like(part, 255)])
    for name, content in (("photo", photo), ("trimap", grey), ("levels", levels)):
        (tmp_path / name).write_bytes(content.tobytes())
    files = {name: str(tmp_path / name) for name in ("photo", "trimap", "levels")}
    args = {
        "spaces": SPACES,
        "size": SIZE,
        "place": (LEFT, TOP, WIDTH, HEIGHT),
        **files,
    }
    document = write_png(tmp_path / "photo.png", portrait(*SIZE))
    found = krita.run(HERE / "krita_sources.py", document=document, args=args, seconds=120)
    for name in SPACES:
        assert found[name].pop("selection").startswith("Done in"), name
        assert set(found[name].values()) == {True}, (name, found[name])
