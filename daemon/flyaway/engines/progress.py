"""Tell a `Report` how far a network is, from within its layers, so that a cancel stops it between two."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from torch import nn

from flyaway.engines.base import Report

INTERVAL_S = 0.05
"""A report at most this often: a network has hundreds of layers, and each report may cross threads."""


@dataclass(slots=True)
class _Walk:
    """One run through a network that somebody listens to."""

    report: Report
    steps: int
    begin: float
    end: float
    done: int = 0
    told_at_s: float = 0.0

    def tick(self, steps: int) -> None:
        self.done += steps
        now_s = time.monotonic()
        if now_s - self.told_at_s >= INTERVAL_S:
            self.told_at_s = now_s
            share = min(1.0, self.done / max(1, self.steps))
            self.report(self.begin + share * (self.end - self.begin))


_walk: ContextVar[_Walk | None] = ContextVar("walk", default=None)


def watch(network: nn.Module, *kinds: type[nn.Module]) -> int:
    """Make every module of these kinds a step, and count them. Nothing is told outside `reporting`.

    Every convolution and matrix product lets a cancel through, whether it belongs to a step or not.
    """
    steps = 0
    for module in network.modules():
        if isinstance(module, kinds):
            steps += 1
            module.register_forward_hook(lambda *_: check(steps=1))
        elif isinstance(module, nn.Conv2d | nn.Linear):
            module.register_forward_hook(lambda *_: check())
    return steps


def check(steps: int = 0) -> None:
    """Let a cancel through in the middle of a long step, or count steps of the run under way.

    Raises:
        CancelledError: nobody wants the result any more.
    """
    walk = _walk.get()
    if walk is not None:
        walk.tick(steps)


@contextmanager
def reporting(report: Report, steps: int, begin: float = 0.0, end: float = 1.0) -> Iterator[None]:
    """Tell `report` of the steps taken inside, `steps` of them leading from `begin` to `end`."""
    report(begin)
    token = _walk.set(_Walk(report, steps, begin, end))
    try:
        yield
    finally:
        _walk.reset(token)
    report(end)
