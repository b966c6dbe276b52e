"""Windows over a picture: they cover it, and their weights blend without a step."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from flyaway.engines.windows import Window, spread

SIDE, OVERLAP, MARGIN = 64, 24, 4


@given(st.integers(1, 400), st.integers(1, 400))
def test_weights_add_up_to_one_everywhere(height: int, width: int) -> None:
    total = np.zeros((height, width))
    for window in spread((height, width), SIDE, OVERLAP, MARGIN):
        assert window.weights().shape == total[window.place].shape
        total[window.place] += window.weights()
    assert np.allclose(total, 1, atol=1e-6)


@given(st.integers(SIDE + 1, 600))
def test_weights_change_gently_from_pixel_to_pixel(size: int) -> None:
    profile = np.zeros(size)
    for window in spread((1, size), SIDE, OVERLAP, MARGIN):
        across = np.zeros(size)
        across[window.place[1]] = window.across
        profile = np.maximum(profile, np.abs(np.diff(across, prepend=across[0])))
    assert profile.max() <= 1.001 / (OVERLAP - 2 * MARGIN)


def test_a_small_picture_is_one_window() -> None:
    (window,) = spread((40, SIDE), SIDE, OVERLAP, MARGIN)
    assert window.place == (slice(0, 40), slice(0, SIDE))
    assert (window.weights() == 1).all()


def test_counts_what_is_wanted_only_where_the_window_counts() -> None:
    first = spread((SIDE, 150), SIDE, OVERLAP, MARGIN)[0]
    wanted = np.zeros((SIDE, 150), np.bool_)
    wanted[:, SIDE - 1] = True  # in the margin of the first window: its neighbour's business
    assert not first.counted(wanted).any()
    wanted[:, 3] = True
    assert first.counted(wanted).sum() == SIDE


def test_the_whole_picture_counts_everywhere() -> None:
    window = Window.all_of((3, 5, 3))
    assert window.weights().shape == (3, 5)
    assert window.counted(np.ones((3, 5), np.bool_)).all()
