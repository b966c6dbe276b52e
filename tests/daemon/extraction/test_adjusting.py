"""adjusting.py: what each adjustment does to an edge, to hair, and to nothing else."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from flyaway.extraction.adjusting import adjusted
from flyaway.images.arrays import Samples
from flyaway_client.adjustments import Adjustments

RAMP = np.linspace(0, 1, 101, dtype=np.float32)[None]


def full(mask: Samples) -> float:
    return 1.0 if mask.dtype.kind == "f" else float(np.iinfo(mask.dtype).max)


def ramp(**changes: float) -> Any:
    return adjusted(RAMP.copy(), Adjustments(**changes))[0]


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
def test_nothing_adjusted_is_the_same_bit_for_bit(dtype: type) -> None:
    mask: Any = np.random.default_rng(1).integers(0, 255, (9, 7)).astype(dtype)
    assert adjusted(mask, Adjustments()).tobytes() == mask.tobytes()


@pytest.mark.parametrize("dtype", [np.uint8, np.uint16, np.float32])
@pytest.mark.parametrize(
    "changes",
    [
        {"shift_edge": 40},
        {"shift_edge": -100, "contrast": 100},
        {"sharpness": 80, "black_clip": 3, "white_clip": 90},
        {"smooth_px": 2, "feather_px": 1.5},
    ],
)
def test_every_type_says_the_same_and_clear_places_stay(
    dtype: type, changes: dict[str, float]
) -> None:
    values = np.zeros((60, 60), np.float32)
    values[:, 30:] = 1
    values[:, 28:32] = (0.1, 0.3, 0.6, 0.9)
    most = full(np.zeros(1, dtype))
    mask: Any = (values * most).astype(dtype)
    result = adjusted(mask, Adjustments(**changes))
    assert result.dtype == mask.dtype
    expected = adjusted(mask.astype(np.float32) / np.float32(most), Adjustments(**changes))
    assert np.abs(result / most - expected).max() <= 0.51 / most + 1e-6
    assert not result[:, :8].any()
    assert (result[:, -8:] == most).all()


def test_shifting_counts_soft_pixels_more_or_less() -> None:
    out, inwards = ramp(shift_edge=50), ramp(shift_edge=-50)
    assert (out[1:-1] > RAMP[0, 1:-1]).all()
    assert (inwards[1:-1] < RAMP[0, 1:-1]).all()
    assert (np.diff(out) > 0).all()
    assert (np.diff(inwards) > 0).all()


def test_contrast_is_steep_in_the_middle_and_full_contrast_a_step() -> None:
    assert ramp(contrast=50)[[10, 50, 90]] == pytest.approx([0, 0.5, 1])
    assert set(np.round(ramp(contrast=100)[[0, 49, 51, 100]])) == {0.0, 1.0}


def test_sharper_and_softer_clip_nothing() -> None:
    for amount in (-100, -30, 30, 100):
        changed = ramp(sharpness=amount)
        assert (np.diff(changed) > 0).all()
        assert changed[[0, 50, 100]] == pytest.approx([0, 0.5, 1])
    assert ramp(sharpness=50)[20] < 0.2 < ramp(sharpness=-50)[20]


def test_clips_cut_both_ends() -> None:
    changed = ramp(black_clip=10, white_clip=80)
    assert not changed[:11].any()
    assert (changed[80:] == 1).all()
    assert changed[45] == pytest.approx(0.5)


def test_smoothing_rounds_a_corner_and_keeps_the_edge_sharp() -> None:
    mask = np.zeros((100, 100), np.float32)
    mask[50:, 50:] = 1
    changed = adjusted(mask, Adjustments(smooth_px=6))
    assert changed[50, 50] < 0.1
    mixed = (changed[90] > 0.02) & (changed[90] < 0.98)
    assert mixed.sum() <= 2
    assert changed[90, 45:56].round().sum() == 6


def test_smoothing_leaves_hair() -> None:
    generator = np.random.default_rng(2)
    hair = generator.uniform(0.2, 0.8, (80, 80)).astype(np.float32)
    changed = adjusted(hair, Adjustments(smooth_px=3))
    assert np.abs(changed - hair).max() < 0.01


def test_feathering_blurs_and_the_frame_is_no_edge() -> None:
    mask = np.zeros((40, 40), np.uint8)
    mask[:, 20:] = 255
    changed = adjusted(mask, Adjustments(feather_px=3))
    assert (changed == changed[0]).all()
    assert (np.diff(changed[0].astype(int)) >= 0).all()
    assert 20 < changed[0, 16] < 110


def test_values_that_are_no_numbers_become_background() -> None:
    mask = np.array([[np.nan, 0.5, np.inf]], np.float32)
    assert list(adjusted(mask, Adjustments(black_clip=1))[0])[::2] == [0.0, 1.0]
    assert np.isfinite(adjusted(mask, Adjustments(feather_px=1))).all()
