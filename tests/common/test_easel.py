"""easel.py: what strokes ask for, what comes of them, and the way back."""

from __future__ import annotations

from flyaway_client import easel, protocol
from flyaway_client.easel import Easel
from flyaway_client.messages import KEEP, REMOVE, UNKNOWN
from flyaway_client.planes import Box, Plane
from flyaway_client.retouching import Patch

WIDTH, HEIGHT = 700, 600
DOT = Box(300, 280, 3, 2)


def an_easel(dtype: str = "u8", strokes: Plane | None = None) -> Easel:
    return Easel(Plane(WIDTH, HEIGHT, {"u8": 1, "u16": 2}[dtype]), dtype, strokes)


def draw(board: Easel, level: int, box: Box = DOT) -> None:
    board.draw(box, bytes([level]) * (box.width * box.height))


def the_patch(board: Easel) -> Patch:
    patch = board.patch()
    assert patch is not None
    return patch


def box_of(patch: Patch) -> Box:
    return Box(patch.left, patch.top, patch.width, patch.height)


def answer(patch: Patch, byte: int) -> bytes:
    return bytes([byte]) * len(memoryview(patch.mask))


def test_a_stroke_asks_for_a_patch_around_it() -> None:
    board = an_easel()
    assert board.patch() is None
    draw(board, UNKNOWN)
    patch, reach = the_patch(board), round(0.02 * WIDTH)
    margin = protocol.REFINE_MARGIN_PX + reach
    assert box_of(patch) == DOT.grown(margin, WIDTH, HEIGHT) == board.reach
    assert patch.inside is not None and patch.strokes is not None
    inside = Plane(patch.width, patch.height, 1, patch.inside)
    near = Box(margin, margin, DOT.width, DOT.height).grown(reach, WIDTH, HEIGHT)
    assert set(inside.cropped(near)) == {255}
    assert bytes(patch.inside).count(255) == near.width * near.height
    assert bytes(patch.strokes).count(UNKNOWN) == DOT.width * DOT.height
    assert not board.is_settled


def test_the_reach_has_bounds() -> None:
    huge = Easel(Plane(9000, 1), "u8")
    huge.draw(Box(4000, 0, 1, 1), bytes([KEEP]))
    patch = huge.patch()
    assert patch is not None and patch.inside is not None
    assert bytes(patch.inside).count(255) == 2 * 80 + 1


def test_what_was_drawn_again_as_it_was_asks_for_nothing() -> None:
    board = an_easel()
    draw(board, 0)
    assert board.is_settled
    assert not board.can_go_back


def test_strokes_that_wait_are_asked_for_together() -> None:
    board = an_easel()
    draw(board, UNKNOWN)
    draw(board, KEEP, Box(310, 280, 1, 1))
    patch = the_patch(board)
    assert patch.strokes is not None
    assert bytes(patch.strokes).count(KEEP) == 1
    assert bytes(patch.strokes).count(UNKNOWN) == DOT.width * DOT.height


def test_what_was_solved_is_told_but_not_solved_again() -> None:
    board = an_easel()
    draw(board, UNKNOWN)
    board.take(the_patch(board), answer(the_patch(board), 9))
    draw(board, REMOVE, Box(340, 280, 1, 1))
    patch, reach = the_patch(board), round(0.02 * WIDTH)
    assert patch.inside is not None and patch.strokes is not None
    assert bytes(patch.inside).count(255) == (2 * reach + 1) ** 2
    assert bytes(patch.strokes).count(UNKNOWN) == DOT.width * DOT.height


def test_goes_back_and_forward_a_step_at_a_time() -> None:
    board = an_easel("u16")
    states = [bytes(board.mask.data)]
    for number, level in enumerate((UNKNOWN, KEEP)):
        draw(board, level, Box(300 + 20 * number, 280, 2, 2))
        patch = the_patch(board)
        assert board.take(patch, answer(patch, number + 1)) == box_of(patch)
        states.append(bytes(board.mask.data))
    drawn = bytes(board.strokes.data)
    assert board.forward() is None
    for state in states[-2::-1]:
        assert board.back() is not None
        assert board.mask.data == state
    assert not any(board.strokes.data)
    assert board.back() is None
    for state in states[1:]:
        assert board.can_go_forward
        assert board.forward() is not None
        assert board.mask.data == state
    assert board.forward() is None
    assert board.strokes.data == drawn
    assert board.is_settled


def test_a_stroke_that_waits_is_taken_back_first() -> None:
    board = an_easel()
    draw(board, UNKNOWN)
    board.take(the_patch(board), answer(the_patch(board), 9))
    draw(board, KEEP)
    assert board.back() is not None
    assert board.is_settled
    assert board.strokes.cropped(DOT) == bytes([UNKNOWN] * 6)
    assert 9 in board.mask.data


def test_a_new_step_ends_the_way_forward() -> None:
    board = an_easel()
    draw(board, UNKNOWN)
    board.take(the_patch(board), answer(the_patch(board), 9))
    board.back()
    draw(board, KEEP)
    assert not board.can_go_forward
    board.take(the_patch(board), answer(the_patch(board), 7))
    assert not board.can_go_forward


def test_what_is_drawn_during_the_work_waits_for_the_next_patch() -> None:
    board = an_easel()
    draw(board, UNKNOWN)
    patch = the_patch(board)
    draw(board, KEEP, Box(10, 10, 1, 1))
    board.take(patch, answer(patch, 9))
    assert not board.is_settled
    later = the_patch(board)
    assert later.strokes is not None
    assert bytes(later.strokes).count(KEEP) == 1
    assert bytes(later.strokes).count(UNKNOWN) == 0


def test_strokes_that_are_taken_away_are_solved_without_them() -> None:
    before = Plane(WIDTH, HEIGHT)
    before.paste(DOT, bytes([KEEP] * 6))
    board = an_easel(strokes=before)
    assert board.is_settled
    draw(board, 0)
    assert board.settle() is None
    patch = the_patch(board)
    assert patch.inside is not None and patch.strokes is not None
    assert any(patch.inside)
    assert not any(patch.strokes)


def test_a_stroke_that_is_gone_again_before_it_was_sent_asks_for_nothing() -> None:
    board = an_easel()
    draw(board, KEEP)
    draw(board, 0)
    assert board.settle() is None
    assert board.is_settled
    assert board.patch() is None


def test_takes_the_mask_along_with_a_hosts_own_undo_and_redo() -> None:
    board = an_easel()
    assert board.settle() is None
    for number in (1, 2):
        draw(board, KEEP, Box(200 * number, 280, 1, 1))
        board.take(the_patch(board), answer(the_patch(board), number))
    states = [bytes(board.mask.data)]
    for number in (2, 1):
        draw(board, 0, Box(200 * number, 280, 1, 1))
        assert board.settle() is not None
        assert board.is_settled
        states.append(bytes(board.mask.data))
    assert not any(states[-1])
    for number, state in ((1, states[1]), (2, states[0])):
        draw(board, KEEP, Box(200 * number, 280, 1, 1))
        assert board.settle() is not None
        assert board.mask.data == state
    assert not board.can_go_forward


def test_refines_inside_of_a_selection() -> None:
    board = an_easel()
    draw(board, KEEP)
    board.take(the_patch(board), answer(the_patch(board), 9))
    patch = board.patch_inside(DOT, b"\0\1\2\0\0\xff")
    margin = protocol.REFINE_MARGIN_PX
    assert box_of(patch) == DOT.grown(margin, WIDTH, HEIGHT)
    assert patch.inside is not None and patch.strokes is not None
    inside = Plane(patch.width, patch.height, 1, patch.inside)
    assert inside.cropped(Box(margin, margin, 3, 2)) == b"\0\1\2\0\0\xff"
    assert sum(level > 0 for level in patch.inside) == 3
    assert bytes(patch.strokes).count(KEEP) == 6
    board.take(patch, answer(patch, 4))
    assert board.back() is not None
    assert board.strokes.cropped(DOT) == bytes([KEEP] * 6)


def test_another_mask_is_a_step_too() -> None:
    board = an_easel()
    board.replace(bytes([3]) * (WIDTH * HEIGHT))
    assert set(board.mask.data) == {3}
    assert board.back() == board.mask.box
    assert set(board.mask.data) == {0}


def test_the_oldest_steps_are_given_up() -> None:
    board = an_easel()
    kept = easel._KEPT_BYTES // (2 * WIDTH * HEIGHT)
    for number in range(kept + 3):
        board.replace(bytes([number % 256]) * (WIDTH * HEIGHT))
    steps = 0
    while board.back() is not None:
        steps += 1
    assert steps == kept


def test_where_strokes_were_erased_the_mask_is_solved_without_them() -> None:
    board = an_easel()
    draw(board, KEEP)
    patch = the_patch(board)
    board.take(patch, answer(patch, 200))
    draw(board, 0)
    patch = the_patch(board)
    assert patch.inside is not None and patch.strokes is not None
    assert not any(patch.strokes)
    inside = Plane(patch.width, patch.height, 1, patch.inside)
    place = Box(DOT.left - patch.left, DOT.top - patch.top, DOT.width, DOT.height)
    assert set(inside.cropped(place)) == {255}
    board.take(patch, answer(patch, 7))
    assert board.is_settled
    assert set(board.mask.cropped(DOT)) == {7}


def test_strokes_that_wait_are_taken_back_one_by_one() -> None:
    board = an_easel()
    places = [Box(50 + 100 * number, 280, 3, 2) for number in range(3)]
    for place in places:
        board.begin()
        board.begin()  # a stroke of nothing
        draw(board, UNKNOWN, place)
    for count in (3, 2, 1):
        patch = the_patch(board)
        assert patch.strokes is not None
        assert bytes(patch.strokes).count(UNKNOWN) == count * 6
        assert board.can_go_back
        changed = board.back()
        assert changed is not None and changed.united(places[count - 1]) == changed
    assert board.is_settled and not board.can_go_back


def test_strokes_that_were_solved_together_are_one_step() -> None:
    board = an_easel()
    for left in (50, 150):
        board.begin()
        draw(board, UNKNOWN, Box(left, 280, 3, 2))
    patch = the_patch(board)
    board.begin()
    draw(board, KEEP, Box(250, 280, 3, 2))
    board.take(patch, answer(patch, 9))
    board.back()
    assert board.is_settled and board.strokes.data.count(UNKNOWN) == 12
    board.back()
    assert not any(board.strokes.data) and not any(board.mask.data)
