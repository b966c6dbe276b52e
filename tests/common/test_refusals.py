"""refusals.py: sentences that both hosts need."""

from __future__ import annotations

from flyaway_client import refusals


def test_says_how_to_select_nothing_in_the_words_of_the_host() -> None:
    sentence = str(refusals.selection_beside("photo", "Select > None"))
    assert sentence.startswith("The selection does not touch the layer “photo”.")
    assert "or nothing (Select > None)" in sentence


def test_names_both_layers_where_the_plate_is_too_small() -> None:
    sentence = str(refusals.plate_too_small("empty", "photo"))
    assert "“empty” does not cover all of the layer “photo”" in sentence


def test_says_what_is_missing_to_refine() -> None:
    assert "“photo” has no mask to refine" in str(refusals.nothing_to_refine("photo"))
    assert str(refusals.nowhere_to_refine()).startswith("Select the part of the mask")
