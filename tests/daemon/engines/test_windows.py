"""Windows over a picture: they cover it, and their weights blend without a step."""

from __future__ import annotations

import tracemalloc
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from flyaway.engines.windows import Division, Piece, spread

SIDE, OVERLAP, MARGIN = 64, 24, 4


@given(st.integers(1, 400), st.integers(1, 400))
def test_weights_add_up_to_one_everywhere(height: int, width: int) -> None:
    total = np.zeros((height, width))
    for piece in spread((height, width), SIDE, OVERLAP, MARGIN):
        assert piece.weights().shape == total[piece.place].shape
        total[piece.place] += piece.weights()
    assert np.allclose(total, 1, atol=1e-6)


@given(st.integers(SIDE + 1, 600))
def test_weights_change_gently_from_pixel_to_pixel(size: int) -> None:
    profile = np.zeros(size)
    for piece in spread((1, size), SIDE, OVERLAP, MARGIN):
        across = np.zeros(size)
        across[piece.place[1]] = piece.across
        profile = np.maximum(profile, np.abs(np.diff(across, prepend=across[0])))
    assert profile.max() <= 1.001 / (OVERLAP - 2 * MARGIN)


def test_a_small_picture_is_one_piece() -> None:
    (piece,) = spread((40, SIDE), SIDE, OVERLAP, MARGIN)
    assert piece.place == (slice(0, 40), slice(0, SIDE))
    assert (piece.weights() == 1).all()


def test_counts_what_is_wanted_only_where_the_piece_counts() -> None:
    first = spread((SIDE, 150), SIDE, OVERLAP, MARGIN)[0]
    wanted = np.zeros((SIDE, 150), np.bool_)
    wanted[:, SIDE - 1] = True  # in the margin of the first piece: its neighbour's business
    assert not first.counted(wanted).any()
    wanted[:, 3] = True
    assert first.counted(wanted).sum() == SIDE


def test_the_whole_picture_counts_everywhere() -> None:
    piece = Piece.all_of((3, 5, 3))
    assert piece.weights().shape == (3, 5)
    assert piece.counted(np.ones((3, 5), np.bool_)).all()


DIVISION = Division(
    whole_px=2**22, side_px=1024, overlap_px=192, margin_px=32, context_px=100, grid_px=50
)


def test_a_window_of_a_large_picture_is_seen_with_its_context() -> None:
    window = (slice(700, 800), slice(0, 90))
    assert DIVISION.around(window, (2000, 3000)) == (slice(600, 900), slice(0, 200))
    assert DIVISION.around((slice(710, 1990), slice(0, 1)), (2000, 3000))[0] == slice(600, 2000)


def test_a_picture_no_larger_than_a_piece_is_all_context() -> None:
    window = (slice(0, 1), slice(0, 1))
    assert DIVISION.around(window, (1024, 1024)) == (slice(0, 1024), slice(0, 1024))


def halved(times: int, picture_px: int) -> Division:
    division = DIVISION
    for _ in range(times):
        smaller = division.halved(picture_px)
        assert smaller
        division = smaller
    return division


@pytest.mark.parametrize(("times", "side_px"), [(1, 704), (2, 480)])
def test_pieces_are_halved(times: int, side_px: int) -> None:
    assert halved(times, 24_000_000).side_px == side_px


@pytest.mark.parametrize(("times", "side_px"), [(1, 1024), (2, 704), (3, 480)])
def test_a_picture_that_was_solved_whole_is_cut_into_pieces_first(times: int, side_px: int) -> None:
    division = halved(times, 2000 * 2000)
    assert division.whole_px < 2000 * 2000
    assert division.side_px == side_px


def test_a_small_picture_is_not_tried_whole_again() -> None:
    division = halved(1, 800 * 800)
    assert division.whole_px < 800 * 800 / 2
    assert division.side_px**2 == division.whole_px


def test_pieces_are_not_halved_for_ever() -> None:
    assert replace(DIVISION, side_px=480, whole_px=480**2).halved(24_000_000) is None


def test_a_line_is_cut_into_pieces_that_stay_small_once_a_network_pads_them() -> None:
    pieces = DIVISION.pieces((1, 999_999))
    assert max(piece.across.size for piece in pieces) == DIVISION.side_px
    assert pieces[-1].place == (slice(0, 1), slice(999_999 - DIVISION.side_px, 999_999))


def test_pieces_of_a_line_take_memory_as_the_line_does() -> None:
    tracemalloc.start()
    DIVISION.pieces((1, 999_999))
    _, most = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert most < 64 * 999_999
