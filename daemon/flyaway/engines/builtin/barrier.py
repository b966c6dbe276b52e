"""How high the least barrier is between each pixel and the surroundings: what is enclosed has a high one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import breadth_first_order, minimum_spanning_tree

from flyaway.engines.builtin.likelihood import Mask

_STEPS = ((0, 1), (1, 0), (1, 1), (1, -1))
"""From a pixel to those of its eight neighbours that come after it."""

_LEAST = 1e-3
"""Of a step between equal colours: a sparse matrix has no entries of 0."""


def barriers(colours: NDArray[np.float32], source: Mask) -> NDArray[np.float32]:
    """The largest step of colour on that way from `source` whose largest step is least, for each pixel.

    All such ways lie on a minimum spanning tree.

    Args:
        colours: HxWx3, in units in which distances mean something.
        source: HxW, with at least one True pixel.

    Returns:
        HxW.
    """
    root = source.size  # one node more, tied to all of the source
    tree = minimum_spanning_tree(_graph(colours, source))
    order, before = breadth_first_order(tree, root, directed=False)
    parents = before[order[1:]]
    both = (tree + tree.T).tocsr()
    steps = np.asarray(both[order[1:], parents], np.float32).ravel()
    highest = np.zeros(root + 1, np.float32)
    for node, parent, step in zip(order[1:].tolist(), parents.tolist(), steps, strict=True):
        highest[node] = max(highest[parent], step)
    return highest[:root].reshape(source.shape)


def _graph(colours: NDArray[np.float32], source: Mask) -> csr_array:
    """What each step between neighbours costs, and nearly nothing from one node more to the source."""
    height, width = source.shape
    number = np.arange(source.size).reshape(source.shape)
    starts, ends, costs = [], [], []
    for down, along in _STEPS:
        left = max(-along, 0)
        here = np.s_[: height - down, left : width - max(along, 0)]
        there = np.s_[down:, left + along : width + min(along, 0)]
        starts.append(number[here].ravel())
        ends.append(number[there].ravel())
        costs.append(np.linalg.norm(colours[here] - colours[there], axis=-1).ravel() + _LEAST)
    inside = np.flatnonzero(source)
    starts.append(np.full(inside.size, source.size))
    ends.append(inside)
    costs.append(np.full(inside.size, _LEAST))
    entries = (np.concatenate(starts), np.concatenate(ends))
    size = source.size + 1
    return csr_array((np.concatenate(costs), entries), shape=(size, size))
