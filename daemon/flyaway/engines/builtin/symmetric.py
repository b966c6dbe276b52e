"""Symmetric positive definite 3x3 matrices, one for each pixel, kept as six planes of their entries."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Plane = NDArray[np.float32]
"""HxW."""

Matrices = list[Plane]
"""Six planes, in the order of ENTRIES."""

ENTRIES = ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))
"""Row and column of each plane."""


def row_times(matrices: Matrices, row: int, vectors: list[Plane]) -> Plane:
    """One row of the product of matrices and vectors, three planes each."""
    entries = [ENTRIES.index((min(row, each), max(row, each))) for each in range(3)]
    product = matrices[entries[0]] * vectors[0]
    product += matrices[entries[1]] * vectors[1]
    product += matrices[entries[2]] * vectors[2]
    return product


def inverse(matrices: Matrices) -> Matrices:
    """The inverses, through LDL', which single precision is enough for."""
    a, b, c, ab, ac, bc = matrices
    first, second = ab / a, ac / a
    middle = b - first * ab
    rest = bc - first * ac
    third = rest / middle
    last = 1.0 / (c - second * ac - third * rest)
    middle = 1.0 / middle
    corner = first * third - second
    by_last = corner * last
    entries = [
        1.0 / a + first * first * middle + corner * by_last,
        middle + third * third * last,
        last,
        -first * middle - third * by_last,
        by_last,
        -third * last,
    ]
    return [np.asarray(each, np.float32) for each in entries]
