"""Conjugate gradients for systems over the pixels of a band.

Each pixel is pulled to a sampled value of its own, so dividing by the diagonal conditions a system well
enough: a multigrid and an incomplete Cholesky factor were tried, and cost more than they saved. All sums
run in one order whatever the number of threads, so that the result does not depend on it.
"""

from __future__ import annotations

import math

import torch
from torch.nn.functional import pad

from flyaway.engines.builtin.system import System
from flyaway.engines.contract import Report
from flyaway.errors import EngineError
from flyaway_client.wording import _

_MOST_STEPS = 400

_SUMMED_AT_ONCE = 4096
"""Values whose sum one thread takes."""


def conjugate_gradients(
    system: System, start: torch.Tensor, tolerance: float, report: Report
) -> torch.Tensor:
    """Solve a system from `start`.

    Args:
        system: over N pixels.
        start: N.
        tolerance: how small the residual shall become against the right-hand side.
        report: told after each step how far the residual has come; may raise.

    Raises:
        EngineError: what came out are no numbers.
    """
    x = start.clone()
    residual = system.rhs - system.product(x)
    goal = tolerance * _length(system.rhs)
    first = now = _length(residual)
    direction, before = torch.zeros_like(x), 1.0
    for _step in range(_MOST_STEPS):
        cleaned = residual / system.diagonal
        product = _dot(cleaned, residual)
        if now <= goal or product == 0.0:  # too small for its square
            break
        direction.mul_(product / before).add_(cleaned)
        before = product
        image = system.product(direction)
        step = product / _dot(direction, image)
        x.add_(direction, alpha=step)
        residual.sub_(image, alpha=step)
        now = _length(residual)
        report(_share_done(first, now, goal))
    if not bool(x.isfinite().all()):
        raise EngineError(
            _(
                "The built-in engine's solution has values that are no numbers, so its mask was "
                "dropped. Choose another engine for this photo."
            )
        )
    return x


def _dot(one: torch.Tensor, other: torch.Tensor) -> float:
    """The product of two vectors, summed by blocks: torch splits one long sum by the number of threads."""
    products = one * other
    products = pad(products, (0, -len(products) % _SUMMED_AT_ONCE))
    return float(products.view(-1, _SUMMED_AT_ONCE).sum(dim=1).sum())


def _length(vector: torch.Tensor) -> float:
    return math.sqrt(_dot(vector, vector))


def _share_done(first: float, now: float, goal: float) -> float:
    """How much of the way to the goal the residual has come, in orders of magnitude."""
    if goal <= 0.0 or now <= goal:
        return 1.0
    return math.log(first / now) / math.log(first / goal) if first > now else 0.0
