"""scripts/quality --pointed: a right mask made as small as a network's, and what is made of it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from tests.benchmarks import pointed
from tests.benchmarks.quality import Photo

SIDE = 320

KEPT = Path(__file__).parents[1] / "benchmarks" / "quality" / "pointed.json"


def photo() -> Photo:
    """A disc whose edge is soft over thirty pixels."""
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    away = np.hypot(rows - 160, columns - 160) - 90
    truth = np.clip(0.5 - away / 30, 0, 1)
    noise = np.random.default_rng(3).normal(0, 2, (SIDE, SIDE, 1))
    image = np.clip(40 + 180 * truth[..., None] + noise, 0, 255).astype(np.uint8).repeat(3, 2)
    trimap = np.where(truth == 0, 0, np.where(truth == 1, 255, 128)).astype(np.uint8)
    return Photo("made-up", image, trimap, truth)


def test_a_mask_keeps_its_size_and_loses_its_levels_where_it_shall() -> None:
    truth = photo().truth
    assert truth is not None
    levels, binary = pointed.degraded(truth), pointed.degraded(truth, is_binary=True)
    assert levels.shape == binary.shape == truth.shape
    assert 0 < np.abs(levels - truth).max() < 0.05
    assert ((binary == 0) | (binary == 1)).mean() > 0.95
    assert np.abs((binary >= 0.5) * 1.0 - (truth >= 0.5)).mean() < 0.01


def test_every_photo_whose_truth_is_known_is_solved_from_its_masks() -> None:
    known = photo()
    scores = pointed.measure([known, Photo("unknown", known.image)], "builtin")
    (score,) = scores
    assert score.photo == "made-up"
    assert score.bare > 2 * score.levels
    assert score.levels_unknown_percent > score.binary_unknown_percent > 1
    assert pointed.ratio(scores, "levels") == pytest.approx(score.levels / score.true_trimap)


def test_what_was_kept_is_within_what_was_aimed_at() -> None:
    kept = [pointed.Score(**score) for score in json.loads(KEPT.read_text())["scores"]]
    assert len(kept) == 14
    assert pointed.ratio(kept, "levels") <= 1.15
    assert pointed.ratio(kept, "binary") <= 1.15
