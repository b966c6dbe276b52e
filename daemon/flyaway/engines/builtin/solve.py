"""Conjugate gradients for systems over the pixels of a band.

Each pixel is pulled to a sampled value of its own, so dividing by the diagonal conditions a system well
enough: a multigrid and an incomplete Cholesky factor were tried, and cost more than they saved. All sums
run in one order whatever the number of threads, so that the result does not depend on it.
"""

from __future__ import annotations

import operator
from collections.abc import Callable
from concurrent.futures import Executor
from itertools import repeat

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from flyaway.engines.builtin.progress import Tick
from flyaway.engines.builtin.system import System

Vector = NDArray[np.float32]

_MOST_STEPS = 400


_BLOCK_ROWS = 16384
"""Rows of a matrix that one thread multiplies at a time."""


def conjugate_gradients(
    system: System, start: Vector, tolerance: float, tick: Tick, pool: Executor | None = None
) -> Vector:
    """Solve a system from `start`.

    Args:
        system: over N pixels.
        start: N.
        tolerance: how small the residual shall become against the right-hand side.
        tick: told after each step how far the residual has come; may raise.
        pool: threads to multiply with; they do not change the result.
    """
    rhs, inverse = system.rhs, 1.0 / system.matrix.diagonal()
    product_with = _multiplier(system.matrix, pool)
    x = start.copy()
    residual = rhs - product_with(x)
    goal = tolerance * _length(rhs)
    first = now = _length(residual)
    direction, before = np.zeros_like(x), np.float32(1.0)
    for _ in range(_MOST_STEPS):
        if now <= goal:
            break
        cleaned = inverse * residual
        product = np.add.reduce(cleaned * residual)
        direction *= product / before
        direction += cleaned
        before = product
        image = product_with(direction)
        step = product / np.add.reduce(direction * image)
        x += step * direction
        residual -= step * image
        now = _length(residual)
        tick(_share_done(first, now, goal))
    return np.nan_to_num(x)


def _multiplier(matrix: sparse.csr_array, pool: Executor | None) -> Callable[[Vector], Vector]:
    """What multiplies a matrix with a vector."""
    if pool is None:
        return lambda vector: matrix @ vector
    blocks = [matrix[row : row + _BLOCK_ROWS] for row in range(0, matrix.shape[0], _BLOCK_ROWS)]

    def multiply(vector: Vector) -> Vector:
        return np.concatenate(list(pool.map(operator.matmul, blocks, repeat(vector))))

    return multiply


def _length(vector: Vector) -> float:
    return float(np.sqrt(np.add.reduce(vector * vector)))


def _share_done(first: float, now: float, goal: float) -> float:
    """How much of the way to the goal the residual has come, in orders of magnitude."""
    if goal <= 0.0 or now <= goal:
        return 1.0
    return float(np.log(first / now) / np.log(first / goal)) if first > now else 0.0
