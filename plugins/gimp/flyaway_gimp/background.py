"""Calls in the background, followed by a timer of GLib: the dialog lives on meanwhile."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from gi.repository import GLib

from flyaway_client.background import BackgroundCall, Work
from flyaway_client.conversation import Report

T = TypeVar("T")

POLL_MS = 50


def start(
    work: Work[T],
    on_end: Callable[[BackgroundCall[T]], object],
    report: Report | None = None,
) -> BackgroundCall[T]:
    """Run `work` in a thread of its own.

    Args:
        work: the call.
        on_end: called in the main loop when it is done.
        report: called there with how far it is, again and again.
    """
    call = BackgroundCall(work)
    GLib.timeout_add(POLL_MS, call.follow, report, on_end)
    return call
