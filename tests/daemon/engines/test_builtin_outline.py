"""The band along a hand's outline, where colours alone would lead it astray."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

from flyaway.engines.builtin import outline
from flyaway.engines.builtin.engine import BuiltinEngine
from flyaway.engines.contract import Inputs, silent


def beside_its_like() -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """A disc before grey, a bar of its colour that touches it, and its outline as a hand draws it: HxWx3, HxW, HxW."""
    random = np.random.default_rng(2)
    y, x = np.mgrid[:300, :400].astype(np.float32)
    disc = np.hypot(y - 150, x - 150) < 80
    bar = (np.abs(y - 150) < 12) & (x > 200)
    image = np.full((300, 400, 3), 0.5, np.float32)
    image[disc | bar] = (0.7, 0.3, 0.2)
    noisy = cv2.GaussianBlur(image, (0, 0), 1.0) + random.normal(0, 0.02, image.shape)
    drawn = np.hypot(y - 151, x - 149) < 82
    return (noisy.clip(0, 1) * 255).astype(np.uint8), bar & ~disc, drawn


def test_a_hands_outline_speaks_against_what_is_alike_beyond_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    image, other, drawn = beside_its_like()
    kept = []
    for pull in (outline._OUTSIDE_PULL, 0.0):
        monkeypatch.setattr(outline, "_OUTSIDE_PULL", pull)
        trimap = outline.find(image, drawn, None, 0.0, silent, 1).trimap
        alpha = BuiltinEngine().extract(image, Inputs(trimap)).alpha
        kept.append(float(alpha[other].mean()))
    with_it, without = kept
    assert with_it < 0.85 * without
