"""From what automatic engines give to what fine ones need."""

from __future__ import annotations

import numpy as np

from flyaway.engines.contract import Inputs
from flyaway.extraction import trimaps
from flyaway.images.arrays import BACKGROUND, FOREGROUND, UNKNOWN


class TestFromAlpha:
    """What an automatic engine leaves to a fine one."""

    def test_is_unknown_around_what_is_not_certain(self) -> None:
        alpha = np.zeros((40, 60), np.float32)
        alpha[:, 30:] = 1
        alpha[:, 28:32] = 0.5
        trimap = trimaps.from_alpha(alpha, Inputs())
        assert set(trimap[:, :20].flat) == {BACKGROUND}
        assert set(trimap[:, 26:34].flat) == {UNKNOWN}
        assert set(trimap[:, 40:].flat) == {FOREGROUND}

    def test_is_unknown_along_a_hard_edge_too(self) -> None:
        alpha = np.zeros((40, 60), np.float32)
        alpha[:, 30:] = 1
        trimap = trimaps.from_alpha(alpha, Inputs())
        assert set(trimap[:, 28:32].flat) == {UNKNOWN}

    def test_overrules_nothing_that_was_known(self) -> None:
        alpha = np.full((40, 60), 0.5, np.float32)
        known = np.full((40, 60), UNKNOWN, np.uint8)
        known[:, :10], known[:, 50:] = BACKGROUND, FOREGROUND
        assert (trimaps.from_alpha(alpha, Inputs(known)) == known).all()

    def test_leaves_nothing_unknown_outside_of_a_region(self) -> None:
        region = np.zeros((40, 60), np.bool_)
        region[:, 20:40] = True
        trimap = trimaps.from_alpha(np.full((40, 60), 0.5, np.float32), Inputs(region=region))
        assert (trimap == np.where(region, UNKNOWN, BACKGROUND)).all()
