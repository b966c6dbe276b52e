"""The subject in a rectangle or ellipse drawn around it: cues are weighed, and again once a first idea stands.

The weights are those of logistic regressions on photos whose subject is known: `scripts/cues` fits them anew.
"""

from __future__ import annotations

import cv2
import numpy as np

from flyaway.engines.builtin import cues, graph_cut
from flyaway.engines.builtin.band import Pixels
from flyaway.engines.builtin.cues import Around, Values
from flyaway.engines.builtin.likelihood import Mask
from flyaway.engines.builtin.workers import Workers
from flyaway.engines.contract import Report, part

SIDE = 200
"""Longest side of the picture that is looked at."""

FIRST_WEIGHTS = {
    "unlike_outside_near": 0.223,
    "unlike_ring_near": 0.219,
    "like_core_near": 0.180,
    "unlike_outside_anywhere": 0.213,
    "unlike_ring_anywhere": 0.125,
    "like_core_anywhere": 0.239,
    "enclosed": 0.945,
    "sharp": 0.320,
    "sharper": 0.407,
    "deep": 0.587,
    "aside": -6.541,
    "low": 1.097,
    "": -4.420,
}
SECOND_WEIGHTS = {
    "colours_near": 0.145,
    "colours_anywhere": 0.118,
    "before": 0.262,
    "cut": 2.130,
    "": -1.143,
}
"""What each cue adds to the logarithm of the odds that a pixel is subject; the empty name is added always."""

_ALWAYS = ""

_SUBJECT_FROM = 0.65
"""Share from which a pixel counts as subject: a mixed colour is already unlike the surroundings."""

_BLUR_PX = 1.0
_SURE = 0.02
"""Share this near to 0 or 1, after a little blur, that the graph cut may not turn."""

_MOST_ODDS = 5.0

_PART_SHARE = 0.03
"""Parts of the subject smaller than this, against its largest, are specks."""

_HOLE_SHARE = 0.005
"""Holes smaller than this share of the picture are none."""


def find(picture: Pixels, region: Mask, workers: Workers, report: Report) -> tuple[Mask, float]:
    """Find the subject of a region.

    Args:
        picture: HxWx3, SIDE long.
        region: HxW, a rectangle or ellipse around the subject.
        workers: that compute.
        report: told how far it is; may raise.

    Returns:
        HxW, True on the subject, and the confidence in it: the overlap that is to be expected, squared, because
        a tenth of a subject gone is a bad cut-out.
    """
    if not region.any():
        return region, 0.0
    around = Around.of(picture, region)
    share = weighed(cues.first(around, workers), FIRST_WEIGHTS, region)
    report(0.5)
    if _has_sides(share):
        again = second_cues(around, share, workers, part(report, 0.5, 1.0))
        share = weighed(again, SECOND_WEIGHTS, region)
    return _solid(share > _SUBJECT_FROM), expected_overlap(share) ** 2


def second_cues(
    around: Around, share: Values, workers: Workers, report: Report
) -> dict[str, Values]:
    """All that is weighed once there is a first idea, HxW, of where the subject is."""
    again = cues.second(around, share, workers)
    odds = np.log(share.clip(1e-6)) - np.log((1.0 - share).clip(1e-6))
    again["before"] = odds.clip(-_MOST_ODDS, _MOST_ODDS)
    again["cut"] = _cut(around, share, report).astype(np.float32)
    return again


def weighed(found: dict[str, Values], weights: dict[str, float], region: Mask) -> Values:
    """How probably each pixel is subject, 0..1; 0 outside of the region."""
    odds = np.full(region.shape, weights[_ALWAYS], np.float32)
    for name, values in found.items():
        odds += np.float32(weights[name]) * values
    return np.where(region, 1.0 / (1.0 + np.exp(-odds)), 0.0).astype(np.float32)


def expected_overlap(share: Values) -> float:
    """The overlap (intersection over union) of a subject with what is probably subject, if the shares are true."""
    subject = share > 0.5
    union = int(np.count_nonzero(subject)) + float(share[~subject].sum())
    return float(share[subject].sum()) / max(union, 1.0)


def _has_sides(share: Values) -> bool:
    return bool((share > 0.5).any() and (share < 0.5).any())


def _cut(around: Around, share: Values, report: Report) -> Mask:
    """Where a graph cut that begins with a share ends."""
    smooth = cv2.GaussianBlur(share, (0, 0), _BLUR_PX)
    seeds = np.where(smooth > 0.5, cv2.GC_PR_FGD, cv2.GC_PR_BGD)
    seeds[smooth < _SURE] = cv2.GC_BGD
    seeds[smooth > 1.0 - _SURE] = cv2.GC_FGD
    seeds[~around.region] = cv2.GC_BGD
    levels = (around.picture * 255).round().astype(np.uint8)
    return graph_cut.cut(levels, seeds.astype(np.uint8), report)


def _solid(subject: Mask) -> Mask:
    """A mask without specks and small holes."""
    return graph_cut.filled(graph_cut.large_parts(subject, _PART_SHARE), _HOLE_SHARE * subject.size)
