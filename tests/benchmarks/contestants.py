"""What is measured side by side on photos: an engine of ours, PyMatting's methods, OpenCV's GrabCut."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from flyaway import engines
from flyaway.engines.contract import Inputs
from flyaway.engines.records import Role
from flyaway.images.arrays import Alpha, Image, Trimap

Region = NDArray[np.bool_]
Solve = Callable[[Image, Trimap | None, Region | None], Alpha]
"""Alpha from HxWx3 uint8 sRGB and, if there is one, a trimap or a rough region around the subject."""

_FRAME_SHARE = 0.03
_GRABCUT_SIDE = 480


@dataclass(frozen=True, slots=True)
class Contestant:
    """A way to find alpha.

    Attributes:
        name: for people.
        roles: what it can do.
        solve: what is measured.
        prepare: to be called before, in the process that measures.
    """

    name: str
    roles: frozenset[Role]
    solve: Solve
    prepare: Callable[[], object] = lambda: None


def engine(name: str) -> Contestant:
    """One of our engines.

    Raises:
        UnknownEngineError: there is none of that name.
    """
    loaded, known = engines.load(name), engines.record(name)

    def solve(image: Image, trimap: Trimap | None, region: Region | None) -> Alpha:
        return loaded.extract(image, Inputs(trimap, region).only(known.accepts)).alpha

    return Contestant(name, frozenset(known.ranks), solve)


def rivals() -> list[Contestant]:
    """Those that are installed."""
    found = [Contestant("grabcut", frozenset({Role.FIND}), _grabcut)]
    if importlib.util.find_spec("pymatting"):
        found += [_pymatting("cf"), _pymatting("sm")]
    return found


def _pymatting(method: str) -> Contestant:
    # Not imported here: it starts threads then, which do not survive a fork.
    def solve(image: Image, trimap: Trimap | None, _region: Region | None) -> Alpha:
        if trimap is None:
            raise ValueError("PyMatting needs a trimap")
        estimate = getattr(importlib.import_module("pymatting"), f"estimate_alpha_{method}")
        levels = np.where(trimap == 128, 0.5, trimap / 255.0)
        return np.asarray(estimate(image / 255.0, levels), np.float32)

    def prepare() -> object:
        return importlib.import_module("pymatting")

    return Contestant(f"pymatting-{method}", frozenset({Role.SOLVE}), solve, prepare)


def _grabcut(image: Image, _trimap: Trimap | None, region: Region | None) -> Alpha:
    """GrabCut within a region, or from a rectangle just within the frame; at full size it takes minutes."""
    scale = min(1.0, _GRABCUT_SIDE / max(image.shape))
    small = cv2.resize(image, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA)
    height, width = small.shape[:2]
    edge = max(1, round(_FRAME_SHARE * max(height, width)))
    labels = np.zeros((height, width), np.uint8)
    models: list[NDArray[np.float64]] = [np.zeros((1, 65)), np.zeros((1, 65))]
    frame = (edge, edge, width - 2 * edge, height - 2 * edge)
    way = cv2.GC_INIT_WITH_RECT
    if region is not None:
        inside = cv2.resize(region.astype(np.uint8), (width, height), interpolation=cv2.INTER_AREA)
        labels[inside > 0] = cv2.GC_PR_FGD
        way = cv2.GC_INIT_WITH_MASK
    blue_first = np.ascontiguousarray(small[..., ::-1])
    cv2.grabCut(blue_first, labels, frame, models[0], models[1], 5, way)
    found = ((labels == cv2.GC_FGD) | (labels == cv2.GC_PR_FGD)).astype(np.float32)
    size = (image.shape[1], image.shape[0])
    return np.asarray(cv2.resize(found, size, interpolation=cv2.INTER_LINEAR), np.float32)
