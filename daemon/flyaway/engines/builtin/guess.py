"""Find the subject within a rough region, or without one.

Rectangles and ellipses: see boxed. Otherwise by graph cuts, which are only as good as their seeds. So one is run
from each of several, and what most runs agree on is the subject; how far they agree is what the confidence is made of.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import repeat

import cv2
import numpy as np
import torch
from numpy.typing import NDArray

from flyaway import engines
from flyaway.engines.builtin import boxed, cues, graph_cut, outline, pyramid
from flyaway.engines.builtin.graph_cut import Seeds, cut
from flyaway.engines.builtin.pyramid import Box
from flyaway.engines.builtin.saliency import Saliency
from flyaway.engines.builtin.workers import Workers
from flyaway.engines.contract import ROUGH_BELOW, Report, part
from flyaway.engines.progress import spaced
from flyaway.errors import NoSubjectError
from flyaway.images import encoding
from flyaway.images.arrays import Image, Trimap
from flyaway_client.wording import _

_SIDE = 240
"""Longest side of the picture the runs see."""

_MARGIN_SHARE = 0.15
"""Surroundings of a region that are looked at, as a part of its longer side."""

_RIM_SHARES = (0.1, 0.15, 0.25)
"""A region's rim that is probably background, as a part of its depth; one run each."""

_CORE_SHARE = 0.6
"""Depth from which a region surely holds the subject."""

_FILLED_SHARE = 0.99
"""A region that fills this much of its convex hull is a rectangle or ellipse, not drawn along the subject."""

_LEAST_FILL = 0.1
"""Part of a rectangle or ellipse that its subject fills: what is less was not found."""

_PARTINGS = (0.7, 1.0)
_SHARP_WEIGHTS = (1.0, 2.0)
"""From which score, against Otsu's threshold, a pixel seeds the subject, what sharpness counts; a run each."""

_SURE_SHARE = 0.08
_CLEAR_SHARE = 0.1
"""The most and least salient parts, which are taken as subject and as background.

Nothing is taken as subject for sure, unless nothing is found that way: what stands out most is often a
light or a cloud, and a run that may not let go of it drags all of its colour in.
"""

_VOTES = 0.6

_PART_SHARE = 0.15
"""Parts of the subject smaller than this, against its largest, are specks."""

Mask = NDArray[np.bool_]


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
    workers = Workers(torch.device("cpu"), threads)
    whole = Box(0, image.shape[0], 0, image.shape[1])
    frame = whole if region is None else surroundings(region)
    if region is not None and _is_shape(region[frame.slices]):
        subject, confidence = _boxed(image, region, frame, workers, part(report, 0.1, 0.5))
    else:
        subject, confidence = _agreed(image, region, frame, workers, part(report, 0.1, 0.5))
    if not subject.any():
        raise NoSubjectError(
            _(
                "No subject stands out from its surroundings: draw a rough region around all of it, or "
                "select its outline."
            )
        )
    notes = () if confidence >= ROUGH_BELOW else (_advice(region is not None),)
    selected = _enlarged(subject, image.shape[:2], frame)
    if region is not None:
        selected &= region
    report(0.5, encoding.thinned(selected).astype(np.float32))
    trimap = outline.along(image, selected, None, 0.0, workers, part(report, 0.5, 1.0)).trimap
    if region is not None:
        trimap[~region] = 0
    return Guess(trimap, confidence, notes)


def _boxed(
    image: Image, region: Mask, frame: Box, workers: Workers, report: Report
) -> tuple[Mask, float]:
    """The subject of a rectangle or ellipse, in a small picture of `frame`, and the confidence in it."""
    picture = pyramid.reduced(image, frame, boxed.SIDE)
    inside = fitted(region[frame.slices], picture.shape)
    subject, confidence = boxed.find(picture, inside, workers, part(report, 0.0, 0.5))
    if np.count_nonzero(subject) >= _LEAST_FILL * np.count_nonzero(inside):
        return subject, confidence
    # Nothing is unlike the surroundings, and still somebody drew around something: cuts hold on to the middle.
    subject, agreement = _agreed(image, region, frame, workers, part(report, 0.5, 1.0))
    return subject, min(confidence, agreement)


def _agreed(
    image: Image, region: Mask | None, frame: Box, workers: Workers, report: Report
) -> tuple[Mask, float]:
    """What graph cuts from several seeds agree on, in a small picture of `frame`, and the confidence in it."""
    picture = (pyramid.reduced(image, frame, _SIDE) * 255).round().astype(np.uint8)
    inside = None if region is None else fitted(region[frame.slices], picture.shape)
    for sure_share, start, end in ((0.0, 0.0, 0.75), (_SURE_SHARE, 0.75, 1.0)):
        seeds = _seeds(picture, inside, sure_share)
        subject, agreement = _vote(picture, seeds, workers.threads, part(report, start, end))
        if subject.any():
            break
    # Runs that agree may agree on the wrong thing; less often so where the user has shown the place.
    return subject, 0.65 * agreement**2 if region is None else 0.9 * agreement


def _advice(is_region: bool) -> str:
    """What to do about a rough guess; names the smallest network that finds any subject."""
    network = engines.record(engines.FIRST_DOWNLOAD)
    megabytes = round(network.weights.bytes / 1e6) if network.weights else 0
    step = (
        _("draw along the subject's outline")
        if is_region
        else _("draw a rough region around the subject")
    )
    return _(
        "This is a rough guess: {step} and run it again, or install a network that finds "
        "subjects by itself, such as {title} ({megabytes} MB)."
    ).format(step=step, title=network.title, megabytes=megabytes)


def surroundings(region: Mask) -> Box:
    """The part of the image that is looked at for a region."""
    if not region.any():
        raise NoSubjectError(_("The region is empty: draw it around the subject."))
    box = pyramid.bounds(region)
    return box.grown(round(_MARGIN_SHARE * max(box.shape)), region.shape)


def fitted(mask: Mask, shape: tuple[int, ...]) -> Mask:
    """A mask at another size."""
    size = (shape[1], shape[0])
    return cv2.resize(mask.view(np.uint8), size, interpolation=cv2.INTER_NEAREST) > 0


def _seeds(picture: NDArray[np.uint8], region: Mask | None, sure_share: float) -> list[Seeds]:
    """Seeds for one run each; without a region, `sure_share` of the picture is subject for sure."""
    return list(_salient_seeds(picture, sure_share) if region is None else _region_seeds(region))


def _is_shape(region: Mask) -> bool:
    """Whether a region is as large as its convex hull."""
    small = np.ascontiguousarray(encoding.thinned(region)).view(np.uint8)
    outlines, _ = cv2.findContours(small, cv2.RETR_EXTERNAL, cv2.CHAIN_APPROX_SIMPLE)
    if not outlines:
        return False  # thinner than what is looked at
    hull = cv2.convexHull(np.concatenate(outlines))
    filled = cv2.fillConvexPoly(np.zeros(small.shape, np.uint8), hull, 1)
    return int(np.count_nonzero(small)) >= _FILLED_SHARE * int(np.count_nonzero(filled))


def _region_seeds(region: Mask) -> Iterator[Seeds]:
    """Outside is background, the rim probably so, the core is subject."""
    # The frame of the picture is no rim, for the subject may go on beyond it; nor is it the core.
    to_rim, to_core = (
        cues.depth(region, border) for border in (cv2.BORDER_REPLICATE, cv2.BORDER_CONSTANT)
    )
    deepest = max(float(np.max(to_core)), 1.0)
    for rim in _RIM_SHARES:
        seeds = np.where(to_rim < rim * deepest, cv2.GC_PR_BGD, cv2.GC_PR_FGD)
        seeds[to_core > _CORE_SHARE * deepest] = cv2.GC_FGD
        seeds[~region] = cv2.GC_BGD
        yield seeds.astype(np.uint8)


def _salient_seeds(picture: NDArray[np.uint8], sure_share: float) -> Iterator[Seeds]:
    """What is salient is probably the subject, the least salient part of the picture background."""
    saliency = Saliency(picture)
    for sharp_weight in _SHARP_WEIGHTS:
        score = saliency.score(sharp_weight)
        clear, sure = np.quantile(score, [_CLEAR_SHARE, 1 - sure_share])
        for share in _PARTINGS:
            likely = score > share * _parting(score)
            seeds = np.where(likely, cv2.GC_PR_FGD, cv2.GC_PR_BGD)
            seeds[score < clear] = cv2.GC_BGD
            seeds[score > sure] = cv2.GC_FGD
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
        runs = [_cleaned(cut) for cut in pool.map(cut, repeat(picture), seeds, parts)]
    # A run that lost the subject has no say in where it is, and without a majority the most votes count.
    votes = np.mean([run for run in runs if run.any()] or runs, axis=0)
    subject = _cleaned((votes > 0) & (votes >= min(_VOTES, float(votes.max()))))
    shared = [(run & subject).sum() / max((run | subject).sum(), 1) for run in runs]
    return subject, float(np.mean(shared))


def _cleaned(subject: Mask) -> Mask:
    """The large parts of a mask, without specks and holes."""
    mask = cv2.morphologyEx(subject.view(np.uint8), cv2.MORPH_OPEN, np.ones((3, 3), np.uint8))
    if not mask.any():
        return subject
    return graph_cut.filled(graph_cut.large_parts(mask.view(np.bool_), _PART_SHARE), math.inf)


def _enlarged(subject: Mask, shape: tuple[int, ...], frame: Box) -> Mask:
    """A subject found in a part of the image, at full size and in its place."""
    size = (frame.shape[1], frame.shape[0])
    # Half-way between pixels, not in steps of them.
    share = cv2.resize(subject.view(np.uint8) * 255, size, interpolation=cv2.INTER_LINEAR)
    full = np.zeros(shape[:2], bool)
    full[frame.slices] = share >= 128
    return full
