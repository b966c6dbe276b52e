"""The linear system over the unknown band: what the neighbours and the data ask of each unknown alpha."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch.nn.functional import pad

from flyaway.engines.builtin.band import Band
from flyaway.engines.builtin.laplacian import CENTRE, STENCIL
from flyaway.engines.builtin.workers import Workers

_CHUNK = 8192
"""Pixels worked on at once: what is written for them fits a core's cache."""

_WITH_SPARSE = ("cpu", "cuda")
"""Kinds of device on which torch multiplies sparse matrices as such."""

Links = Callable[[torch.Tensor], torch.Tensor]
"""A sparse square matrix without a diagonal: the N values it makes of N."""


@dataclass(frozen=True, slots=True)
class System:
    """(diagonal + links) alpha = rhs over N unknown pixels; symmetric and positive definite.

    Attributes:
        links: NxN, to be added up.
        diagonal: N.
        rhs: N.
    """

    links: tuple[Links, ...]
    diagonal: torch.Tensor
    rhs: torch.Tensor

    def product(self, alpha: torch.Tensor) -> torch.Tensor:
        """What the matrix makes of N values."""
        total = self.diagonal * alpha
        for each in self.links:
            total += each(alpha)
        return total

    def joined(self, other: System) -> System:
        """Both at once."""
        return System(
            self.links + other.links, self.diagonal + other.diagonal, self.rhs + other.rhs
        )

    def pulled(self, prior: torch.Tensor, weight: torch.Tensor) -> System:
        """The system in which each pixel is also pulled to its `prior` by `weight`."""
        return System(self.links, self.diagonal + weight, self.rhs + weight * prior)


def links(starts: torch.Tensor, columns: torch.Tensor, values: torch.Tensor) -> Links:
    """A matrix of compressed rows: where each starts, the columns and the values of its entries."""
    device, size = values.device, len(starts) - 1
    if device.type not in _WITH_SPARSE:
        rows = torch.arange(size, device=device).repeat_interleave(starts.diff())
        return lambda alpha: torch.zeros_like(alpha).index_add_(0, rows, values * alpha[columns])
    with warnings.catch_warnings():
        # Said once in the life of the process: "beta state". What is used here is their product.
        warnings.filterwarnings("ignore", "Sparse CSR tensor support", UserWarning)
        matrix = torch.sparse_csr_tensor(
            starts.int(),
            columns.int(),
            values,
            (size, size),
            device=device,
            check_invariants=False,
        )
    return matrix.mv


def assemble(stencil: torch.Tensor, band: Band, known: torch.Tensor, workers: Workers) -> System:
    """Turn a stencil into a system, moving what is known to the right-hand side.

    Args:
        stencil: 25xN, see laplacian.
        band: the unknown pixels.
        known: HxW, alpha of the known pixels, 0 elsewhere.
        workers: say how many pixels to take at once.
    """
    device, count, size = stencil.device, len(band), len(STENCIL)
    width = band.number.shape[1] + 4
    number_in = pad(band.number, (2, 2, 2, 2), value=-1).reshape(-1)
    alpha_in = pad(known, (2, 2, 2, 2)).reshape(-1)
    places = (band.rows + 2) * width + (band.columns + 2)
    steps = torch.tensor([dy * width + dx for dy, dx in STENCIL], device=device)
    columns = torch.empty(count, size, dtype=torch.int32, device=device)
    values = torch.empty(count, size, device=device)
    rhs = torch.empty(count, device=device)
    own = torch.arange(count, device=device)[:, None]
    for span in workers.spans(count, _CHUNK):
        around = places[span, None] + steps
        number, coefficients = number_in[around], stencil[:, span].T
        is_unknown = number >= 0
        rhs[span] = -(coefficients * alpha_in[around]).sum(dim=1)
        # Rows of one length need no packing: what is known becomes a link of nothing to the pixel itself.
        columns[span] = number.where(is_unknown, own[span])
        values[span] = coefficients.where(is_unknown, 0.0)
    values[:, CENTRE] = 0.0
    starts = torch.arange(0, count * size + 1, size, device=device)
    return System((links(starts, columns.view(-1), values.view(-1)),), stencil[CENTRE], rhs)
