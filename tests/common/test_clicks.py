"""clicks.py: what the mouse does becomes points and boxes, which can be taken back, are seen and kept."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from flyaway_client import messages, planes
from flyaway_client.clicks import Clicks, Kept, Place
from flyaway_client.client import PointedAt
from flyaway_client.messages import KEEP, REMOVE, ImageHeader
from flyaway_client.prompts import MAX_BOXES, Box, Candidate, Point, Prompts

WIDTH, HEIGHT = 400, 300


@dataclass
class Hand:
    """Somebody with a mouse."""

    kept: Kept | None = None
    drawn: list[planes.Box] = field(default_factory=list)
    asked: int = 0

    def __post_init__(self) -> None:
        self.clicks = Clicks(WIDTH, HEIGHT, self.drawn.append, self._ask, self.kept)

    def _ask(self) -> None:
        self.asked += 1

    def drag(self, *path: Place, is_swapped: bool = False) -> None:
        self.clicks.begin(path[0], is_swapped)
        for place in path[1:]:
            self.clicks.go(place)
        self.clicks.lift()

    @property
    def prompts(self) -> Prompts:
        return self.clicks.prompts

    @property
    def ways(self) -> tuple[bool, bool]:
        """Whether it can go back, and forward."""
        return self.clicks.can_go_back, self.clicks.can_go_forward

    def level(self, x: int, y: int) -> int:
        return self.clicks.marks.data[y * WIDTH + x]


def test_a_click_is_a_point_and_with_the_other_button_one_to_remove() -> None:
    hand = Hand()
    hand.drag((100.5, 50.5), (102.0, 51.0))  # a hand that shakes
    hand.drag((20.0, 280.0), is_swapped=True)
    assert hand.prompts == Prompts((Point(100.0, 50.0), Point(19.5, 279.5, keep=False)))
    assert (hand.level(100, 50), hand.level(19, 279), hand.level(200, 200)) == (KEEP, REMOVE, 0)
    assert hand.asked == 2 and hand.drawn


def test_dragging_makes_a_box_whichever_way_and_ends_at_the_frame() -> None:
    hand = Hand()
    hand.drag((300.5, 200.5), (350.0, 250.0), (50.5, -40.0))
    assert hand.prompts.boxes == (Box(50.0, 0.0, 300.0, 200.0),)
    assert hand.level(50, 100) == hand.level(200, 200) == KEEP
    assert hand.level(340, 240) == hand.level(200, 100) == 0  # nor is what it was on its way
    hand.drag((10.0, 10.0), (390.0, 290.0), is_swapped=True)
    assert len(hand.prompts.boxes) == 1  # what is not wanted is pointed at
    assert [point.keep for point in hand.prompts.points] == [False] * 4


def test_a_stroke_is_a_few_points_along_it() -> None:
    hand = Hand()
    hand.clicks.drags_box = False
    for path in (
        [(10.5 + step, 20.5) for step in range(301)],
        [(10.5, 20.5), (10.5, 20.5), (310.5, 20.5)],
    ):
        hand.drag(*path)
        xs = [point.x for point in hand.prompts.points[-4:]]
        assert xs == pytest.approx([10.0, 110.0, 210.0, 310.0])
    hand.drag((10.5, 20.5), (40.5, 20.5), (40.5, 50.5), (10.5, 50.5))
    assert hand.prompts.points[-4:] == tuple(
        Point(x, y) for x, y in ((10.0, 20.0), (40.0, 20.0), (40.0, 50.0), (10.0, 50.0))
    )


def test_goes_back_and_forward_and_begins_anew() -> None:
    hand = Hand()
    assert hand.ways == (False, False)
    hand.clicks.back()
    hand.clicks.forward()
    assert hand.asked == 0
    hand.drag((100.0, 50.0))
    hand.drag((103.0, 50.0))
    both = bytes(hand.clicks.marks.data)
    hand.clicks.back()
    assert len(hand.prompts.points) == 1 and hand.ways == (True, True)
    assert hand.level(100, 50) == KEEP and hand.level(107, 50) == 0
    hand.clicks.forward()
    assert bytes(hand.clicks.marks.data) == both
    hand.clicks.clear()
    assert not any(hand.clicks.marks.data) and hand.prompts == Prompts()
    hand.drag((5.0, 5.0))
    assert hand.ways == (True, False)
    assert hand.asked == 6


def test_there_is_room_for_so_many() -> None:
    hand = Hand()
    for number in range(MAX_BOXES):
        assert not hand.clicks.is_full
        hand.drag((10.0 + number, 10.0), (200.0 + number, 200.0))
    assert hand.clicks.is_full
    hand.drag((10.0, 10.0), (300.0, 299.0))
    assert len(hand.prompts.boxes) == MAX_BOXES and hand.asked == MAX_BOXES + 1


def answer(*scores: float) -> PointedAt:
    sizes = ("part", "object", "whole")
    candidates = tuple(
        Candidate(size, score, Box(0, 0, 1, 1)) for size, score in zip(sizes, scores, strict=False)
    )
    mask = ImageHeader(2, 1, "gray", "u8") if scores else None
    masks = tuple(bytes([number, number]) for number in range(len(scores)))
    return PointedAt(messages.Pointed("0" * 16, "1" * 16, "net", candidates, mask), masks)


def test_chooses_among_what_a_click_may_mean() -> None:
    hand = Hand()
    hand.drag((100.0, 50.0))
    assert (hand.clicks.mask, hand.clicks.count, hand.prompts.size) == (None, 0, "")
    hand.clicks.cycle()
    hand.clicks.take(answer(0.2, 0.9, 0.4))
    assert (hand.clicks.number, hand.clicks.count, hand.prompts.size) == (2, 3, "object")
    assert hand.clicks.mask == (ImageHeader(2, 1, "gray", "u8"), b"\1\1")
    hand.clicks.cycle()
    hand.clicks.cycle()
    assert (hand.clicks.number, hand.prompts.size) == (1, "part")
    hand.clicks.take(answer(0.7))
    assert (hand.clicks.number, hand.prompts.size) == (1, "")
    hand.clicks.take(answer())
    assert hand.clicks.count == 0
    hand.clicks.take(answer(0.5, 0.6))
    hand.drag((30.0, 30.0))
    assert (hand.clicks.count, hand.prompts.size) == (0, "")


def test_is_kept_and_taken_up_again() -> None:
    hand = Hand()
    hand.drag((100.5, 50.5))
    hand.drag((20.5, 280.5), is_swapped=True)
    hand.drag((50.0, 60.0), (200.0, 220.0))
    hand.clicks.take(answer(0.5, 0.6))
    kept = Kept.read(hand.clicks.kept.written())
    assert kept is not None and kept.fits(WIDTH, HEIGHT) and not kept.fits(HEIGHT, WIDTH)
    again = Hand(kept)
    assert again.prompts == Prompts(hand.prompts.points, hand.prompts.boxes)
    assert again.clicks.marks.data == hand.clicks.marks.data
    again.clicks.back()
    assert again.prompts == Prompts(hand.prompts.points)

    other = Kept(WIDTH + 1, HEIGHT, kept.prompts)
    assert Hand(other).prompts == Prompts()
    beside = Kept(WIDTH, HEIGHT, Prompts((Point(WIDTH, 0),), (Box(0, 0, 9, HEIGHT),)))
    assert Hand(beside).prompts == Prompts()
    assert not Kept(WIDTH, HEIGHT, Prompts((Point(1, 1, keep=False),))).fits(WIDTH, HEIGHT)


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"\xff",
        b"[]",
        b'{"width": 1}',
        b'{"width": [], "height": 1, "prompts": {}}',
        b'{"width": 1, "height": 1, "prompts": {"points": 3}}',
        json.dumps({"width": 1, "height": 1, "prompts": {"size": "huge"}}).encode(),
        b"[" * 100_000,
    ],
)
def test_what_cannot_be_read_was_not_kept(content: bytes) -> None:
    assert Kept.read(content) is None
