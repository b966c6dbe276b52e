"""Whether a selection was drawn along its subject or loosely around it, by the colours on both sides of its line."""

from __future__ import annotations

import numpy as np
import torch

from flyaway.engines.builtin import outline
from flyaway.engines.builtin.likelihood import Mask, log_ratio
from flyaway.engines.builtin.workers import Workers
from flyaway.images.arrays import Image

_SIDE = 240
"""Longest side of the small picture."""

_STRIP_SHARES = (0.012, 0.03)
"""How deep inside its line a selection is looked at, as a share of the mean side: hands are off by less."""

_AROUND_SHARES = (0.005, 0.08)
"""Where its surroundings are, from the line outward."""

_CORE_SHARE = 0.07
"""Depth from which it surely holds the subject; half its depth where that is less."""

_TIGHT_SHARE = 0.48
"""Part of the strip whose colours are rather the subject's in a selection drawn along it."""


def is_tight(image: Image, selected: Mask, threads: int) -> bool:
    """Tell whether a selection was drawn along the subject.

    Args:
        image: HxWx3.
        selected: HxW, with at least one pixel and not all of them.
        threads: that compute; the result does not depend on them.
    """
    view = outline.seen(image, selected, _SIDE)
    inside, outside, unit = view.inside_px, view.outside_px, view.unit_px
    strip = view.selected & _between(inside, _STRIP_SHARES, unit)
    around = ~view.selected & _between(outside, _AROUND_SHARES, unit)
    core = view.selected & (inside > min(_CORE_SHARE * unit, float(inside.max()) / 2))
    if not (strip.any() and around.any() and core.any()):
        return True  # too small to tell: what was drawn is meant
    workers = Workers(torch.device("cpu"), threads)
    ratio = log_ratio(view.picture, core, around, strip, workers)[strip]
    return float((ratio > 0).mean()) >= _TIGHT_SHARE


def _between(away_px: outline.Distances, shares: tuple[float, float], unit_px: float) -> Mask:
    return np.asarray((away_px > shares[0] * unit_px) & (away_px <= shares[1] * unit_px))
