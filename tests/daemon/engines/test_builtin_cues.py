"""What the built-in engine sees in a rectangle before it decides."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
import torch

from flyaway.engines.builtin import boxed, cues, graph_cut
from flyaway.engines.builtin.barrier import barriers
from flyaway.engines.builtin.cues import Around
from flyaway.engines.builtin.workers import Workers

WORKERS = Workers(torch.device("cpu"))


def framed(shape: tuple[int, int]) -> np.ndarray:
    """The rim of a picture, as a mask."""
    rim = np.ones(shape, bool)
    rim[1:-1, 1:-1] = False
    return rim


def test_a_barrier_is_the_lowest_pass_not_the_shortest_way() -> None:
    colours = np.zeros((30, 40, 3), np.float32)
    colours[8:22, 8:32] = 10.0
    closed = barriers(colours, framed((30, 40)))
    assert closed[15, 20] == pytest.approx(10 * 3**0.5, rel=1e-2)
    assert closed[4, 4] < 0.01
    # A slope in the wall: many small steps instead of one large one.
    colours[15, 2:9] = np.linspace(0, 10, 7)[:, None]
    assert barriers(colours, framed((30, 40)))[15, 20] == pytest.approx(10 * 3**0.5 / 6, rel=1e-2)


@pytest.mark.parametrize("shape", [(1, 1), (1, 5), (7, 1), (2, 2), (3, 9)])
def test_barriers_reach_every_pixel_of_any_shape(shape: tuple[int, int]) -> None:
    source = np.zeros(shape, bool)
    source[0, 0] = True
    found = barriers(np.random.default_rng(0).random((*shape, 3), np.float32), source)
    assert found.shape == shape
    assert (found.ravel()[1:] > 0).all()


def scene() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A red disc, sharp, in a box on a grey that nowhere varies: picture, box, subject."""
    y, x = np.mgrid[:100, :120]
    subject = np.hypot(y - 50, x - 60) < 25
    picture = np.full((100, 120, 3), 0.5, np.float32)
    grain = np.random.default_rng(0).normal(0, 0.05, (100, 120, 1))
    picture[subject] = (np.array([0.8, 0.2, 0.2]) + grain)[subject]
    region = np.zeros((100, 120), bool)
    region[20:80, 30:90] = True
    return picture.clip(0, 1), region, subject


@pytest.mark.parametrize(
    "name",
    [
        "unlike_outside_near",
        "unlike_outside_anywhere",
        "unlike_ring_near",
        "unlike_ring_anywhere",
        "like_core_near",
        "like_core_anywhere",
        "enclosed",
        "sharp",
        "sharper",
        "deep",
    ],
)
def test_each_cue_is_higher_on_the_subject(name: str) -> None:
    picture, region, subject = scene()
    found = cues.first(Around.of(picture, region), WORKERS)[name]
    assert found[subject].mean() > found[region & ~subject].mean() + 0.1


def test_every_cue_has_its_weight_and_every_weight_its_cue() -> None:
    picture, region, _ = scene()
    around = Around.of(picture, region)
    first = cues.first(around, WORKERS)
    assert {*first, ""} == boxed.FIRST_WEIGHTS.keys()
    share = boxed.weighed(first, boxed.FIRST_WEIGHTS, region)
    second = boxed.second_cues(around, share, WORKERS, lambda *_: None)
    assert {*second, ""} == boxed.SECOND_WEIGHTS.keys()


def test_the_frame_ends_the_surroundings_but_not_the_subject() -> None:
    region = np.zeros((200, 240), bool)
    region[40:, 60:180] = True  # down to the lower edge
    around = Around.of(np.zeros((200, 240, 3), np.float32), region)
    assert around.outside[40, 120]
    assert not around.outside[-1, 120]
    assert not around.ring[-1, 120]


def test_large_parts_go_without_specks_and_small_holes_are_filled() -> None:
    mask = np.zeros((60, 60), np.uint8)
    cv2.circle(mask, (25, 25), 15, 1, -1)
    mask[22:24, 22:24] = 0
    mask[30:36, 20:30] = 0
    mask[50:52, 50:52] = 1
    kept = graph_cut.large_parts(mask > 0, 0.05)
    assert not kept[50, 50]
    filled = graph_cut.filled(kept, 10)
    assert filled[22, 22]
    assert not filled[32, 25]
    assert graph_cut.filled(kept, np.inf)[32, 25]
    assert not graph_cut.filled(kept, np.inf)[0, 0]


def test_a_share_that_leaves_no_doubt_is_expected_to_overlap_wholly() -> None:
    share = np.zeros((10, 10), np.float32)
    assert boxed.expected_overlap(share) == 0.0
    share[2:8, 2:8] = 1.0
    assert boxed.expected_overlap(share) == 1.0
    share[2:8, 2:5] = 0.75
    assert boxed.expected_overlap(share) == pytest.approx(0.875)
