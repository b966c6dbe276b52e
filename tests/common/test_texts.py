"""texts.py: words that depend on something."""

from __future__ import annotations

from flyaway_client import texts


def test_an_automatic_edge_width_says_what_it_came_to() -> None:
    assert texts.edge_width(92) == "Automatic (92 px)"
    assert texts.edge_width(None) == "Automatic"
