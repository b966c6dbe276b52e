"""The linear system over the unknown band: what the neighbours and the data ask of each unknown alpha."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import sparse

from flyaway.engines.builtin.band import Band
from flyaway.engines.builtin.laplacian import STENCIL, Stencil

_CHUNK = 16384
"""Pixels worked on at once: what is written for them fits a core's cache."""


@dataclass(frozen=True, slots=True)
class System:
    """`matrix` alpha = `rhs`, both over the unknown pixels; the matrix is symmetric, positive definite."""

    matrix: sparse.csr_array
    rhs: NDArray[np.float32]


def assemble(stencil: Stencil, band: Band, known: NDArray[np.float32]) -> System:
    """Turn a stencil into a system, moving what is known to the right-hand side.

    Args:
        stencil: 25xN, see laplacian.
        band: the unknown pixels.
        known: HxW, alpha of the known pixels.
    """
    width = band.number.shape[1] + 4
    number_in = np.pad(band.number, 2, constant_values=-2).reshape(-1)
    alpha_in = np.pad(known, 2).reshape(-1)
    own = (band.rows + 2) * width + (band.columns + 2)
    columns = np.empty((len(band), len(STENCIL)), np.int32)
    values = np.empty((len(band), len(STENCIL)), np.float32)
    rhs = np.zeros(len(band), np.float32)
    for start in range(0, len(band), _CHUNK):
        span = slice(start, start + _CHUNK)
        for place, (dy, dx) in enumerate(STENCIL):
            at = own[span] + (dy * width + dx)
            number = number_in[at]
            rhs[span] -= np.where(number == -1, stencil[place, span] * alpha_in[at], 0.0)
            columns[span, place] = number
            values[span, place] = stencil[place, span]
    used = (columns >= 0) & (values != 0)
    starts = np.zeros(len(band) + 1, np.int32)
    np.cumsum(np.count_nonzero(used, axis=1), out=starts[1:])
    matrix = sparse.csr_array((values[used], columns[used], starts), shape=(len(band),) * 2)
    return System(matrix, rhs)
