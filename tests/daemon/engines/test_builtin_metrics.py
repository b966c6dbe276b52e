"""The errors that scripts/quality prints, against cases worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest
from tests.benchmarks import metrics

EVERYWHERE = np.ones((4, 4), bool)


def flat(level: float, shape: tuple[int, int] = (4, 4)) -> np.ndarray:
    return np.full(shape, level, np.float32)


def test_mse_is_the_mean_square_of_the_difference() -> None:
    assert metrics.mse(flat(0.5), flat(0.25), EVERYWHERE) == pytest.approx(0.0625)


def test_sad_sums_absolute_differences_of_the_unknown_region() -> None:
    unknown = np.zeros((4, 4), bool)
    unknown[0] = True
    assert metrics.sad(flat(0.2), flat(0.7), unknown) == pytest.approx(2.0)


def test_a_perfect_alpha_has_no_error() -> None:
    alpha = np.random.default_rng(0).random((20, 30), np.float32)
    found = metrics.errors(alpha, alpha, np.ones(alpha.shape, bool))
    assert (found.mse, found.sad, found.grad, found.conn) == (0, 0, 0, 0)


def test_a_shift_of_all_levels_has_no_gradient_error() -> None:
    ramp = np.tile(np.linspace(0, 0.5, 40, dtype=np.float32), (30, 1))
    assert metrics.gradient(ramp + np.float32(0.25), ramp, np.ones(ramp.shape, bool)) < 1e-9


def test_gradient_error_of_a_ramp_is_the_square_of_what_the_filter_says() -> None:
    # On a slope of s a pixel, a derivative filter g'(x)g(y) gives s * -sum(x g'(x)) * sum(g(y)); sigma
    # 1.4 cut off where the Gaussian falls below 0.01 leaves 4 taps a side.
    place = np.arange(-4, 5)
    gaussian = np.exp(-(place**2) / (2 * 1.4**2)) / (np.sqrt(2 * np.pi) * 1.4)
    slope = -place * gaussian / 1.4**2
    energy = np.sqrt((np.outer(gaussian, slope) ** 2).sum())
    answer = 0.01 * abs((place * slope).sum()) * gaussian.sum() / energy
    ramp = np.tile(0.01 * np.arange(60, dtype=np.float32), (40, 1))
    one_pixel = np.zeros(ramp.shape, bool)
    one_pixel[20, 30] = True
    assert metrics.gradient(ramp, flat(0, ramp.shape), one_pixel) == pytest.approx(
        answer**2, rel=1e-4
    )


def test_an_island_the_truth_does_not_have_costs_connectivity() -> None:
    truth = np.zeros((5, 9), np.float32)
    truth[:, :4] = 1.0
    alpha = truth.copy()
    alpha[2, 7] = 1.0
    # Nothing of the pixel is connected: level 0, firmness 1 - 1 = 0 against the truth's 1.
    assert metrics.connectivity(alpha, truth, np.ones(truth.shape, bool)) == pytest.approx(1.0)


def test_connectivity_forgives_gaps_below_its_threshold() -> None:
    truth = np.ones((3, 3), np.float32)
    alpha = truth.copy()
    alpha[1, 1] = 0.88
    # Both reach level 0.8 together; the gaps 0.08 and 0.2: only the truth's counts.
    assert metrics.connectivity(alpha, truth, np.ones(truth.shape, bool)) == pytest.approx(0.2)


def test_overlap_is_intersection_over_union() -> None:
    one = np.zeros((2, 4), bool)
    other = one.copy()
    one[:, :2] = True
    other[:, 1:3] = True
    assert metrics.overlap(one, other) == pytest.approx(1 / 3)
    assert metrics.overlap(np.zeros((2, 2), bool), np.zeros((2, 2), bool)) == 1.0
