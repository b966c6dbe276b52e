"""`scripts/cues FOLDER`: fit the weights of the built-in engine's cues for rectangles, and print them.

The folder is one of `scripts/quality`; the hands are those of its --hand. Each photo is also judged by weights
fitted on all the others: that error is what to expect of a photo that nobody has seen.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import ModuleType

import cv2
import numpy as np
import torch
from numpy.typing import NDArray
from tests.benchmarks import hands
from tests.benchmarks.quality import Photo, UnusableError, photos

from flyaway.engines.builtin import boxed, cues, guess, pyramid
from flyaway.engines.builtin.cues import Around, Values
from flyaway.engines.builtin.workers import Workers
from flyaway.engines.contract import silent
from flyaway.extraction import frame

_PIXELS = 800
"""Of each rectangle, that the weights are fitted to."""

_SHRINKAGE = 0.02
"""How strongly weights are drawn to 0, against one pixel, in standard deviations of their cue."""

_STEPS = 12

Weights = dict[str, float]


@dataclass(slots=True)
class Case:
    """A rectangle on a photo, and how probably its pixels are subject.

    Attributes:
        photo: its id.
        seed: the hand's.
        around: what is looked at.
        truth: HxW, alpha.
        area: thousands of the photo's pixels that one of these stands for.
        found: the cues last taken.
        share: HxW, by weights that were fitted on other photos.
    """

    photo: str
    seed: int
    around: Around
    truth: Values
    area: float
    found: dict[str, Values] = field(default_factory=dict)
    share: Values = field(default_factory=lambda: np.zeros((0, 0), np.float32))

    @property
    def error(self) -> float:
        """SAD of the mask over the region's surroundings, in thousands."""
        return float(np.abs((self.share > 0.5) - self.truth).sum()) * self.area


def main() -> int:
    """Fit, print the errors of photos left out, and the weights."""
    parser = argparse.ArgumentParser(prog="scripts/cues", description=__doc__)
    parser.add_argument("folder", type=Path, help="photos with an index.json")
    parser.add_argument("--hands", type=Path, default=hands.DEFAULT, help="file of the hands")
    parser.add_argument("--seed", type=int, nargs="+", default=[1, 2], help="which hands")
    arguments = parser.parse_args()
    try:
        drawn = hands.load(arguments.hands)
        cases = list(_cases(photos(arguments.folder), drawn, arguments.seed))
    except (UnusableError, hands.NoHandsError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    workers = Workers(torch.device("cpu"), 2)
    _judge("FIRST_WEIGHTS", cases, lambda case: cues.first(case.around, workers))
    _judge(
        "SECOND_WEIGHTS",
        cases,
        lambda case: boxed.second_cues(case.around, case.share, workers, silent),
    )
    for case in cases:
        overlap = boxed.expected_overlap(case.share)
        found = case.share > 0.5
        body = case.truth > 0.5
        true = (found & body).sum() / max((found | body).sum(), 1)
        sys.stdout.write(
            f"{case.photo:<16} seed {case.seed}  sad {case.error:7.1f}  overlap {true:.2f}, "
            f"expected {overlap:.2f}\n"
        )
    return 0


def _cases(found: Iterator[Photo], drawn: ModuleType, seeds: list[int]) -> Iterator[Case]:
    """Every photo with every hand's rectangle, but those that hold all of a photo."""
    for photo in found:
        truth = photo.truth if photo.reference is None else photo.reference.astype(np.float32)
        if truth is None:
            continue
        for seed in seeds:
            region = frame.reaching(drawn.rectangle(truth, seed) > 127)
            if not region.all():
                yield _case(replace(photo, truth=truth, region=region), seed)


def _case(photo: Photo, seed: int) -> Case:
    assert photo.truth is not None
    assert photo.region is not None
    box = guess.surroundings(photo.region)
    picture = pyramid.reduced(photo.image, box, boxed.SIDE)
    size = (picture.shape[1], picture.shape[0])
    truth = cv2.resize(photo.truth[box.slices], size, interpolation=cv2.INTER_AREA)
    region = guess.fitted(photo.region[box.slices], picture.shape)
    area = box.shape[0] * box.shape[1] / truth.size / 1000
    return Case(photo.name, seed, Around.of(picture, region), np.asarray(truth), area)


def _judge(name: str, cases: list[Case], look: Callable[[Case], dict[str, Values]]) -> None:
    """Take cues, judge each photo by what is fitted on the others, print errors and all photos' weights."""
    for case in cases:
        case.found = look(case)
    for photo in {case.photo for case in cases}:
        weights = _fitted([case for case in cases if case.photo != photo])
        for case in cases:
            if case.photo == photo:
                case.share = boxed.weighed(case.found, weights, case.around.region)
    mean = np.mean([case.error for case in cases])
    sys.stdout.write(f"# error of photos left out: {mean:.1f}\n{name} = {{\n")
    for cue, weight in _fitted(cases).items():
        sys.stdout.write(f'    "{cue}": {weight:.3f},\n')
    sys.stdout.write("}\n")
    sys.stdout.flush()


def _fitted(cases: list[Case]) -> Weights:
    """Logistic regression, drawn to 0, by Newton's steps."""
    names = list(cases[0].found)
    samples = [_samples(case, names) for case in cases]
    values = np.concatenate([each[0] for each in samples])
    is_subject = np.concatenate([each[1] for each in samples])
    means, spreads = values.mean(axis=0), values.std(axis=0) + 1e-6
    design = np.c_[(values - means) / spreads, np.ones(len(values))]
    weights = np.zeros(design.shape[1])
    pull = _SHRINKAGE * len(design)
    for _ in range(_STEPS):
        share = 1.0 / (1.0 + np.exp(-design @ weights))
        slope = design.T @ (is_subject - share) - pull * weights
        bend = (design * (share * (1.0 - share))[:, None]).T @ design + pull * np.eye(len(weights))
        weights += np.linalg.solve(bend, slope)
    plain = weights[:-1] / spreads
    always = float(weights[-1] - plain @ means)
    return {**dict(zip(names, plain.tolist(), strict=True)), "": always}


def _samples(case: Case, names: list[str]) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """The cues at some pixels of a region, always the same, and whether these are subject."""
    places = np.flatnonzero(case.around.region)
    places = np.random.default_rng(0).permutation(places)[:_PIXELS]
    values = np.stack([case.found[name].ravel()[places] for name in names], axis=1)
    return values.astype(np.float64), case.truth.ravel()[places] > 0.5


if __name__ == "__main__":
    sys.exit(main())
