"""Find the subject within a rough region, or without one, by OpenCV's GrabCut (Rother et al. 2004).

A graph cut is only as good as its seeds. So it is run from several, and what most runs agree on is the
subject; how far they agree is what the confidence is made of.
"""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from flyaway import engines
from flyaway.engines.builtin import outline, pyramid
from flyaway.engines.builtin.pyramid import Box
from flyaway.engines.builtin.saliency import Saliency
from flyaway.engines.builtin.workers import Workers
from flyaway.engines.contract import ROUGH_BELOW, Report, part
from flyaway.engines.progress import spaced
from flyaway.errors import NoSubjectError
from flyaway.images.arrays import Image, Trimap

_SIDE = 240
"""Longest side of the picture the runs see."""

_ROUNDS = 4

_MARGIN_SHARE = 0.15
"""Surroundings of a region that are looked at, as a part of its longer side."""

_RIM_SHARES = (0.1, 0.15, 0.25)
"""A region's rim that is probably background, as a part of its depth; one run each."""

_CORE_SHARE = 0.6
"""Depth from which a region surely holds the subject."""

_FILLED_SHARE = 0.99
"""A region that fills this much of its convex hull is a rectangle or ellipse, not drawn along the subject."""

_PARTINGS = (0.7, 1.0)
_SHARP_WEIGHTS = (1.0, 2.0)
"""From which score, against Otsu's threshold, a pixel seeds the subject, what sharpness counts; a run each."""

_SURE_SHARE = 0.08
_CLEAR_SHARE = 0.1
"""The most and least salient parts, which are taken as subject, within a region, and as background.

Without a region nothing is taken as subject for sure, unless nothing is found that way: what stands out
most is often a light or a cloud, and a run that may not let go of it drags all of its colour in.
"""

_VOTES = 0.6

Mask = NDArray[np.bool_]
Seeds = NDArray[np.uint8]
"""HxW in GrabCut's terms: surely or probably background or foreground."""


@dataclass(frozen=True, slots=True)
class Guess:
    """Where the subject is.

    Attributes:
        trimap: HxW, unknown along the outline.
        confidence: 0..1.
        notes: sentences for the user.
    """

    trimap: Trimap
    confidence: float
    notes: tuple[str, ...]


def find(image: Image, region: Mask | None, report: Report, threads: int) -> Guess:
    """Find the subject of an image.

    Args:
        image: HxWx3.
        region: HxW, True around the subject, or None to look everywhere.
        report: told how far it is.
        threads: graph cuts run at once; does not change the result.

    Raises:
        NoSubjectError: nothing stands out from its surroundings.
    """
    report = spaced(report)
    if region is not None and region.all():
        region = None  # it says nothing
    whole = Box(0, image.shape[0], 0, image.shape[1])
    frame = whole if region is None else _frame(region)
    picture = _picture(image, frame, _SIDE)
    report(0.1)
    for sure_share, start, end in ((0.0, 0.1, 0.4), (_SURE_SHARE, 0.4, 0.5)):
        seeds = _seeds(picture, region, frame, sure_share)
        subject, agreement = _vote(picture, seeds, threads, part(report, start, end))
        if subject.any():
            break
    if not subject.any():
        raise NoSubjectError(
            "No subject stands out from its surroundings: draw a rough region around all of it, or "
            "select its outline."
        )
    # Runs that agree may agree on the wrong thing; less often so where the user has shown the place.
    confidence = 0.65 * agreement**2 if region is None else 0.9 * agreement
    notes = () if confidence >= ROUGH_BELOW else (_advice(region is not None),)
    selected = _enlarged(subject, image.shape[:2], frame)
    if region is not None:
        selected &= region
    workers = Workers(torch.device("cpu"), threads)
    trimap = outline.along(image, selected, None, 0.0, workers, part(report, 0.5, 1.0)).trimap
    if region is not None:
        trimap[~region] = 0
    return Guess(trimap, confidence, notes)


def _advice(is_region: bool) -> str:
    """What to do about a rough guess; names the smallest network that finds any subject."""
    network = engines.record(engines.FIRST_DOWNLOAD)
    megabytes = round(network.weights.bytes / 1e6) if network.weights else 0
    step = (
        "draw along the subject's outline"
        if is_region
        else "draw a rough region around the subject"
    )
    return (
        f"This is a rough guess: {step} and run it again, or install a network that finds subjects by "
        f"itself, such as {network.title} ({megabytes} MB)."
    )


def _frame(region: Mask) -> Box:
    """The part of the image that is looked at for a region."""
    if not region.any():
        raise NoSubjectError("The region is empty: draw it around the subject.")
    box = pyramid.bounds(region)
    return box.grown(round(_MARGIN_SHARE * max(box.shape)), region.shape)


def _picture(image: Image, frame: Box, side: int) -> NDArray[np.uint8]:
    """A part of the image, HxWx3 uint8 sRGB, with `side` as the longest."""
    return (pyramid.reduced(image, frame, side) * 255).round().astype(np.uint8)


def _fitted(mask: Mask, shape: tuple[int, ...]) -> Mask:
    """A mask at another size."""
    size = (shape[1], shape[0])
    return cv2.resize(mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0


def _seeds(
    picture: NDArray[np.uint8], region: Mask | None, frame: Box, sure_share: float
) -> list[Seeds]:
    """Seeds for one run each; without a region, `sure_share` of the picture is subject for sure.

    What is drawn along the subject says where it is, a rectangle or an ellipse little more than where it
    is not: there, as without a region, salience counts too.
    """
    if region is None:
        return list(_salient_seeds(picture, np.ones(picture.shape[:2], bool), sure_share))
    cut = region[frame.slices]
    fitted = _fitted(cut, picture.shape)
    seeds = list(_region_seeds(fitted))
    if fitted.any() and _is_shape(cut):
        seeds += _salient_seeds(picture, fitted, _SURE_SHARE)
    return seeds


def _is_shape(region: Mask) -> bool:
    """Whether a region is as large as its convex hull."""
    outlines, _ = cv2.findContours(
        region.view(np.uint8), cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE
    )
    hull = cv2.convexHull(np.concatenate(outlines))
    filled = cv2.fillConvexPoly(np.zeros(region.shape, np.uint8), hull, 1)
    return int(np.count_nonzero(region)) >= _FILLED_SHARE * int(np.count_nonzero(filled))


def _region_seeds(region: Mask) -> Iterator[Seeds]:
    """Outside is background, the rim probably so, the core is subject."""
    # The frame of the picture is no rim, for the subject may go on beyond it; nor is it the core.
    to_rim, to_core = (
        _depth(region, border) for border in (cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT)
    )
    deepest = max(float(np.max(to_core)), 1.0)
    for rim in _RIM_SHARES:
        seeds = np.where(to_rim < rim * deepest, cv2.GC_PR_BGD, cv2.GC_PR_FGD)
        seeds[to_core > _CORE_SHARE * deepest] = cv2.GC_FGD
        seeds[~region] = cv2.GC_BGD
        yield seeds.astype(np.uint8)


def _depth(region: Mask, border: int) -> NDArray[np.float32]:
    """How far the pixels of a region are from its outside, with such a border beyond the picture."""
    padded = cv2.copyMakeBorder(region.view(np.uint8), 1, 1, 1, 1, border, value=0)
    return np.asarray(cv2.distanceTransform(padded, cv2.DIST_L2, 5)[1:-1, 1:-1], np.float32)


def _salient_seeds(picture: NDArray[np.uint8], region: Mask, sure_share: float) -> Iterator[Seeds]:
    """What is salient in a region is probably the subject, the least salient part of it background."""
    saliency = Saliency(picture, region)
    for sharp_weight in _SHARP_WEIGHTS:
        score = saliency.score(sharp_weight)
        clear, sure = np.quantile(score[region], [_CLEAR_SHARE, 1 - sure_share])
        for share in _PARTINGS:
            likely = score > share * _parting(score[region])
            seeds = np.where(likely, cv2.GC_PR_FGD, cv2.GC_PR_BGD)
            seeds[score < clear] = cv2.GC_BGD
            seeds[score > sure] = cv2.GC_FGD
            seeds[~region] = cv2.GC_BGD
            yield seeds.astype(np.uint8)


def _parting(score: NDArray[np.float32]) -> float:
    """Otsu's threshold: the score that best parts the high from the low."""
    unit = max(float(score.max()), 1e-6) / 255
    threshold, _ = cv2.threshold((score / unit).astype(np.uint8), 0, 255, cv2.THRESH_OTSU)
    return float(threshold) * unit


def _vote(
    picture: NDArray[np.uint8], seeds: list[Seeds], threads: int, report: Report
) -> tuple[Mask, float]:
    """What most runs take for the subject, and how far they agree (intersection over union)."""
    parts = [part(report, number / len(seeds), 1.0) for number in range(len(seeds))]
    with ThreadPoolExecutor(threads) as pool:
        runs = [_cleaned(cut) for cut in pool.map(_cut, repeat(picture), seeds, parts)]
    # A run that lost the subject has no say in where it is, and without a majority the most votes count.
    votes = np.mean([run for run in runs if run.any()] or runs, axis=0)
    subject = _cleaned((votes > 0) & (votes >= min(_VOTES, float(votes.max()))))
    shared = [(run & subject).sum() / max((run | subject).sum(), 1) for run in runs]
    return subject, float(np.mean(shared))


def _cut(picture: NDArray[np.uint8], seeds: Seeds, report: Report) -> Mask:
    """GrabCut from `seeds`."""
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


def _cleaned(subject: Mask) -> Mask:
    """The large parts of a mask, without specks and holes."""
    mask = cv2.morphologyEx(subject.astype(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    if not mask.any():
        return subject
    _, parts, about, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
    areas = about[:, cv2.CC_STAT_AREA].copy()
    areas[0] = 0
    kept = (areas >= 0.15 * areas.max())[parts]
    _, holes, about, _ = cv2.connectedComponentsWithStats((~kept).view(np.uint8), connectivity=8)
    at_edge = np.unique(np.concatenate([holes[0], holes[-1], holes[:, 0], holes[:, -1]]))
    return kept | ~np.isin(holes, at_edge)


def _enlarged(subject: Mask, shape: tuple[int, ...], frame: Box) -> Mask:
    """A subject found in a part of the image, at full size and in its place."""
    size = (frame.shape[1], frame.shape[0])
    # Half-way between pixels, not in steps of them.
    share = cv2.resize(subject.view(np.uint8) * 255, size, interpolation=cv2.INTER_LINEAR)
    full = np.zeros(shape[:2], bool)
    full[frame.slices] = share >= 128
    return full
