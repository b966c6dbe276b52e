"""views.py: the tables from which pictures of a mask are made."""

from __future__ import annotations

from flyaway_client import views
from flyaway_client.messages import KEEP, REMOVE, UNKNOWN


def test_a_key_goes_through_all_views_and_begins_anew() -> None:
    seen = [views.OVERLAY]
    for _ in views.ENTRIES[1:]:
        seen.append(views.following(seen[-1]))
    assert seen == [entry.name for entry in views.ENTRIES]
    assert views.following(seen[-1]) == views.OVERLAY


def test_every_view_shows_the_subject_wholly() -> None:
    for entry in views.ENTRIES:
        assert views.view(entry.name).opacity[255] == 255


def test_what_is_masked_out_is_hidden_but_in_the_overlay_and_the_original() -> None:
    hidden = {entry.name for entry in views.ENTRIES if views.view(entry.name).opacity[0] == 0}
    assert {entry.name for entry in views.ENTRIES} - hidden == {views.OVERLAY, views.ORIGINAL}
    assert 0 < views.view(views.OVERLAY).opacity[0] < 255
    assert views.view(views.OVERLAY, (1, 2, 3)).ground == (1, 2, 3)


def test_strokes_are_tinted_where_they_are() -> None:
    rgba = views.tinted(bytes([0, KEEP, REMOVE, UNKNOWN]), 90)
    pixels = [tuple(rgba[start : start + 4]) for start in range(0, 16, 4)]
    assert pixels[0] == (0, 0, 0, 0)
    assert pixels[1:] == [(*views.STROKE_COLOURS[level], 90) for level in (KEEP, REMOVE, UNKNOWN)]


def test_levels_between_count_as_the_nearest() -> None:
    assert views.SETTLED_STROKES[250] == KEEP
    assert views.SETTLED_STROKES[120] == UNKNOWN
    assert views.SETTLED_STROKES[70] == REMOVE
    assert views.SETTLED_STROKES[10] == 0
