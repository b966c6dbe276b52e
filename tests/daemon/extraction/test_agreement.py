"""agreement: a fine edge keeps its detail, and how much of the subject a network saw there."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from flyaway.extraction import agreement

HEIGHT, WIDTH = 64, 96


def hairs() -> np.ndarray:
    """Thin lines of many opacities over a solid left third."""
    alpha = np.random.default_rng(4).random((HEIGHT, WIDTH), np.float32)
    alpha[:, ::3] = 0
    alpha[:, : WIDTH // 3] = 1
    return alpha


def seen(alpha: np.ndarray, spread: int) -> np.ndarray:
    small = cv2.resize(alpha, (WIDTH // spread, HEIGHT // spread), interpolation=cv2.INTER_AREA)
    return np.asarray(cv2.resize(small, (WIDTH, HEIGHT)), np.float32)


@pytest.mark.parametrize("spread", [2, 4])
def test_takes_the_amount_from_afar_and_the_places_from_near(spread: int) -> None:
    truth = hairs()
    unknown = np.zeros(truth.shape, np.bool_)
    unknown[:, WIDTH // 3 :] = True
    fine = np.where(unknown, truth * 0.6, truth)  # the right places, too faint
    coarse = seen(truth, spread)

    result = agreement.agreed(fine, coarse, unknown, spread)

    error = [float(np.abs(each - truth).mean()) for each in (result, fine, coarse)]
    assert error[0] < min(error[1:])
    assert (result[~unknown] == fine[~unknown]).all()
    assert result.min() >= 0 and result.max() <= 1


def test_what_agrees_already_stays() -> None:
    truth = hairs()
    unknown = np.ones(truth.shape, np.bool_)
    same = np.full(truth.shape, 0.25, np.float32)
    assert np.allclose(agreement.agreed(same, same, unknown, 3.5), same)
    nothing = np.zeros(truth.shape, np.bool_)
    assert agreement.agreed(truth, same, nothing, 2) is truth


@pytest.mark.parametrize("size", [(1, 1), (1, 500), (3, 2)])
def test_narrow_pictures_do_not_fail(size: tuple[int, int]) -> None:
    fine, coarse = np.zeros(size, np.float32), np.ones(size, np.float32)
    result = agreement.agreed(fine, coarse, np.ones(size, np.bool_), 9.0)
    assert np.allclose(result, 1)
