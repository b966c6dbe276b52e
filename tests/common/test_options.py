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


@pytest.mark.parametrize(
    ("output", "changes_layer"),
    [("layer-mask", True), ("refined-mask", True), ("new-layer", False), ("selection", False)],
)
def test_only_a_mask_changes_the_layer_itself(output: str, changes_layer: bool) -> None:
    assert Options(output=output).changes_layer == changes_layer


def test_where_a_mask_is_refined_the_selection_always_counts() -> None:
    assert Options(selection_is="automatic", output="refined-mask").uses_selection
