"""Groups, clones, files, vectors and other colour models in the real Krita: cut out by what they show."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from tests.hosts.krita_host import Krita
from tests.hosts.pictures import portrait, write_png
from tests.hosts.test_krita import SIZE, SRGB, ask, hard_ellipse, write_bytes

HERE = Path(__file__).parent
PIXEL_BYTES = {"CMYKA": 5, "LABA": 8, "XYZA": 16, "YCbCrA": 4}

UNLIKE = {"YCbCrA"}
"""What Krita 5.1 makes of a photo in these models differs from one time to the next, by up to 48 of 255."""


def test_cuts_out_what_layers_of_other_kinds_show(krita: Krita, tmp_path: Path) -> None:
    photo = write_png(tmp_path / "photo.png", portrait(*SIZE))
    outline = hard_ellipse(*SIZE)
    args = {
        "file": str(photo),
        "outline": str(write_bytes(tmp_path / "outline", outline)),
        "folder": str(tmp_path),
    }
    facts = krita.run(HERE / "krita_kinds.py", document=photo, args=args, seconds=280)

    def plane(name: str) -> NDArray[np.uint8]:
        return np.fromfile(tmp_path / name, np.uint8).reshape(SIZE[::-1])

    def shown(name: str) -> NDArray[np.uint8]:
        """The mask of the same request made here, of the pixels that the layer shows in sRGB."""
        pixels = np.fromfile(tmp_path / f"{name}.shown", np.uint8).reshape(*SIZE[::-1], 4)
        case = {"settings": {"selection_is": "outline", "engine": "builtin"}}
        with krita.client() as client:
            return ask(krita, client, case, pixels, "bgra", SRGB, outline)

    def off(name: str, mask: NDArray[np.uint8]) -> float:
        return float(np.abs(plane(f"{name}.mask").astype(int) - mask).mean())

    for name, fact in facts.items():
        assert all(one.startswith("Done in") for one in fact["said"]), (name, fact["said"])
        assert fact["documents"] == 2, name
        assert fact["masks"] == 1, name
        kind, model, _depth, count = fact["cutout"]
        assert (kind, count, fact["layers"]) == ("paintlayer", 1, 1), name
        assert model == (name if name in PIXEL_BYTES else "RGBA"), name
        assert not fact["is visible"], name
        # The second run was not cut by the first one's mask.
        assert (plane(f"{name}.again") == plane(f"{name}.mask")).all(), name
        mask = plane(f"{name}.mask")
        assert (mask.min(), mask.max()) == (0, 255), name
        assert mask[SIZE[1] // 2, SIZE[0] // 2] == 255, name

    # What shows the same picture gives the same mask, but for what a colour model rounds.
    for name in ("clone", "file"):
        assert (plane(f"{name}.mask") == plane("group.mask")).all(), name
    for name, size in PIXEL_BYTES.items():
        assert facts[name]["is_untouched"], name
        assert off(name, shown(name)) < 0.1, name
        assert name in UNLIKE or off(name, plane("group.mask")) < 3, name
        before, cutout = (
            np.fromfile(tmp_path / f"{name}.{part}", np.uint8).reshape(-1, size)
            for part in ("before", "cutout")
        )
        mask = plane(f"{name}.mask").ravel()
        is_mixed = (mask > 0) & (mask < 255)
        assert (before == cutout)[~is_mixed].all(), name
        assert (before != cutout)[is_mixed].any(axis=1).mean() > 0.2, name
