"""How many requests may be under way, and for whom."""

from __future__ import annotations

import pytest

from flyaway.errors import BusyError
from flyaway.serving import places
from flyaway.serving.doorway import MOST_CONNECTIONS
from flyaway.serving.places import Place

OURS = Place("", "GIMP", False)
OTHERS = Place("", "Krita", False)
BATCH = Place("", "flyaway batch", True)
LAPTOP = Place("laptop", "GIMP", False)


@pytest.mark.parametrize("most", [1, 2, 8, 1000])
def test_one_program_cannot_take_all_places_from_the_others(most: int) -> None:
    taken = [OURS] * most
    with pytest.raises(BusyError, match=f"{most} requests"):
        places.check(OURS, taken, most)
    places.check(OTHERS, taken, most)


@pytest.mark.parametrize("most", [1, 8])
def test_programs_that_never_end_being_new_are_bounded_all_the_same(most: int) -> None:
    taken: list[Place] = []
    with pytest.raises(BusyError):
        for number in range(3 * most):
            program = Place("", f"program {number}", False)
            places.check(program, taken, most)
            taken.append(program)
    assert len(taken) == most + max(1, most // 4)


def test_a_batch_takes_no_place_of_an_editor_and_half_at_most() -> None:
    places.check(BATCH, [BATCH] * 3, 8)
    with pytest.raises(BusyError, match="4 requests"):
        places.check(BATCH, [BATCH] * 4, 8)
    places.check(OURS, [BATCH] * 4 + [OURS] * 7, 8)


def test_another_computer_has_places_of_its_own_and_as_many_as_its_connections_allow() -> None:
    places.check(LAPTOP, [OURS] * 100, 100)
    most = MOST_CONNECTIONS // 2
    with pytest.raises(BusyError):
        places.check(LAPTOP, [LAPTOP] * most, 100)


def test_memory_is_bounded_for_other_computers_alone() -> None:
    large = Place("laptop", "", False, 600)
    ours = Place("", "", False, 600)
    places.check_memory(large, [ours], 1000)
    places.check_memory(ours, [large, large], 1000)
    with pytest.raises(BusyError, match="other computers"):
        places.check_memory(large, [large], 1000)
