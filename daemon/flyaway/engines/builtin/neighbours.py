"""Pixels of like colour get like alpha, however far apart they are: KNN matting (Chen et al. 2013).

It carries alpha into holes and between strands that no 3x3 window connects. The search is a tree's, on the
processor, whatever the device: it runs beside the other steps, and it is not what takes their time.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.spatial import cKDTree

from flyaway.engines.builtin.band import Pixels, grown
from flyaway.engines.builtin.system import System, links
from flyaway.engines.builtin.workers import Workers
from flyaway.engines.contract import Report
from flyaway.images.arrays import UNKNOWN

_WEIGHT = 0.007
"""What likeness weighs against the matting Laplacian."""

_COUNT = 7
_PLACE_WEIGHT = 0.03
"""What the longer side of the picture weighs against a colour channel's full range."""

_RANGE = 0.3
"""Distance from which two pixels are not alike at all."""

_KNOWN_REACH_PX = 16
"""How far from the band known pixels may be neighbours."""

_SLOPPINESS = 1.0
"""A neighbour may be this share farther than the true next one, which makes the search fast."""

_ASKING_EVERY = 4
_ASKED_EVERY = 2
"""Of the diagonals of the picture, those whose pixels look for neighbours, and those that are found.

The windows of the matting Laplacian tie the others to them: the means of all errors stay the same.
"""

_CHUNK = 4096


def likeness(
    image: Pixels,
    trimap: NDArray[np.uint8],
    known: NDArray[np.float32],
    workers: Workers,
    report: Report,
) -> System:
    """What pixels of like colour ask of each other.

    Args:
        image: HxWx3.
        trimap: HxW.
        known: HxW, alpha of the known pixels.
        workers: where the system shall be.
        report: told the done fraction; may raise.
    """
    is_unknown = trimap == UNKNOWN
    near = _on_diagonals(grown(is_unknown, _KNOWN_REACH_PX), _ASKED_EVERY)
    own = _on_diagonals(is_unknown, _ASKING_EVERY)
    features = _features(image, near)
    asking = _features(image, own)
    number = np.where(is_unknown, np.cumsum(is_unknown).reshape(trimap.shape) - 1, -1).reshape(-1)
    report(0.0)
    tree = cKDTree(features, balanced_tree=False, compact_nodes=False)
    weights, others = np.empty((own.size, _COUNT)), np.empty((own.size, _COUNT), np.int64)
    for start in range(0, own.size, _CHUNK):
        span = slice(start, start + _CHUNK)
        away, found = tree.query(asking[span], _COUNT + 1, _SLOPPINESS)
        # The first is the pixel itself, or one just like it.
        weights[span] = np.maximum(1.0 - away[:, 1:] / _RANGE, 1e-6) ** 2
        others[span] = near[found[:, 1:].clip(max=near.size - 1)]
        report(start / own.size)
    weights *= _WEIGHT * _ASKING_EVERY / weights.sum(axis=1, keepdims=True)
    report(1.0)
    count = int(np.count_nonzero(is_unknown))
    return _graph(count, weights, number[own], number[others], known.reshape(-1)[others], workers)


def _on_diagonals(mask: NDArray[np.bool_], every: int) -> NDArray[np.intp]:
    """Flat places of the True pixels of a mask on every n-th diagonal."""
    rows, columns = np.nonzero(mask)
    kept = (rows + columns) % every == 0
    return rows[kept] * mask.shape[1] + columns[kept]


def _features(image: Pixels, places: NDArray[np.intp]) -> NDArray[np.float64]:
    """Colour and place of pixels, in the units in which they are likened."""
    there = np.stack(np.divmod(places, image.shape[1]), axis=1)
    there = there * (_PLACE_WEIGHT / max(image.shape[:2]))
    return np.concatenate([image.reshape(-1, 3)[places], there], axis=1)


def _graph(
    count: int,
    weights: NDArray[np.float64],
    asking: NDArray[np.int64],
    others: NDArray[np.int64],
    alpha: NDArray[np.float32],
    workers: Workers,
) -> System:
    """The graph Laplacian of weighted links over `count` unknown pixels.

    Args:
        count: N.
        weights: MxK.
        asking: M, the numbers of the pixels that have links.
        others: MxK, the numbers of those they are tied to, -1 for a known one.
        alpha: MxK, of the known ones.
        workers: where the system shall be.
    """
    unknown = others >= 0
    ends = np.broadcast_to(asking[:, None], others.shape)
    directed = csr_array(
        (weights[unknown].astype(np.float32), (ends[unknown], others[unknown])),
        shape=(count, count),
    )
    degree = directed.sum(axis=0)
    degree[asking] += weights.sum(axis=1)
    rhs = np.zeros(count, np.float32)
    rhs[asking] = np.where(unknown, 0.0, weights * alpha).sum(axis=1)
    tied = csr_array(-directed - directed.T)
    ties = links(*(workers.tensor(each) for each in (tied.indptr, tied.indices, tied.data)))
    return System((ties,), workers.tensor(degree.astype(np.float32)), workers.tensor(rhs))
