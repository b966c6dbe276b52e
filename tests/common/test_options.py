"""options.py: what follows from the user's choices."""

from __future__ import annotations

import pytest

from flyaway_client.menu_entries import SELECTION_ENTRIES
from flyaway_client.options import Options


@pytest.mark.parametrize("selection_is", [entry.name for entry in SELECTION_ENTRIES])
def test_looks_at_the_selection_unless_told_that_it_means_nothing(selection_is: str) -> None:
    assert Options(selection_is=selection_is).uses_selection == (selection_is != "automatic")


def test_the_usual_meaning_of_a_selection_is_the_menus_first() -> None:
    assert Options().selection_is == SELECTION_ENTRIES[0].name
