"""Prompts put together for a network, and its masks told from each other."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from flyaway.engines import candidates
from flyaway.engines.candidates import Ask
from flyaway.engines.contract import Candidate, Prompts
from flyaway.errors import RequestError


def mask(*box: int) -> np.ndarray[Any, np.dtype[np.float32]]:
    """1 in a box (left, top, right, bottom, the last two outside) of 40 x 30."""
    made = np.zeros((30, 40), np.float32)
    left, top, right, bottom = box
    made[top:bottom, left:right] = 1
    return made


def test_a_box_takes_the_points_in_it_and_the_rest_is_a_question_of_its_own() -> None:
    inside, beside, away = (5.0, 5.0), (30.0, 5.0), (1.0, 1.0)
    box = (4.0, 4.0, 10.0, 10.0)
    asked = list(candidates.asks(Prompts((inside, beside), (away,), (box,))))
    assert asked == [Ask((inside,), (away,), box), Ask((beside,), (away,))]


def test_every_box_is_a_question() -> None:
    boxes = (0.0, 0.0, 3.0, 3.0), (10.0, 0.0, 13.0, 3.0)
    assert [each.box for each in candidates.asks(Prompts(boxes=boxes))] == list(boxes)


def test_what_is_not_wanted_alone_says_nothing() -> None:
    with pytest.raises(RequestError, match="Point at the subject first"):
        list(candidates.asks(Prompts(remove=((1.0, 1.0),))))


def test_a_second_look_takes_the_box_and_the_deepest_point_of_what_was_clicked() -> None:
    two = (mask(2, 2, 13, 9) + mask(20, 5, 39, 28)) > 0
    again = candidates.again(two, (4.2, 3.0))
    assert again.box == (2.0, 2.0, 12.0, 8.0)
    click, deepest = again.keep
    assert click == (4.2, 3.0)
    assert deepest[1] == 5.0  # the middle of seven rows
    assert 5 <= deepest[0] <= 9


def test_a_subject_at_the_frame_is_not_deepest_at_the_frame() -> None:
    again = candidates.again(mask(0, 0, 11, 30) > 0, (1.0, 1.0))
    assert again.keep[1][0] == 5.0


def test_a_click_beside_the_mask_takes_all_of_it() -> None:
    again = candidates.again(mask(20, 5, 30, 20) > 0, (1.0, 1.0))
    assert again.box == (20.0, 5.0, 29.0, 19.0)


def test_a_click_may_mean_a_part_an_object_or_the_whole() -> None:
    masks = [mask(0, 0, 40, 30), mask(0, 0, 5, 5), mask(0, 0, 20, 20)]
    assert candidates.told_apart(masks, [0.9, 0.5, 0.4]) == (1, 2, 0)
    found = candidates.named([masks[i] for i in (1, 2, 0)], [0.5, 0.4, 1.2])
    assert [(one.size, one.score) for one in found] == [
        ("part", 0.5),
        ("object", 0.4),
        ("whole", 1.0),
    ]


def test_where_all_masks_are_alike_the_best_is_the_only_one() -> None:
    masks = [mask(0, 0, 20, 20), mask(0, 0, 20, 19), mask(0, 0, 19, 20)]
    chosen = candidates.told_apart(masks, [0.5, 0.9, 0.4])
    assert chosen == (1,)
    assert [one.size for one in candidates.named([masks[1]], [0.9])] == ["object"]


def test_of_two_that_are_alike_the_better_stays() -> None:
    masks = [mask(0, 0, 20, 19), mask(0, 0, 5, 5), mask(0, 0, 20, 20)]
    assert candidates.told_apart(masks, [0.9, 0.1, 0.5]) == (1, 0)
    assert candidates.told_apart(masks, [0.5, 0.1, 0.9]) == (1, 2)


def test_empty_masks_are_no_candidates() -> None:
    nothing, something, more = mask(0, 0, 0, 0), mask(0, 0, 5, 5), mask(0, 0, 20, 20)
    assert candidates.told_apart([nothing, more, something], [0.9, 0.1, 0.2]) == (2, 1)
    assert [one.size for one in candidates.named([something, more], [0.2, 0.1])] == [
        "part",
        "whole",
    ]
    assert candidates.told_apart([nothing, nothing], [0.9, 0.8]) == ()
    assert candidates.named([], []) == ()


@pytest.mark.parametrize(
    ("size", "wanted"), [("", 1), ("part", 0), ("whole", 1), ("object", 0)], ids=str
)
def test_a_size_means_the_nearest_candidate_and_none_the_best(size: str, wanted: int) -> None:
    small, large = mask(0, 0, 5, 5), mask(0, 0, 20, 20)
    found = [Candidate(small, 0.3, "part"), Candidate(large, 0.6, "whole")]
    assert candidates.meant(found, size) == wanted
