"""OpenCV's GrabCut (Rother et al. 2004), round by round, and what is left of a mask without specks and holes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway.engines.builtin.likelihood import Mask
from flyaway.engines.contract import Report

_ROUNDS = 4

Seeds = NDArray[np.uint8]
"""HxW in GrabCut's terms: surely or probably background or foreground."""


def cut(picture: NDArray[np.uint8], seeds: Seeds, report: Report) -> Mask:
    """The subject that GrabCut finds from `seeds`.

    Args:
        picture: HxWx3 sRGB.
        seeds: HxW.
        report: told after each round; may raise.
    """
    labels = seeds.copy()
    blue_first = np.ascontiguousarray(picture[..., ::-1])
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.setRNGSeed(0)  # of this thread only
    for turn in range(_ROUNDS):
        subject = _is_subject(labels)
        if not subject.any() or subject.all():
            return subject
        mode = cv2.GC_EVAL if turn else cv2.GC_INIT_WITH_MASK
        cv2.grabCut(blue_first, labels, (0, 0, 0, 0), background, foreground, 1, mode)
        report(0.0)
    return _is_subject(labels)


def _is_subject(labels: Seeds) -> Mask:
    return (labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)


def large_parts(mask: Mask, least_share: float) -> Mask:
    """The parts of a mask that have at least such a share of its largest one's pixels."""
    _, parts, about, _ = cv2.connectedComponentsWithStats(mask.view(np.uint8), connectivity=4)
    areas = about[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    return np.asarray((areas >= max(least_share * areas.max(), 1))[parts])


def filled(mask: Mask, most_px: float) -> Mask:
    """A mask without those holes that have at most so many pixels."""
    _, holes, about, _ = cv2.connectedComponentsWithStats((~mask).view(np.uint8), connectivity=8)
    is_hole = about[:, cv2.CC_STAT_AREA] <= most_px
    is_hole[0] = False
    is_hole[np.concatenate([holes[0], holes[-1], holes[:, 0], holes[:, -1]])] = False
    return mask | is_hole[holes]
