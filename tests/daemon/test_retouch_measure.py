"""scripts/quality --retouch: a retoucher that knows the truth mends a mask."""

from __future__ import annotations

from types import ModuleType

import numpy as np
from tests.benchmarks import retouch
from tests.benchmarks.quality import Photo

SIDE = 96


def test_every_stroke_is_counted_and_the_mask_gets_better() -> None:
    rows, columns = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    truth = np.clip((columns - 48 - 6 * np.sin(rows / 9)) / 4 + 0.5, 0, 1)
    noise = np.random.default_rng(3).normal(0, 2, (SIDE, SIDE, 1))
    image = np.clip(200 - 150 * truth[..., None] + noise, 0, 255).astype(np.uint8).repeat(3, 2)
    trimap = np.where(truth == 0, 0, np.where(truth == 1, 255, 128)).astype(np.uint8)
    hands = ModuleType("hands")
    hands.lasso = lambda alpha, seed: np.where(columns > 60, 255, 0).astype(np.uint8)  # type: ignore[attr-defined]
    (score,) = retouch.measure([Photo("made-up", image, trimap, truth)], hands, [1], "builtin")
    assert len(score.curve) == retouch.STROKES + 1
    assert len(score.kinds) == retouch.STROKES
    assert score.curve[-1] <= score.curve[0]
    assert score.curve[-1] < 1.3 * score.true_trimap + 0.05
