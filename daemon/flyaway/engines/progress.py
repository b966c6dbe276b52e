"""Report how far an engine is, from within its layers, so that a cancel stops it between two."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

from torch import nn

from flyaway.engines.contract import Report, part
from flyaway.images.arrays import Alpha

INTERVAL_S = 0.05
"""A report at most this often: a network has hundreds of layers, and each report may cross threads."""


def spaced(report: Report) -> Report:
    """A report that passes on at most one call every `INTERVAL_S`, and every preview."""
    reported_at_s = 0.0

    def report_spaced(fraction: float, preview: Alpha | None = None) -> None:
        nonlocal reported_at_s
        now_s = time.monotonic()
        if preview is not None or now_s - reported_at_s >= INTERVAL_S:
            reported_at_s = now_s
            report(fraction, preview)

    return report_spaced


@dataclass(slots=True)
class _Run:
    """One run through a network that somebody listens to."""

    report: Report
    steps: int
    done: int = 0

    def advance(self, steps: int) -> None:
        self.done += steps
        self.report(min(1.0, self.done / max(1, self.steps)))


_run: ContextVar[_Run | None] = ContextVar("run", default=None)


def watch(network: nn.Module, *kinds: type[nn.Module]) -> int:
    """Make every module of these kinds a step, and count them. Nothing is reported outside `reporting`.

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
    run = _run.get()
    if run is not None:
        run.advance(steps)


@contextmanager
def reporting(report: Report, steps: int, begin: float = 0.0, end: float = 1.0) -> Iterator[None]:
    """Report the steps taken inside, `steps` of them leading from `begin` to `end`."""
    report(begin)
    token = _run.set(_Run(spaced(part(report, begin, end)), steps))
    try:
        yield
    finally:
        _run.reset(token)
    report(end)
